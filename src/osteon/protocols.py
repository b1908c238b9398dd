"""The ways to cut a data set: by shares, by its official parts, into folds, by body part.

A protocol says which side each row is on from outside and into which parts a side is cut; what
follows from that is the same for all of them (`cuts`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteon.errors import UserError
from osteon.records import PARTS
from osteon.sections.data import Split
from osteon.strata import Shares, slices

OFFICIAL = {"train": "train", "training": "train",
            "valid": "validation", "val": "validation", "validation": "validation",
            "test": "test", "testing": "test"}
OTHERS = ("split=ratio cuts by shares, split=folds into folds, split=official_carved carves "
           "validation out of an official train part, split.protocol=official_test_carved cuts an "
           "official validation part into validation and test")


@dataclass(frozen=True)
class Plan:
    """What a protocol takes from outside, and what it leaves to be cut by shares.

    `side` has each row's side, in words. `parts` has each side's parts with their shares; where a
    group lies on two sides, the later side keeps its images.
    """

    says: str
    side: pd.Series
    parts: Mapping[str, Shares]


def _ratio(index: pd.DataFrame, settings: Split, _seed: int) -> Plan:
    whole = "the data set"
    return Plan("cut by shares of the images", pd.Series(whole, index.index),
                {whole: settings.by_shares})


def _official(index: pd.DataFrame, _settings: Split, _seed: int) -> Plan:
    side = _official_parts(index, PARTS)
    return Plan("the data set's own train, validation and test parts",
                _in_words(side), {_official_part(part): {part: 1} for part in PARTS})


def _official_carved(index: pd.DataFrame, settings: Split, _seed: int) -> Plan:
    side = _official_parts(index, ("train",))
    held = "test" if (side == "test").any() else "validation"
    if not (side == held).any():
        raise UserError(f"split: the official parts of this data set are {_occurring(index)}; "
                        f"protocol=official_carved needs a test or validation part. {OTHERS}")
    rest = "the official train part"
    if held == "test" and (side == "validation").any():
        rest = "the official train and validation parts"
    return Plan(f"{_official_part(held)} is the test part; {rest} cut into train and validation",
                side.eq(held).map({True: _official_part(held), False: rest}),
                {rest: settings.by_shares, _official_part(held): {"test": 1}})


def _official_test_carved(index: pd.DataFrame, settings: Split, _seed: int) -> Plan:
    side = _official_parts(index, ("train", "validation"))
    if (side == "test").any():
        raise UserError("split: this data set has an official test part, and protocol="
                        f"official_test_carved would not use it. {OTHERS}")
    return Plan("the official train part as it is; the official validation part cut into "
                "validation and test", _in_words(side),
                {_official_part("train"): {"train": 1},
                 _official_part("validation"): settings.by_shares})


def _folds(index: pd.DataFrame, settings: Split, seed: int) -> Plan:
    number = slices(index, settings.folds, seed, what="the data set")
    test, rest = f"fold {settings.fold}", "the other folds"
    return Plan(f"fold {settings.fold} of 0 to {settings.folds - 1} is the test part; validation "
                "is carved out of the other folds",
                pd.Series(np.where(number == settings.fold, test, rest), index.index),
                {rest: settings.by_shares, test: {"test": 1}})


def _body_part(index: pd.DataFrame, settings: Split, _seed: int) -> Plan:
    found = index["body_part"] == settings.body_part
    if not found.any():
        occurring = ", ".join(sorted(set(index["body_part"]) - {""})) or "none"
        raise UserError(f"split.body_part: no image shows {settings.body_part!r}; body parts that "
                        f"occur: {occurring}")
    test, rest = f"the test part ({settings.body_part})", "the other body parts"
    return Plan(f"all images of {settings.body_part} are the test part; {rest} cut into train and "
                "validation, without groups that are tested",
                found.map({True: test, False: rest}),
                {rest: settings.by_shares, test: {"test": 1}})


def _official_part(part: str) -> str:
    return f"the official {part} part"


def _in_words(parts: pd.Series) -> pd.Series:
    return parts.map({part: _official_part(part) for part in PARTS})


def _official_parts(index: pd.DataFrame, wanted: tuple[str, ...]) -> pd.Series:
    """Read the data set's own parts by their usual names; `wanted` must occur."""
    parts = index["official_split"].str.lower().map(OFFICIAL)
    if strange := sorted(set(index.loc[parts.isna(), "official_split"])):
        raise UserError(f"split: the official part {strange[0]!r} of {int(parts.isna().sum())} "
                        f"images is none of {', '.join(OFFICIAL)}. {OTHERS}")
    if missing := [part for part in wanted if not (parts == part).any()]:
        raise UserError(f"split: the official parts of this data set are {_occurring(index)}; "
                        f"missing: {', '.join(missing)}. {OTHERS}")
    return parts


def _occurring(index: pd.DataFrame) -> str:
    counts = index["official_split"].value_counts(sort=False).sort_index()
    return ", ".join(f"{name} ({count} images)" for name, count in counts.items())


PROTOCOLS: dict[str, Callable[[pd.DataFrame, Split, int], Plan]] = {
    "ratio": _ratio, "official": _official, "official_carved": _official_carved,
    "official_test_carved": _official_test_carved, "folds": _folds, "body_part": _body_part}
