"""The tables that stages hand on: one row per image, in files a person can open."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from osteon.files import fresh_file

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

# What a layout knows of an image before the file is opened; `path` is relative to the root.
LISTING = ["path", "label", "patient_id", "study_id", "body_part", "view", "official_split"]
# What the file itself tells; statistics are of the 8-bit picture, on a scale from 0 to 1.
STATISTICS = ["mean", "sd", "p05", "p25", "p50", "p75", "p95", "saturated"]
CONTENT = ["sha256", "width_px", "height_px", "bit_depth", *STATISTICS, "readable", "reason"]
INDEX = [*LISTING, *CONTENT]
SPLIT = [*INDEX, "group_id", "part"]

_TEXT = dict.fromkeys([*LISTING, "sha256", "reason", "group_id", "part"], "string")


def write_table(file: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all."""
    with fresh_file(file) as aside:
        table.to_csv(aside, index=False, lineterminator="\n")


def read_table(file: Path) -> pd.DataFrame:
    """Read a table; identifiers stay text (`007`, `NA`), an empty cell is an empty string."""
    table = pd.read_csv(file, dtype=_TEXT, na_values=[""], keep_default_na=False)  # type: ignore[arg-type]
    text = [name for name in _TEXT if name in table]
    return table.astype(dict.fromkeys(text, object)).fillna(dict.fromkeys(text, ""))


def read_part(file: Path, *parts: Part) -> pd.DataFrame:
    """Read the rows of some parts of a split; the row's label is its place in the split file.

    Only evaluation may ask for the test part's labels.
    """
    table = read_table(file)
    return table[table["part"].isin(parts)]


def targets(table: pd.DataFrame, labels: tuple[str, ...]) -> np.ndarray:
    """Labels as class numbers, in the order of `labels`; shape (rows,), int64."""
    return table["label"].map(labels.index).to_numpy(dtype=np.int64)


def probability_of(member: str) -> str:
    """Name the column of a member's probability of the positive class."""
    return f"probability_{member}"
