"""A clean index and a clean split, small enough to plant faults in by row number."""

import numpy as np
import pandas as pd

from osteon.records import BORDER, INDEX, PARTS, SPLIT, STATISTICS
from osteon.sections.data import Dataset, Duplicates, Quarantine

DATASET = Dataset(
    layout="mura", root="data", labels=("normal", "abnormal"), body_parts=("hand", "wrist"),
    other_labels="fail", block=1, manifest="",
    quarantine=Quarantine(
        unreadable="fail", truncated="fail", contradictory_label="drop", blank="drop", size="keep",
        shape="keep", blank_sd=0.01, least_side_px=64, most_elongated=6.0),
    duplicates=Duplicates(hash_distance=12, correlation=0.95))


def clean_index() -> pd.DataFrame:
    """120 images of 60 patients with a study of two images each; image 7 is `007.png`."""
    row = np.arange(120)
    image, patient = [f"{number:03d}" for number in row], [f"p{number // 2:02d}" for number in row]
    return pd.DataFrame({
        "path": [f"{name}.png" for name in image],
        "label": np.where(row // 2 % 2, "abnormal", "normal"),
        "patient_id": patient, "study_id": patient,
        "body_part": np.where(row // 4 % 2, "wrist", "hand"),
        "view": "pa", "laterality": "left", "official_split": "",
        "sha256": [f"bytes{name}" for name in image],
        "pixel_hash": [f"pixels{name}" for name in image],
        "perceptual_hash": [f"look{name}" for name in image],
        "width_px": 500, "height_px": 400, "bit_depth": 8,
        **dict.fromkeys([*STATISTICS, *BORDER], 0.3),
        "readable": True, "reason": "", "detail": "",
        "twin_id": [f"{name}.png" for name in image], "group_id": patient})[INDEX]


def clean_split() -> pd.DataFrame:
    """The same, its first 40 images in train, the next in validation, the last in test."""
    return clean_index().assign(part=np.repeat(PARTS, 40))[SPLIT]


def planted(table: pd.DataFrame, faults: dict[tuple[int, str], object]) -> pd.DataFrame:
    """Plant values, given as (row, column): value."""
    table = table.copy()
    for (row, column), value in faults.items():
        if isinstance(value, float):
            table[column] = table[column].astype(float)
        table.loc[row, column] = value
    return table
