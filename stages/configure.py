"""configure: refuse settings that no stage could use, before any of them runs."""

from pathlib import Path

from stages.sample import ROOT

from osteon import params
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.layouts import require_root


def main() -> None:
    """Check params.yaml whole, and that the data set is there unless it is still to be drawn."""
    dataset = params.load().dataset
    if Path(dataset.root) != ROOT:
        require_root(dataset)
    with fresh_folder(Path("artifacts/configure")) as folder:
        # The same for all settings that can be used, so that a change reruns only what it touches.
        write_json(folder / "settings.json", {"usable": True})


if __name__ == "__main__":
    run(main)
