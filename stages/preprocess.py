"""preprocess: decode once, contrast and size as each member asks for."""

import shutil
from pathlib import Path

import pandas as pd

from osteon import executor, masks, params, splits
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.imaging import PreprocessSpec
from osteon.preprocessing import PICTURES, SPEC, write_pictures


def main() -> int:
    """Read the images of artifacts/split/, write artifacts/preprocess/MEMBER/ for each member."""
    settings = params.load()
    specs = {member: PreprocessSpec(**settings.of(member).preprocess.model_dump())
             for member in settings.model.members}
    first = {spec: member for member, spec in reversed(specs.items())}
    cut, root = splits.read(Path("artifacts/split")), Path(settings.dataset.root)
    images = [root / path for path in cut.table["path"]]
    with fresh_folder(Path("artifacts/preprocess")) as folder:
        for member, spec in specs.items():
            (folder / member).mkdir(parents=True)
            write_json(folder / member / SPEC, spec.to_json())
        files = {folder / member / PICTURES: spec for spec, member in first.items()}
        with executor.on(settings.executor):
            write_pictures(files, images)
        for member, spec in specs.items():
            if first[spec] != member:
                shutil.copy(folder / first[spec] / PICTURES, folder / member)
        _write_masks({folder / member / masks.TABLE: spec for member, spec in specs.items()},
                     cut.part("train", "validation"), root / settings.explain.masks)
    return len(images)


def _write_masks(files: dict[Path, PreprocessSpec], seen: pd.DataFrame, source: Path) -> None:
    """Write where the findings of training and validation lie, if anybody has outlined them.

    Not of the test part: an outline tells the label.
    """
    if not source.is_file():
        return
    outlines = masks.read(source)
    for file, spec in files.items():
        masks.write(file, seen, outlines, spec.fit)


if __name__ == "__main__":
    run(main)
