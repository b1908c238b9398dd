"""What a run has come to, in a few lines: `python -m osteon.summary --help`."""

import argparse
from pathlib import Path

from osteon.files import read_json
from osteon.intervals import Estimate


def summary(ensemble: Path, metrics: Path, report: Path) -> str:
    """Say what was trained, the test figures with their intervals, and what to do next."""
    chosen, measured = read_json(ensemble), read_json(metrics)
    counts = measured["test"]
    protocol = measured.get("protocol", {"leaky": False})
    lines = [
        "",
        *([f"{measured['mark']}: {'; '.join(protocol['reasons'])}"] if protocol["leaky"] else []),
        f"Trained: {', '.join(chosen['members'])}; combined by: {chosen['chosen']}",
        f"Test: {counts['images']} images of {counts['studies']} studies, "
        f"{counts['groups']} patients or groups; 95 % intervals over these",
        f"  {'':17}  {'by image':22}  by study",
    ]
    levels = measured["winner"]
    for name in levels["image"]:
        image, study = (str(Estimate(**levels[level][name])) for level in ("image", "study"))
        lines.append(f"  {name:17}  {image:22}  {study}")
    lines += [f"Report: {report}", "Serve:  bentoml serve", ""]
    return "\n".join(lines)


def main() -> None:
    """Print the summary of the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ensemble", "metrics", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    print(summary(**vars(parser.parse_args())))  # noqa: T201 (what the command is for)


if __name__ == "__main__":
    main()
