"""FracAtlas: `images/{Fractured,Non_fractured}/IMG0000001.jpg` and `dataset.csv`.

It names no patients, but consecutive numbers are often views of one patient: a block of
consecutive numbers stands for a patient.
"""

from pathlib import Path

import pandas as pd

from osteon.errors import UserError
from osteon.records import LISTING

_REGIONS = ["mixed", "hand", "leg", "hip", "shoulder"]  # mixed first: it may be set beside others
_VIEWS = ["frontal", "lateral", "oblique"]


def patients_are(block: int) -> str:
    """Say what `patient_id` stands for here."""
    return f"blocks of {block} consecutive image numbers (the data set names no patients)"


def listing(root: Path, labels: tuple[str, str], block: int) -> pd.DataFrame:
    """List the images below `root`; the folder gives the label, dataset.csv region and views.

    Raises:
        UserError: dataset.csv is missing or lacks a column, or an image has no row in it.
    """
    about = _descriptions(root / "dataset.csv")
    folders = {"Non_fractured": labels[0], "Fractured": labels[1]}
    rows = [_row(file, root, label, about, block) for folder, label in folders.items()
            for file in sorted((root / "images" / folder).glob("IMG*.jpg"))]
    return pd.DataFrame(rows, columns=LISTING)


def _descriptions(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise UserError(f"{file}: missing; FracAtlas has it beside images/")
    table = pd.read_csv(file)
    missing = {"image_id", *_REGIONS, *_VIEWS} - set(table.columns)
    if missing:
        raise UserError(f"{file}: column {', '.join(sorted(missing))} missing")
    return table.drop_duplicates("image_id").set_index("image_id")


def _row(file: Path, root: Path, label: str, about: pd.DataFrame, block: int) -> list[str]:
    if file.name not in about.index:
        raise UserError(f"{file}: no row in dataset.csv; add one, or take the image away")
    flags = about.loc[file.name]
    body_part = next((name for name in _REGIONS if flags[name] == 1), "unknown")
    view = "+".join(name for name in _VIEWS if flags[name] == 1)
    number = int(file.stem.removeprefix("IMG"))
    path = file.relative_to(root).as_posix()
    return [path, label, f"block{number // block:05d}", file.stem, body_part, view, ""]
