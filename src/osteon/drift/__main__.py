"""Whether what the service has seen, or a folder of images, still looks like the reference.

Writes drift.json, plots and Evidently's report.html, by the settings `drift` of params.yaml, and
leaves the outputs of the pipeline alone.
"""

import argparse
from pathlib import Path

from osteon.errors import run


def main() -> None:
    """Compare, say what was found, and fail where that is asked for."""
    line = argparse.ArgumentParser(
        prog="python -m osteon.drift", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 0, also where images are too few for a verdict (`drifted` is null in "
               "drift.json); 1 where they cannot be compared, or where drift is to fail and is "
               "found")
    line.add_argument("current", nargs="?", default="runs/monitoring", metavar="CURRENT",
                      help="the service's log, a folder or a file; a folder of images; or `test` "
                           "(default: %(default)s)")
    line.add_argument("-o", "--out", type=Path, default=Path("runs/drift/current"), metavar="DIR",
                      help="where to write; replaced as a whole (default: %(default)s)")
    line.add_argument("--fail-on-drift", action="store_true", help="as drift.fail_on_drift")
    asked = line.parse_args()
    from osteon import params  # these take seconds, which --help need not wait for
    from osteon.drift import watch
    settings = params.load()
    settings = settings.overridden({"drift": {
        "current": asked.current,
        "fail_on_drift": asked.fail_on_drift or settings.drift.fail_on_drift}})
    found = watch.watch(settings, watch.Sources.below(Path("artifacts")), asked.out,
                        asked.out / watch.PAGE)
    watch.require_none(found, settings)


if __name__ == "__main__":
    run(main)
