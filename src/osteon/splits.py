"""Dividing images into train, validation and test so that nothing can leak between them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from osteon.errors import UserError
from osteon.params import Split
from osteon.records import PARTS, SPLIT

_SLICES = 20  # shares are met in steps of 5 %


class LeakError(ValueError):
    """A group of images lies in more than one part."""


@dataclass(frozen=True)
class Splits:
    """A table of rows with `group_id` and `part` in which no group crosses a cut.

    Raises:
        LeakError: a group has images in two parts; such a table cannot be made.
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        parts = self.table.groupby("group_id")["part"].nunique()
        crossing = list(parts.index[parts > 1])
        if crossing:
            raise LeakError(f"{len(crossing)} groups lie in several parts: {crossing[:5]}")


def group_ids(patient_ids: Sequence[str], fingerprints: Sequence[str]) -> list[str]:
    """Join patients who share an image: connected components over patient and fingerprint.

    A group is named after its first patient in the order of names.
    """
    patients, patient_names = pd.factorize(np.asarray(patient_ids, dtype=object), sort=True)
    prints, print_names = pd.factorize(np.asarray(fingerprints, dtype=object))
    ends = (patients, prints + len(patient_names))
    size = len(patient_names) + len(print_names)
    edges = coo_array((np.ones(len(patients)), ends), shape=(size, size))
    _, component = connected_components(edges, directed=False)
    of_patient = component[:len(patient_names)]
    first = dict(zip(of_patient[::-1], patient_names[::-1], strict=True))
    return [first[of_patient[patient]] for patient in patients]


def split(index: pd.DataFrame, shares: Split, labels: tuple[str, ...], seed: int) -> Splits:
    """Cut by shares of the images, stratified by label and body part, groups kept whole.

    Raises:
        UserError: a part would lack a class.
    """
    table = index.assign(group_id=group_ids(list(index["patient_id"]), list(index["sha256"])))
    slices = _slices(table, seed)
    of_slice = _parts_of_slices(shares)
    table = table.assign(part=[of_slice[number] for number in slices])[SPLIT]
    _refuse_empty_classes(table, labels)
    return Splits(table)


def _slices(table: pd.DataFrame, seed: int) -> np.ndarray:
    groups = table["group_id"].nunique()
    if groups < _SLICES:
        raise UserError(f"split: only {groups} groups of images (patients joined with duplicates);"
                        f" at least {_SLICES} are needed")
    strata = _strata(table)
    folds = StratifiedGroupKFold(_SLICES, shuffle=True, random_state=seed)
    slices = np.empty(len(table), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # rare body parts are usual
        for number, (_, held_out) in enumerate(folds.split(table, strata, table["group_id"])):
            slices[held_out] = number
    return slices


def _strata(table: pd.DataFrame) -> pd.Series:
    """Label and body part; in a set too small for that, the label alone."""
    for strata in (table["label"] + "/" + table["body_part"], table["label"]):
        if strata.value_counts().max() >= _SLICES:
            return strata
    raise UserError(f"split: {len(table)} images are too few; a class needs {_SLICES} at least")


def _parts_of_slices(shares: Split) -> list[str]:
    ends = np.rint(np.cumsum([shares.train, shares.validation, shares.test]) * _SLICES)
    return [PARTS[int(np.searchsorted(ends, number, side="right"))] for number in range(_SLICES)]


def _refuse_empty_classes(table: pd.DataFrame, labels: tuple[str, ...]) -> None:
    counts = table.groupby(["part", "label"]).size()
    for part in PARTS:
        for label in labels:
            if counts.get((part, label), 0) == 0:
                raise UserError(
                    f"split: no image labelled {label!r} in {part}; give split.{part} a larger "
                    "share, or add patients with that label")
