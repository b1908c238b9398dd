"""What a set of radiographs would have claimed if its cut leaked, and what shortcuts it offers.

Writes audit.html (read this), audit.json, and its table and plots as CSV and PNG.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from osteon.errors import UserError, said, speak

_LAYOUTS = ("class_folders", "csv", "dicom", "fracatlas", "mura")
_NAMED = 20  # of the groups that a cut divides


def parser() -> argparse.ArgumentParser:
    """Give the parser of the command line."""
    line = argparse.ArgumentParser(
        prog="python -m osteon.audit", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0; 1 if the folder's own train and test parts share a patient or a "
               "duplicate;\n2 if it cannot be audited as asked")
    line.add_argument("folder", type=Path, metavar="FOLDER", help="the data set")
    line.add_argument("--out", type=Path, required=True, metavar="DIR",
                      help="where to write; other files there are left alone")
    line.add_argument("--weights", default="imagenet", metavar="FILE",
                      help="of the frozen backbone: a file or folder; imagenet, from timm's hub "
                           "(default); none, random ones")
    line.add_argument("--backbone", default="mobilenetv2_100", metavar="ARCH",
                      help="an architecture of timm (default: %(default)s)")
    line.add_argument("--layout", choices=_LAYOUTS, help="how the files lie (default: guessed)")
    line.add_argument("--labels", nargs="+", metavar="LABEL",
                      help="the classes; of two, the last is what is looked for (default: those "
                           "that occur)")
    line.add_argument("--manifest", metavar="CSV",
                      help="csv, dicom: the table of labels (default: labels.csv or manifest.csv)")
    line.add_argument("--block", type=_at_least(1), metavar="N",
                      help="fracatlas: consecutive image numbers taken as one patient "
                           "(default: 20)")
    for name, least, default, says in (
            ("size", 32, 224, "side of the square pictures in pixels"),
            ("views", 1, 7, "augmented views of each image"),
            ("folds", 2, 5, "folds"),
            ("seed", 0, 20, "of folds, views and resamples"),
            ("most-images", 1, 5000, "a larger set is sampled by whole groups")):
        line.add_argument(f"--{name}", type=_at_least(least), default=default, metavar="N",
                          help=f"{says} (default: %(default)s)")
    return line


def main(arguments: Sequence[str]) -> int:
    """Audit a folder, say what was found, and give the exit code."""
    line = parser()
    asked = vars(line.parse_args(arguments))
    speak()
    from osteon.audit import folder, verdict  # torch takes seconds, which --help need not wait for
    try:
        found = folder.run(folder.Request(**asked), arguments)
    except (UserError, OSError) as failure:
        line.exit(2, f"error: {said(failure)}\n")
    lines = [*verdict.of_protocols(found.audit), *verdict.of_shortcuts(found.audit),
             verdict.of_official(found.audit, found.crossing)]
    lines += [f"  {group}: in {' and '.join(parts)}"
              for group, parts in list(found.crossing.groups.items())[:_NAMED]]
    if len(found.crossing.groups) > _NAMED:
        lines.append(f"  and {len(found.crossing.groups) - _NAMED} more groups, all in audit.json")
    print("\n".join(["", *lines, f"Page: {asked['out'] / 'audit.html'}"]))  # noqa: T201 (its use)
    return 1 if found.crossing.groups else 0


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more, not {value}")
        return value
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
