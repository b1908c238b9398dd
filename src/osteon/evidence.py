"""What a rule about several rows needs as a column of its own.

Great Expectations judges one column at a time and passes over empty cells. So a rule about several
rows becomes a number or a few words beside each row, and is left empty where it does not apply.
"""

from collections.abc import Iterable
from typing import get_args

import numpy as np
import pandas as pd

from osteon.quarantine import usable
from osteon.records import BORDER, PARTS, STATISTICS, Reason
from osteon.sections.data import Dataset, Quarantine

UNEVEN_POINTS = 5  # a stratified cut keeps well below; the official one of MURA differs by 7
# The most a measure can be where that is not 1; all start at 0. Entropy is in bits.
_MOST = {"width_px": np.inf, "height_px": np.inf, "entropy": 8.0, "sharpness": np.inf}
LOST = "lost"
_MEASURES = ["width_px", "height_px", *STATISTICS, *BORDER]
_REASONS = ["", *get_args(Reason)]


def of_index(index: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Add to the rows of the index what the rules before the cut look at."""
    used = goes_on(index, dataset)
    known = _known(index, "label", dataset.labels)
    undisputed = used & (index["reason"] != "contradictory_label")
    by_bytes = _number(known, "label", of="sha256", among=undisputed)
    views = index["view"].where(used)
    deep = index["readable"] & (index["bit_depth"] > 8)
    return index.assign(
        # A file that cannot be read may have told nothing of itself.
        **{f"used_{name}": index[name].where(used)
           for name in ("label", "patient_id", "study_id", "group_id", "body_part")},
        groups_of_patient=_number(index, "group_id", of="patient_id", among=used),
        groups_of_twin=_number(index, "group_id", of="twin_id", among=used),
        labels_of_study=_number(known, "label", of="study_id", among=used),
        labels_of_bytes=by_bytes,
        # Twice the same bytes are twice the same pixels: said once.
        labels_of_pixels=_number(
            known, "label", of="pixel_hash", among=undisputed & ~(by_bytes > 1)),
        # A set may know no views; where most images have one, the others have lost theirs.
        expected_view=views if (views != "")[used].mean() > 0.5 else None,
        unexplained=_unexplained(index),
        unmarked=_unmarked(index, dataset.quarantine),
        impossible=_impossible(index),
        read_depth=index["bit_depth"].where(index["readable"]),
        white_of_deep=index["saturated"].where(deep))


def of_split(split: pd.DataFrame, index: pd.DataFrame, left_out: pd.DataFrame,
             dataset: Dataset) -> pd.DataFrame:
    """Add to the rows of a split what the rules after the cut look at.

    Usable images of the index that are in no part come last; `absent` says why the cut left them
    out (columns path and reason of `left_out`), or that they are lost.
    """
    known = _known(split, "part", PARTS)
    by_bytes = _number(known, "part", of="sha256")
    before = split["path"].map(index.drop_duplicates("path").set_index("path")["label"])
    cell = split["part"] + "/" + split["label"]
    judged = split.assign(
        parts_of_patient=_number(known, "part", of="patient_id"),
        parts_of_group=_number(known, "part", of="group_id"),
        parts_of_twin=_number(known, "part", of="twin_id"),
        parts_of_bytes=by_bytes,
        parts_of_pixels=_number(known, "part", of="pixel_hash", among=~(by_bytes > 1)),
        usable=goes_on(split, dataset),
        cell=cell,
        uneven=cell.map(_uneven(uneven_points(split, dataset.labels))).fillna(""),
        in_index=before.notna(),
        label_before=before,
        same_label=(before == split["label"]).where(before.notna()),
        absent="")
    away = index[goes_on(index, dataset) & ~index["path"].isin(split["path"])]
    why = left_out.drop_duplicates("path").set_index("path")["reason"]
    return pd.concat([judged, away.assign(absent=away["path"].map(why).fillna(LOST))],
                     ignore_index=True)


def goes_on(rows: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """Say which rows the pipeline goes on with; not one whose reason no policy knows."""
    known = rows["reason"].isin(_REASONS)
    return usable(rows[known], dataset.quarantine).reindex(rows.index, fill_value=False)


def uneven_points(split: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    """Say by how many points a class's share of a part differs from its share of all parts.

    Parts that lack a class are another rule's matter and left out. One row per part, one column per
    label.
    """
    counts = pd.crosstab(split["part"], split["label"]).reindex(
        index=list(PARTS), columns=list(labels), fill_value=0)
    whole = counts[(counts > 0).all(axis=1)]
    shares = whole.div(whole.sum(axis=1), axis=0)
    return 100 * (shares - whole.sum() / whole.to_numpy().sum())


def _uneven(points: pd.DataFrame) -> dict[str, str]:
    return {f"{part}/{label}":
            f"{part}/{label}: {abs(off):.1f} points {'more' if off > 0 else 'less'}"
            for part, row in points.iterrows() for label, off in row.items()
            if abs(off) > UNEVEN_POINTS}


def _known(rows: pd.DataFrame, column: str, values: Iterable[str]) -> pd.DataFrame:
    return rows.assign(**{column: rows[column].where(rows[column].isin(list(values)))})


def _number(rows: pd.DataFrame, column: str, *, of: str,
            among: pd.Series | None = None) -> pd.Series:
    """Count the different values of a column in the rows that share `of`; empty for others."""
    shared = rows[of].where(rows[of] != "")
    if among is not None:
        shared = shared.where(among)
    return rows[column].groupby(shared).transform("nunique")


def _unexplained(index: pd.DataFrame) -> pd.Series:
    """Say where a file would be left out in silence."""
    silent = ~index["readable"] & (index["reason"] == "")
    unknown = ~index["reason"].isin(_REASONS)
    return _words(index, {"no reason": silent, "unknown reason": unknown})


def _unmarked(index: pd.DataFrame, limits: Quarantine) -> pd.Series:
    """Say why the settings set a picture aside that is listed without a reason."""
    free = index["readable"] & (index["reason"] == "")
    sides = index[["width_px", "height_px"]]
    least, most = sides.min(axis=1), sides.max(axis=1)
    return _words(index, {
        "blank": free & (index["sd"] < limits.blank_sd),
        "size": free & (least < limits.least_side_px),
        "shape": free & (most > limits.most_elongated * least)})


def _impossible(index: pd.DataFrame) -> pd.Series:
    """Name the measures of a readable picture that are no number or out of range."""
    wrong = pd.DataFrame({
        name: index["readable"] & ~(index[name].between(0, _MOST.get(name, 1.0))
                                    & np.isfinite(index[name]))
        for name in _MEASURES})
    names = wrong.to_numpy() @ np.array([f"{name} " for name in wrong], dtype=object)
    return pd.Series(names, index.index).str.rstrip()


def _words(rows: pd.DataFrame, words: dict[str, pd.Series]) -> pd.Series:
    return pd.Series(np.select(list(words.values()), list(words), ""), rows.index, dtype=object)
