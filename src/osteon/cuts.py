"""Giving every image its part by a protocol, or leaving it out for a reason."""

from dataclasses import dataclass

import pandas as pd

from osteon.errors import UserError
from osteon.protocols import OTHERS, PROTOCOLS, Plan
from osteon.records import PARTS
from osteon.sections.data import Split
from osteon.splits import LEFT_OUT_COLUMNS, LeakySplits, Splits, division, leaks, named
from osteon.strata import Shares, deal


@dataclass(frozen=True)
class Outcome:
    """A cut, what it left out and why, and what was asked of it."""

    splits: Splits | LeakySplits
    left_out: pd.DataFrame  # with splits.LEFT_OUT_COLUMNS
    says: str  # the protocol in words
    asked: Shares  # of all images that were cut; a part given from outside has none


def cut(index: pd.DataFrame, settings: Split, labels: tuple[str, ...], seed: int) -> Outcome:
    """Give every image of the index a part by the protocol, or leave it out for a reason.

    Raises:
        UserError: the protocol does not fit the data set, divides groups that must stay whole, or
            would leave a part without a class.
    """
    plan = PROTOCOLS[settings.protocol](index, settings, seed)
    reason = _reasons_to_leave(index, plan, settings)
    left_out = index.assign(reason=reason).loc[reason != "", LEFT_OUT_COLUMNS]
    kept, side = index[reason == ""], plan.side[reason == ""]
    part = pd.concat(deal(kept[side == name], shares, seed, what=name,
                          by_image=settings.as_published)
                     for name, shares in plan.parts.items())
    table = kept.assign(part=part).reset_index(drop=True)
    _refuse_empty_classes(table, labels, settings)
    return Outcome(_typed(table, settings), left_out.reset_index(drop=True), plan.says,
                   _asked(plan, side))


def _typed(table: pd.DataFrame, settings: Split) -> Splits | LeakySplits:
    if not settings.as_published:
        return Splits(table, settings.protocol)
    how = "cut by image" if settings.by_shares else "cut by the official parts"
    return LeakySplits(table, (f"{how}, as published", *leaks(table)), settings.protocol)


def _asked(plan: Plan, side: pd.Series) -> dict[str, float]:
    size = side.value_counts(normalize=True)
    return {part: float(size[name] * share / sum(shares.values()))
            for name, shares in plan.parts.items() if len(shares) > 1
            for part, share in shares.items()}


def _reasons_to_leave(index: pd.DataFrame, plan: Plan, settings: Split) -> pd.Series:
    """Say of each row why it must go, "" if it stays: its group lies on a later side too.

    The later side is the nearer to the test part, which so stays as it was published.
    """
    reason = pd.Series("", index.index)
    order = list(plan.parts)
    divided = {} if settings.as_published else division(index["group_id"], plan.side, order)
    if divided and settings.crossing == "fail" and settings.protocol != "body_part":
        raise UserError(
            f"split: {len(divided)} groups of images (patients joined with duplicates) lie in "
            f"several official parts: {named(divided)}. split.crossing=drop takes their images "
            "out of training and keeps the official test part; split.as_published=true keeps all, "
            f"and everything after it says LEAKY. Or cut anew: {OTHERS}")
    last = index["group_id"].map({name: sides[-1] for name, sides in divided.items()})
    goes = last.notna() & (last != plan.side)
    return reason.mask(goes, "its group also has images in " + last.where(goes, ""))


def _refuse_empty_classes(table: pd.DataFrame, labels: tuple[str, ...], settings: Split) -> None:
    counts = table.groupby(["part", "label"]).size()
    for part in PARTS:
        for label in labels:
            if counts.get((part, label), 0) == 0:
                remedy = (f"give split.{part} a larger share, or add patients with that label"
                          if part in settings.by_shares else f"add some, or cut anew: {OTHERS}")
                raise UserError(f"split: no image labelled {label!r} in {part}; {remedy}")
