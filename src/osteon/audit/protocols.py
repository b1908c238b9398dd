"""Which images, and which of their views, each protocol trains on and tests on.

A row is one view of one image: `image * views + view`, and view 0 is the picture as it is. All
protocols but those that augment first use view 0 alone.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from osteon.errors import UserError

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]  # trained on, tested on


@dataclass(frozen=True)
class Protocol:
    """A way to cut: folds of rows, and how much of a leak there is in them."""

    name: str
    title: str
    folds: tuple[Fold, ...]
    shared: float  # of the tested rows: those with a row of their group in training
    honest: str = ""  # the name of the protocol that tests the same rows without a leak


@dataclass(frozen=True)
class Facts:
    """What the cut of the images (images,) depends on.

    `official` is the data set's own part in words of `records.PARTS`, empty where it names none.
    """

    targets: Rows
    groups: NDArray[np.object_]
    official: NDArray[np.object_]


def protocols(facts: Facts, *, views: int, folds: int, seed: int) -> list[Protocol]:
    """List the protocols that this data set allows, the honest one of each pair first.

    `views` counts the picture itself.

    Raises:
        UserError: there are fewer groups than folds, or a fold would train on a single class.
    """
    _require(facts, folds)
    of_group = _grouped(facts, folds, seed)
    of_row = facts.targets[np.arange(len(facts.targets) * views) // views]
    cuts: list[tuple[str, str, tuple[Fold, ...], str]] = [
        ("grouped", "cut by group", _plain(of_group, views), ""),
        ("by_image", "cut by image at random",
         _plain(_at_random(facts.targets, folds, seed), views), "grouped"),
        *_official(facts, views),
        ("augment_grouped", "augmented, then cut by group",
         tuple((_all_views(train, views), _all_views(test, views)) for train, test in of_group),
         ""),
        ("augment_by_image", "augmented, then cut at random", _at_random(of_row, folds, seed),
         "augment_grouped"),
    ]
    return [Protocol(name, title, cut, _shared(cut, facts.groups, views), honest)
            for name, title, cut, honest in cuts]


def _official(facts: Facts, views: int) -> list[tuple[str, str, tuple[Fold, ...], str]]:
    """Train on the official train part, test on the test part, or else on the validation part."""
    held = "test" if (facts.official == "test").any() else "validation"
    train, test = (np.flatnonzero(facts.official == part) for part in ("train", held))
    if not len(test) or len(np.unique(facts.targets[train])) < 2:
        return []
    title = f"official {held} part"
    whole = _plain([(train, test)], views)
    kept = train[~np.isin(facts.groups[train], facts.groups[test])]
    if len(kept) == len(train) or len(np.unique(facts.targets[kept])) < 2:
        return [("official", title, whole, "")]
    return [("official_mended", f"{title}, its groups taken out of training",
             _plain([(kept, test)], views), ""),
            ("official", title, whole, "official_mended")]


def _shared(cut: Sequence[Fold], groups: NDArray[np.object_], views: int) -> float:
    """Tell which share of the tested rows has a row of its group in training."""
    found = [np.isin(groups[test // views], groups[train // views]) for train, test in cut]
    return round(float(np.concatenate(found).mean()), 6)


def _require(facts: Facts, folds: int) -> None:
    groups = len(set(facts.groups))
    if groups < folds:
        raise UserError(f"audit: only {groups} groups of images (patients joined with duplicates) "
                        f"for {folds} folds; ask for fewer folds, or give more images")
    most = np.bincount(facts.targets).max()
    if most < folds:
        raise UserError(f"audit: {folds} folds need {folds} images of one class at least; the most "
                        f"common one has {most}")


def _grouped(facts: Facts, folds: int, seed: int) -> list[Fold]:
    numbers, _ = pd.factorize(facts.groups, sort=True)
    return _folds(StratifiedGroupKFold(folds, shuffle=True, random_state=seed),
                  facts.targets, numbers)


def _at_random(targets: Rows, folds: int, seed: int) -> tuple[Fold, ...]:
    return tuple(_folds(StratifiedKFold(folds, shuffle=True, random_state=seed), targets))


def _folds(cutter: StratifiedGroupKFold | StratifiedKFold, targets: Rows,
           groups: Rows | None = None) -> list[Fold]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # rare classes are usual
        cut = [(train, test) for train, test in cutter.split(targets, targets, groups)]
    if any(len(np.unique(targets[train])) < 2 for train, _ in cut):
        raise UserError("audit: a fold would train on a single class; each of two classes at least "
                        "needs images of several groups")
    return cut


def _plain(folds: Sequence[Fold], views: int) -> tuple[Fold, ...]:
    return tuple((train * views, test * views) for train, test in folds)


def _all_views(images: Rows, views: int) -> Rows:
    return (images[:, np.newaxis] * views + np.arange(views)).ravel()
