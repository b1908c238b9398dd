"""The tables that stages hand on: one row per image, in files a person can open."""

from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from osteon.files import fresh_file

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

# Why a file is set aside, the gravest first; a row has one reason at most.
Reason = Literal["unreadable", "truncated", "contradictory_label", "blank", "size", "shape"]

# What a layout knows of an image before the file is opened; `path` is relative to the root.
# A layout may add columns of its own, META before their names (meta_hardware).
LISTING = ["path", "label", "patient_id", "study_id", "body_part", "view", "laterality",
           "official_split"]
META = "meta_"
# What the file itself tells. Statistics are of the 8-bit picture, on a scale from 0 to 1.
HASHES = ["sha256", "pixel_hash", "perceptual_hash"]
SIZE = ["width_px", "height_px", "bit_depth"]
STATISTICS = ["mean", "sd", "p05", "p25", "p50", "p75", "p95", "entropy", "sharpness", "saturated"]
BORDER = ["border_mean", "border_sd", "border_black"]
CONTENT = [*HASHES, *SIZE, *STATISTICS, *BORDER, "readable", "reason", "detail"]
# Twins are duplicates of one picture; a group is patients joined with twins.
GROUPING = ["twin_id", "group_id"]
INDEX = [*LISTING, *CONTENT, *GROUPING]
SPLIT = [*INDEX, "part"]
QUARANTINE = ["path", "reason", "detail", "policy"]

_TEXT = {*LISTING, *HASHES, "reason", "detail", *GROUPING, "part", "policy", "path_a", "path_b"}


def write_table(file: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all."""
    with fresh_file(file) as aside:
        table.to_csv(aside, index=False, lineterminator="\n")


def read_table(file: Path) -> pd.DataFrame:
    """Read a table; identifiers stay text (`007`, `NA`), an empty cell is an empty string."""
    return parse_table(file.read_text(encoding="utf-8"))


def parse_table(content: str) -> pd.DataFrame:
    """Take a table from what its file holds, as `read_table` does."""
    names = pd.read_csv(StringIO(content), nrows=0).columns
    text = [name for name in names if name in _TEXT or name.startswith(META)]
    table = pd.read_csv(StringIO(content), dtype=dict.fromkeys(text, "string"), na_values=[""],
                        keep_default_na=False)
    table[text] = table[text].fillna("").astype(object)
    return table


def targets(table: pd.DataFrame, labels: tuple[str, ...]) -> np.ndarray:
    """Labels as class numbers, in the order of `labels`; shape (rows,), int64."""
    return table["label"].map(labels.index).to_numpy(dtype=np.int64)


def probability_columns(name: str, labels: tuple[str, ...]) -> list[str]:
    """Name the columns of a member's, or the ensemble's, probability of each class."""
    return [f"{name}:{label}" for label in labels]
