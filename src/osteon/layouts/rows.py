"""What all layouts share: rows made whole, and words for who the patients are."""


import pandas as pd

from osteon.errors import UserError
from osteon.records import LISTING, META
from osteon.sections.data import Dataset

EACH_ITS_OWN = "each image by itself (the data set names no patients), joined with its duplicates"


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows every column of the listing, then `doubt` and the metadata where there are any.

    Body parts become lower case, `unknown` where not told. A study that has no name is the image's
    own: its path. A patient who has no name stays without, so that a check can name the image.
    """
    rows = rows.reset_index(drop=True)
    rows = rows.assign(**{name: "" for name in LISTING if name not in rows})
    rows["body_part"] = rows["body_part"].str.strip().str.lower().replace("", "unknown")
    rows["study_id"] = rows["study_id"].where(rows["study_id"] != "", rows["path"])
    more = [name for name in rows if name == "doubt" or str(name).startswith(META)]
    return rows[[*LISTING, *more]]


def two_labels(dataset: Dataset) -> tuple[str, str]:
    """Give the labels of a layout that has two, the negative first.

    Raises:
        UserError: the settings name more.
    """
    if len(dataset.labels) != 2:
        raise UserError(f"dataset.labels: the layout {dataset.layout!r} has two, the negative "
                        f"first, not {len(dataset.labels)}; name two")
    return dataset.labels[0], dataset.labels[1]
