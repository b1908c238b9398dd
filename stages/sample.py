"""sample: the embedded data set, drawn radiographs of the kind that `sample.kind` names."""

from pathlib import Path

from osteon import params
from osteon.errors import UserError, run
from osteon.files import fresh_folder
from osteon.phantom.dataset import KINDS, NOTICE, draw_dataset

ROOT = Path("data/sample")  # where data.dvc puts what is drawn, each kind in a folder of its own


def main() -> None:
    """Write a folder below artifacts/sample/, from where data.dvc imports it into data/."""
    settings = params.load()
    _refuse_other_files()
    with fresh_folder(Path("artifacts/sample")) as folder:
        draw_dataset(folder, kind=settings.sample.kind, patients=settings.sample.patients,
                     seed=settings.seed)


def root_of(kind: str) -> Path:
    """Give the folder in which a drawn set of this kind lies once it is imported."""
    return ROOT / KINDS[kind].name


def _refuse_other_files() -> None:
    """Stop where a folder of the sample holds anything that was not drawn.

    Raises:
        UserError: the import would mix drawn images into a set that somebody else put there.
    """
    drawn = {KINDS[kind].name for kind in KINDS}
    for place in sorted(ROOT.glob("*")):
        if place.name not in drawn or not (place / NOTICE).is_file():
            raise UserError(f"{place}: not drawn by this project, and drawn images would be mixed "
                            f"in. Move it out of {ROOT}, say to data/mine, and set dataset.root")


if __name__ == "__main__":
    run(main)
