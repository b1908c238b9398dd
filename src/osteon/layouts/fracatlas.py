"""FracAtlas: `images/{Fractured,Non_fractured}/IMG0000001.jpg` and `dataset.csv`.

It names no patients, but consecutive numbers are often views of one patient: a block of
consecutive numbers stands for a patient.
"""

import logging
import re
from pathlib import Path

import pandas as pd

from osteon.errors import UserError
from osteon.layouts import rows, table, tree
from osteon.sections.data import Dataset

log = logging.getLogger(__name__)

EXPECTED = "images/{Fractured,Non_fractured}/IMG<N>.jpg and dataset.csv"
_FOLDERS = {"Non_fractured": "0", "Fractured": "1"}  # and what dataset.csv says for each
_REGIONS = ["mixed", "hand", "leg", "hip", "shoulder"]  # mixed first: it may be set beside others
_VIEWS = ["frontal", "lateral", "oblique"]
# Not anatomy, yet they go with the label: metal is seen almost only in fractured bones.
_SIDE_FACTS = ["hardware", "multiscan"]
_COLUMNS = ["path", "label", "patient_id", "study_id", "body_part", "view", "doubt",
            *(f"meta_{name}" for name in _SIDE_FACTS)]


def looks_like(root: Path) -> bool:
    """Tell whether there are FracAtlas's table and folder."""
    return (root / "dataset.csv").is_file() and (root / "images" / "Fractured").is_dir()


def patients_are(dataset: Dataset) -> str:
    """Say what `patient_id` stands for here."""
    return (f"blocks of {dataset.block} consecutive image numbers "
            "(the data set names no patients)")


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images below `root`; dataset.csv gives region, views, hardware and multiscan.

    The folder gives the label; `doubt` where dataset.csv says otherwise.

    Raises:
        UserError: dataset.csv is missing or lacks a column, or an image has no row in it.
    """
    labels = dict(zip(_FOLDERS, rows.two_labels(dataset), strict=True))
    about = _descriptions(root / "dataset.csv")
    files = [(folder, root / "images" / folder / name) for folder in _FOLDERS
             for name in tree.pictures(root / "images" / folder)]
    idle = len(about.index.difference([file.name for _, file in files]))
    if idle:
        log.info("index: %d rows of %s have no image", idle, root / "dataset.csv")
    return rows.complete(pd.DataFrame(
        [[file.relative_to(root).as_posix(), labels[folder],
          *_described(file, folder, about, dataset.block)] for folder, file in files],
        columns=_COLUMNS))


def _descriptions(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise UserError(f"{file}: missing; FracAtlas has it beside images/")
    about = table.read(file, "image_id", "fractured", *_REGIONS, *_VIEWS, *_SIDE_FACTS)
    return about.drop_duplicates("image_id").set_index("image_id")


def _described(file: Path, folder: str, about: pd.DataFrame, block: int) -> list[str]:
    if file.name not in about.index:
        raise UserError(f"{file}: no row in dataset.csv; add one, or take the image away")
    number = re.fullmatch(r"IMG(\d+)", file.stem)
    if not number:
        raise UserError(f"{file}: an image here is named IMG<number>; rename it, or take it away")
    flags = about.loc[file.name]
    body_part = next((name for name in _REGIONS if flags[name] == "1"), "unknown")
    view = "+".join(name for name in _VIEWS if flags[name] == "1")
    contradicted = flags["fractured"] != _FOLDERS[folder]
    doubt = (f"the folder says {folder}, dataset.csv says fractured = "
             f"{flags['fractured']}" if contradicted else "")
    return [f"block{int(number[1]) // block:05d}",
            file.stem, body_part, view, doubt, *flags[_SIDE_FACTS]]
