"""Differences of two samples, each beside what chance makes of it, all under one error rate.

Were both samples of one kind, any cut of their units into two sides would be as likely as the real
one. So the units (patients) are cut anew at random many times, and every difference is computed
for every cut, all on the same cuts: a difference is told from chance if so large a one is rarer
than the rarest of all differences is in all but a given share of the cuts (Westfall and Young,
1993, minP). That holds whatever the columns have to do with each other and however many images a
patient has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from osteon.drift.sample import Numbers
from osteon.familiarity import Floats

Sides = NDArray[np.bool_]  # (cuts, images), true for the first side

_CUTS = 999  # with the real one: the smallest chance is 1 in 1,000
_CHUNK = 500_000  # weights held at a time: 4 MB, which a processor's cache holds


@dataclass(frozen=True)
class Tested:
    """Differences (tests,), their thresholds, and how often chance makes one as large."""

    values: Floats
    thresholds: Floats  # above which chance is ruled out; infinite where it cannot be
    chances: Floats

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Tell which are above their threshold."""
        return self.values > self.thresholds


def cuts(units: Numbers, first: int, seed: int) -> Sides:
    """Cut images into two sides many times: (1 + 999, images).

    `units` (images,) are numbered; the real cut, of the first `first` images, comes first. In all
    others units come whole, drawn until the first side has about as many images.
    """
    random = np.random.default_rng(seed)
    sizes = np.bincount(units)
    order = random.permuted(np.tile(np.arange(len(sizes)), (_CUTS, 1)), axis=1)
    # The unit that reaches across the border goes to the side that has more of it.
    middle = np.cumsum(sizes[order], axis=1) - sizes[order] / 2
    of_unit = np.zeros(order.shape, np.bool_)
    np.put_along_axis(of_unit, order, middle < first, axis=1)
    return np.concatenate([np.arange(len(units))[np.newaxis] < first, of_unit[:, units]])


def tested(differences: Floats, false_alarms: float) -> Tested:
    """Judge differences (cuts, tests), those of the real cut first.

    The share of false alarms is of all tests together: the probability that any of them exceeds
    its threshold where nothing differs.
    """
    count = len(differences)
    # How many cuts make a difference as large. What differs in rounding alone must count as equal.
    rounded = np.round(differences, 12)
    ranks = rankdata(-rounded, method="max", axis=0).astype(np.int64)
    rarest = np.sort(ranks.min(axis=1))
    allowed = int(false_alarms * count)
    # So rare that no more than the allowed cuts have anything as rare.
    limit = max((int(rare) for rare in rarest[:allowed]
                 if np.searchsorted(rarest, rare, side="right") <= allowed), default=0)
    by_size = np.sort(rounded[1:], axis=0)[::-1]
    thresholds = by_size[limit - 1] if limit else np.full(differences.shape[1], np.inf)
    return Tested(rounded[0], thresholds, ranks[0] / count)


def moves(columns: Floats, sides: Sides) -> Floats:
    """Give the Wasserstein distance of each column (images, columns) for each cut."""
    order = np.argsort(columns, axis=0, kind="stable")
    gaps = np.diff(np.take_along_axis(columns, order, axis=0), axis=0)
    found = []
    for some in np.array_split(sides, -(-sides.size // _CHUNK)):
        weights = np.ascontiguousarray(_contrast(some).T)
        found.append(np.stack([
            gaps[:, number] @ np.abs(np.cumsum(weights[order[:, number]], axis=0)[:-1])
            for number in range(columns.shape[1])], axis=1))
    return np.concatenate(found)


def discrepancies(coordinates: Floats, units: Numbers, sides: Sides) -> Floats:
    """Give the squared maximum mean discrepancy (Gretton et al., 2012) for each cut: (cuts,).

    Of images (images, k), with a Gaussian kernel as wide as the median distance.
    """
    kernel = _kernel(np.asarray(coordinates, np.float64))
    by_unit = np.argsort(units, kind="stable")
    starts = np.searchsorted(units[by_unit], np.arange(units.max() + 1))
    rows = np.add.reduceat(kernel[by_unit], starts, axis=0)
    sums = np.add.reduceat(rows[:, by_unit], starts, axis=1)
    sizes = np.bincount(units)
    of_unit = sides[:, by_unit[starts]]  # a unit lies on one side as a whole
    first = of_unit @ sizes
    weights = of_unit / first[:, np.newaxis] - ~of_unit / (len(units) - first)[:, np.newaxis]
    return np.einsum("cu,cu->c", weights @ sums, weights)


def share_differences(verdicts: Numbers, classes: int, sides: Sides) -> Floats:
    """Give the chi-square distance between the shares of the classes for each cut: (cuts,)."""
    of_class = np.eye(classes)[verdicts]
    pooled = of_class.mean(axis=0)
    contrast = np.concatenate([_contrast(some) @ of_class for some in np.array_split(
        sides, -(-sides.size // _CHUNK))])
    return (contrast**2 / np.where(pooled > 0, pooled, 1)).sum(axis=1)


def _contrast(sides: Sides) -> Floats:
    """Weigh images so that the sum is the first side's mean less the second's."""
    first = sides.sum(axis=1, keepdims=True)
    return sides / first - ~sides / (sides.shape[1] - first)


def _kernel(coordinates: Floats) -> Floats:
    squares = (coordinates**2).sum(axis=1)
    found = squares[:, np.newaxis] + squares - 2 * coordinates @ coordinates.T
    np.maximum(found, 0, out=found)
    found /= -max(float(np.median(found)), np.finfo(float).tiny)
    return np.exp(found, out=found)
