"""A part of a large data set that is enough to audit it: whole groups, classes in proportion."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def sample(table: pd.DataFrame, most: int, seed: int) -> NDArray[np.int64]:
    """Give the numbers of at most `most` rows (columns label, group_id), in their order.

    Groups come whole, drawn among those of their commonest label until the label has its share; the
    first that is drawn of a label comes in any case.
    """
    if len(table) <= most:
        return np.arange(len(table))
    counts = table.groupby(["group_id", "label"]).size().rename("of_label").reset_index()
    counts["images"] = counts.groupby("group_id")["of_label"].transform("sum")
    common = counts.sort_values("of_label", ascending=False, kind="stable")
    groups = common.drop_duplicates("group_id").sort_values("group_id")
    drawn = groups.sample(frac=1, random_state=seed)
    so_far = drawn.groupby("label")["images"].cumsum()
    whole = drawn.groupby("label")["images"].transform("sum")
    first = ~drawn["label"].duplicated()
    kept = drawn.loc[first | (so_far <= whole * most / len(table)), "group_id"]
    return np.flatnonzero(table["group_id"].isin(kept))


def describe(audited: int, usable: int, listed: int) -> str:
    """Say in words which images are audited."""
    said = f"{usable:,} of {listed:,} are usable"
    if audited == usable:
        return f"{said}, all of which are audited"
    return f"{said}, {audited:,} of which are audited, in whole groups drawn at random"
