"""Files set aside before the cut, each with its reason; what happens to them is a policy."""

import pandas as pd

from osteon.records import QUARANTINE
from osteon.sections.data import Quarantine


def with_reasons(rows: pd.DataFrame, doubts: pd.Series, settings: Quarantine) -> pd.DataFrame:
    """Complete `reason` and `detail` where the file itself gave none; the gravest reason stands.

    `rows` has twin_id; `doubts` (rows,) says in words where a layout's own sources contradict each
    other about the label, and is empty elsewhere.
    """
    labels = rows.groupby("twin_id")["label"].transform(lambda of_twins: ", ".join(
        sorted(set(of_twins))) if of_twins.nunique() > 1 else "")
    twins = "the same picture is labelled " + labels
    short, long = rows[["width_px", "height_px"]].min(axis=1), rows[["width_px", "height_px"]].max(
        axis=1)
    found: list[tuple[str, pd.Series, pd.Series]] = [
        ("contradictory_label", doubts != "", doubts),
        ("contradictory_label", labels != "", twins),
        ("blank", rows["sd"] < settings.blank_sd,
         "grey values vary by " + rows["sd"].astype(str) + " of the scale"),
        ("size", short < settings.least_side_px, short.astype(str) + " pixels on its short side"),
        ("shape", long > settings.most_elongated * short.clip(lower=1),
         rows["width_px"].astype(str) + " x " + rows["height_px"].astype(str) + " pixels"),
    ]
    reason, detail = rows["reason"].copy(), rows["detail"].copy()
    for name, holds, words in found:
        new = holds & (reason == "")
        reason, detail = reason.mask(new, name), detail.mask(new, words)
    return rows.assign(reason=reason, detail=detail)


def usable(index: pd.DataFrame, settings: Quarantine) -> pd.Series:
    """Say of each row whether the pipeline goes on with it: (rows,) bool."""
    policy = policies(index, settings)
    return index["readable"] & policy.isin(["", "keep"])


def quarantine(index: pd.DataFrame, settings: Quarantine) -> pd.DataFrame:
    """List every row that has a reason, with the policy for it (columns QUARANTINE)."""
    listed = index[index["reason"] != ""]
    return listed.assign(policy=policies(listed, settings))[QUARANTINE]


def policies(index: pd.DataFrame, settings: Quarantine) -> pd.Series:
    """Give the policy for each row's reason, none where it has none."""
    of_reason = {name: getattr(settings, name) for name in index["reason"].unique() if name}
    return index["reason"].map({"": "", **of_reason}).astype(object)
