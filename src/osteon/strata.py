"""Dealing images to parts by shares: stratified, groups whole, or image by image."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from osteon.errors import UserError

Shares = Mapping[str, float]  # of each part, in proportion
_MOST_SLICES = 20  # every share of the published protocols is a multiple of 5 %


def deal(table: pd.DataFrame, shares: Shares, seed: int, *, what: str,
         by_image: bool = False) -> pd.Series:
    """Give every row a part, so that the parts have their shares of the images.

    The rows are cut into equal slices, as few as make up the shares, and each part gets some.
    Stratified by label and body part with groups whole; `by_image`, by label alone, groups torn.

    Raises:
        UserError: `what` (the rows in words) has too few groups or images for the slices.
    """
    of_slice = _parts_of_slices(shares)
    numbers = slices(table, len(of_slice), seed, what=what, by_image=by_image)
    return pd.Series(np.array(of_slice, dtype=object)[numbers], index=table.index)


def slices(table: pd.DataFrame, count: int, seed: int, *, what: str,
           by_image: bool = False) -> NDArray[np.int64]:
    """Cut rows into `count` slices of about as many images and alike mixtures; shape (rows,).

    Raises:
        UserError: there are too few groups or images.
    """
    if count == 1:
        return np.zeros(len(table), dtype=np.int64)
    groups = table["group_id"].nunique()
    if not by_image and groups < count:
        raise UserError(f"split: only {groups} groups of images (patients joined with duplicates) "
                        f"in {what}; at least {count} are needed")
    strata = _strata(table, count, what, by_image=by_image)
    kind, whole = (StratifiedKFold, None) if by_image else (StratifiedGroupKFold, table["group_id"])
    folds = kind(count, shuffle=True, random_state=seed)
    numbers = np.empty(len(table), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # rare body parts are usual
        for number, (_, held_out) in enumerate(folds.split(table, strata, whole)):
            # The odd images go to the first folds, and in the published counts to the last parts.
            numbers[held_out] = count - 1 - number if by_image else number
    return numbers


def _parts_of_slices(shares: Shares) -> list[str]:
    ends = np.cumsum(list(shares.values())) / sum(shares.values())
    possible = [found for count in range(len(shares), _MOST_SLICES + 1)
                if (np.diff(found := np.rint(ends * count), prepend=0) > 0).all()]
    best = min(possible, key=lambda found: round(float(abs(found / found[-1] - ends).max()), 9))
    return [part for part, width in zip(shares, np.diff(best, prepend=0), strict=True)
            for _ in range(int(width))]


def _strata(table: pd.DataFrame, count: int, what: str, *, by_image: bool) -> pd.Series:
    """Label and body part where most strata have two images a slice; else the label alone.

    Strata of a few images each are dealt about evenly, while their labels are not: of ten labels
    and seven body parts, some label is missing from a tenth of 500 images as often as not.
    """
    label = table["label"]
    fine = label + "/" + table["body_part"]
    if not by_image and fine.value_counts().median() >= 2 * count:
        return fine
    if label.value_counts().max() >= count:
        return label
    raise UserError(f"split: the {len(table)} images of {what} are too few; a class needs {count} "
                    "at least")
