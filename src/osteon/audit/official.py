"""Whether a data set's own parts share patients or duplicates."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from osteon.protocols import OFFICIAL
from osteon.records import PARTS
from osteon.splits import division


@dataclass(frozen=True)
class Crossing:
    """What lies in several official parts: groups with their parts, and pairs of duplicates."""

    groups: dict[str, list[str]]
    pairs: pd.DataFrame  # columns duplicates.PAIRS
    images: pd.DataFrame  # path, group_id, official: all images of these groups

    def to_json(self) -> dict[str, Any]:
        """Write plain values; every image is named."""
        return {"groups": len(self.groups), "pairs": len(self.pairs), "images": {
            group: dict(zip(rows["path"], rows["official"], strict=True))
            for group, rows in self.images.groupby("group_id")}}


def official_parts(table: pd.DataFrame) -> pd.Series:
    """Give each row's official part in words of `records.PARTS`; empty where it names none."""
    return table["official_split"].str.lower().map(OFFICIAL).fillna("").astype(object)


def crossing(table: pd.DataFrame, pairs: pd.DataFrame) -> Crossing:
    """Find what a data set's own cut divides, from the rows of its index and their duplicates."""
    named = table.assign(official=official_parts(table))
    named = named[named["official"] != ""]
    groups = division(named["group_id"], named["official"], PARTS)
    images = named.loc[named["group_id"].isin(list(groups)), ["path", "group_id", "official"]]
    part = images.drop_duplicates("path").set_index("path")["official"]
    ends = [pairs[name].map(part) for name in ("path_a", "path_b")]
    across = ends[0].notna() & ends[1].notna() & (ends[0] != ends[1])
    return Crossing(groups, pairs[across].reset_index(drop=True),
                    images.sort_values(["group_id", "path"], ignore_index=True))
