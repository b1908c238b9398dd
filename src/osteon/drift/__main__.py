"""Whether what the service has seen, or a folder of images, still looks like the reference.

Writes drift.json, plots and Evidently's report.html, by the settings `drift` of params.yaml, and
leaves the outputs of the pipeline alone.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.errors import run

if TYPE_CHECKING:
    from osteon.drift.compare import Finding
    from osteon.params import Params

NO_VERDICT = 3  # the exit code; 1 is drift, 2 a slip in the command line


def main() -> None:
    """Compare, say what was found, and fail where that is asked for."""
    line = argparse.ArgumentParser(
        prog="python -m osteon.drift", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit code: 1 where images cannot be compared, 2 for a slip in this command line; "
               "where drift is to fail, 1 where it is found, 3 where images are too few for a "
               "verdict (`drifted` is null in drift.json); else 0")
    line.add_argument("current", nargs="?", default="runs/monitoring", metavar="CURRENT",
                      help="the service's log, a folder or a file; a folder of images; or `test` "
                           "(default: %(default)s)")
    line.add_argument("-o", "--out", type=Path, default=Path("runs/drift/current"), metavar="DIR",
                      help="where to write; replaced as a whole, so that it may hold nothing "
                           "else (default: %(default)s)")
    line.add_argument("--fail-on-drift", action="store_true", help="as drift.fail_on_drift")
    asked = line.parse_args()
    from osteon import params  # these take seconds, which --help need not wait for
    from osteon.drift import watch
    watch.require_own(asked.out)
    settings = params.load()
    settings = settings.overridden({"drift": {
        "current": asked.current,
        "fail_on_drift": asked.fail_on_drift or settings.drift.fail_on_drift}})
    found = watch.watch(settings, watch.Sources.below(Path("artifacts")), asked.out,
                        asked.out / watch.PAGE)
    watch.require_none(found, settings)
    require_verdict(found, settings)


def require_verdict(found: "Finding", settings: "Params") -> None:
    """End with an exit code of its own where nothing can be said, and drift is to fail.

    Whoever asks for the exit code alone, as cron does, must not take silence for an all-clear.
    """
    if found.drifted is None and settings.drift.fail_on_drift:
        sys.stderr.write(f"error: {found.verdict}\n")
        sys.exit(NO_VERDICT)


if __name__ == "__main__":
    run(main, times=None)
