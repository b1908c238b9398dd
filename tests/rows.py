"""Index rows with what a cut looks at, and settings for it; all else is left empty."""

import pandas as pd

from osteon.records import INDEX
from osteon.sections.data import Split


def rows(labels, patients, **columns):
    """Make a row per label; every image is its own twin, and a patient is a group."""
    table = pd.DataFrame("", index=range(len(labels)), columns=INDEX)
    names = [f"{row}.png" for row in range(len(labels))]
    return table.assign(**{
        "path": names, "twin_id": names, "label": list(labels), "patient_id": list(patients),
        "study_id": list(patients), "group_id": list(patients), "body_part": "elbow", **columns})


def protocol(name="ratio", **changes):
    """Give the settings of a protocol, by default .6/.15/.25."""
    return Split(**{
        "protocol": name, "train": 0.6, "validation": 0.15, "test": 0.25, "folds": 5, "fold": 0,
        "body_part": None, "crossing": "fail", "as_published": False, **changes})
