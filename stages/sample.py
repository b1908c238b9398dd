"""sample: the embedded data set, drawn radiographs of the kind that `sample.kind` names."""

from pathlib import Path

from osteon import params
from osteon.errors import UserError, run
from osteon.files import fresh_folder
from osteon.phantom.dataset import NOTICE, draw_dataset

ROOT = Path("data/MURA-v1.1")  # where data.dvc puts a drawn set of normal and abnormal studies


def main() -> None:
    """Write a folder below artifacts/sample/; data.dvc imports MURA-v1.1 from there into data/."""
    settings = params.load()
    if ROOT.exists() and not (ROOT / NOTICE).is_file():
        raise UserError(f"{ROOT}: holds images this project did not draw, and drawn ones would "
                        "be mixed in. Move it, say to data/mura/, where dataset=mura reads it")
    with fresh_folder(Path("artifacts/sample")) as folder:
        draw_dataset(folder, kind=settings.sample.kind, patients=settings.sample.patients,
                     seed=settings.seed)


if __name__ == "__main__":
    run(main)
