"""drift: do current images look like the validation images? A verdict, plots, Evidently's page."""

from pathlib import Path

from osteon import params
from osteon.drift import watch
from osteon.errors import run


def main() -> None:
    """Write artifacts/drift/ and runs/drift/report.html; no label of the data set is read."""
    settings = params.load()
    found = watch.watch(settings, watch.Sources.below(Path("artifacts")), Path("artifacts/drift"),
                        Path("runs/drift/report.html"))
    watch.require_none(found, settings)


if __name__ == "__main__":
    run(main)
