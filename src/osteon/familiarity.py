"""What the reference images look like to the members, and whether another image is like them.

Numpy alone, since the service asks it of every image.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osteon.files import fresh_file

Floats = NDArray[np.floating]
Codes = NDArray[np.int64]

_MOST_AXES = 32
_VARIANCE = 0.99  # of the reference, that the axes hold together
# Fewer and the axes describe chance: new images of the same kind spread less along them than those
# that they were fitted to, and would be told apart.
_GROUPS_AN_AXIS = 6
_MOST_FITTED = 2000  # images; more move no axis, and the cost grows with their square
_FOLDS, _MANY_FOLDS = 5, 20
_NEAREST = 5  # one alone may be an outlier itself
# Of reference images, by the embedding and by the statistics each: 1 in 100 together.
_ALARMS = 1 / 200
_ONE_GREY = 1 / 255  # a statistic that moves by less has not moved
_ROUNDING = 1e-6  # statistics have six decimals
_CHUNK = 256  # rows compared at a time: 60 MB with 30,000 reference images


@dataclass(frozen=True)
class Familiarity:
    """The reference's place among all images that could come, fitted once and saved as one file.

    Embeddings are whitened: an axis of the reference's features has unit variance. An image is
    unlike the reference if its embedding lies farther from the nearest reference images than that
    of one in 200 of these does from images of other groups, or if an intensity statistic lies
    beyond what all but one in 200 have.
    """

    names: NDArray[np.str_]  # (S,) of the statistics
    centre: Floats  # (F,) of the features
    axes: Floats  # (F, k)
    reference: Floats  # (n, k) coordinates of the reference, in its order
    farthest: Floats  # () distance from which on an embedding is unlike
    lowest: Floats  # (S,) the statistics' bounds
    highest: Floats  # (S,)

    @classmethod
    def fit(cls, features: ArrayLike, statistics: ArrayLike, groups: Sequence[str],
            names: Sequence[str]) -> Self:
        """Describe the reference.

        `features` (n, F) are the members' side by side; `statistics` (n, S) have `names`; images
        of a group, such as a patient, are not held against each other.
        """
        found, measured = np.asarray(features, np.float64), np.asarray(statistics, np.float64)
        codes = _codes(groups)
        some = whole_groups(codes, _MOST_FITTED, seed=0)
        own = _codes(codes[some])
        centre, axes = _whitened(found[some], own)
        lowest, highest = _bounds(measured)
        return cls(np.array(names), *(np.asarray(values, np.float32) for values in (
            centre, axes, (found - centre) @ axes, _farthest(found[some], own),
            lowest, highest)))

    def save(self, file: Path) -> None:
        """Write it as one .npz file; the same values give the same bytes."""
        with fresh_file(file) as aside, aside.open("wb") as stream:
            np.savez(stream, allow_pickle=False,
                     **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as content:
            return cls(**{field.name: content[field.name] for field in fields(cls)})

    @cached_property
    def name(self) -> str:
        """A hash of it; coordinates can be compared under one name alone."""
        found = hashlib.sha256()
        for field in fields(self):
            values = np.ascontiguousarray(getattr(self, field.name))
            found.update(f"{field.name} {values.dtype} {values.shape}".encode() + values.tobytes())
        return found.hexdigest()[:12]

    @cached_property
    def _exact(self) -> Floats:
        """The reference's coordinates as distances are computed, which the service does often."""
        return self.reference.astype(np.float64)

    def coordinates(self, features: ArrayLike) -> Floats:
        """Place features (n, F) on the axes: (n, k), float32."""
        return (np.asarray(features, np.float32) - self.centre) @ self.axes

    def distance(self, coordinates: ArrayLike) -> Floats:
        """Give each row of (n, k) its mean distance to the nearest reference images: (n,)."""
        return _distances(np.asarray(coordinates, np.float64), self._exact)

    def distance_within(self, groups: Sequence[str]) -> Floats:
        """Give each reference image its distance to the nearest of other groups: (n,).

        So that it is no nearer to the reference than a new image of the same kind.
        """
        return _held_out(self._exact, _codes(groups), _MANY_FOLDS, lambda rows, _: rows)

    def unlike(self, coordinates: ArrayLike, statistics: ArrayLike) -> list[list[str]]:
        """Say in words why each of some images is unlike the reference; [] for one that is not.

        `coordinates` (n, k) are those of `coordinates`, `statistics` (n, S) have `names`.
        """
        found = self.distance(coordinates)
        rows = np.asarray(statistics, np.float64)
        return [[*self._far(float(distance)), *self._outside(row)]
                for distance, row in zip(found, rows, strict=True)]

    def _far(self, distance: float) -> Iterator[str]:
        if not distance <= self.farthest:  # nor is one without a number familiar
            yield (f"embedding {distance:.2f} from the nearest reference images, where "
                   f"{self.farthest:.2f} is usual at most")

    def _outside(self, row: Floats) -> Iterator[str]:
        for name, value, low, high in zip(self.names, row, self.lowest, self.highest, strict=True):
            if value < low - _ROUNDING:
                yield f"{name} {value:.3f} is below {low:.3f}, the least usual in the reference"
            elif not value <= high + _ROUNDING:
                yield f"{name} {value:.3f} is above {high:.3f}, the most usual in the reference"


def whole_groups(codes: Codes, most: int, seed: int) -> Codes:
    """Give the rows of whole groups, taken at random, of no more rows than that in all.

    The first group is taken in any case.
    """
    sizes = np.bincount(codes)
    order = np.random.default_rng(seed).permutation(len(sizes))
    taken = order[np.cumsum(sizes[order]) <= max(most, sizes[order[0]])]
    return np.flatnonzero(np.isin(codes, taken))


def _codes(groups: Sequence[str] | Codes) -> Codes:
    """Number the groups; where there is but one, each image stands by itself."""
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    return codes if codes.max() > 0 else np.arange(len(codes))


def _whitened(features: Floats, codes: Codes) -> tuple[Floats, Floats]:
    """Give the centre (F,) and axes (F, k) on which features have variance 1."""
    centre, deviation = features.mean(axis=0), features.std(axis=0)
    varies = deviation > 1e-6 * deviation.max(initial=0)
    weight = np.divide(1, deviation, where=varies, out=np.zeros_like(deviation))
    _, sizes, turned = np.linalg.svd((features - centre) * weight, full_matrices=False)
    shares = np.cumsum(sizes**2) / max(float((sizes**2).sum()), np.finfo(float).tiny)
    enough = int(np.searchsorted(shares, _VARIANCE)) + 1
    groups = len(np.unique(codes))
    count = max(1, min(enough, _MOST_AXES, groups // _GROUPS_AN_AXIS))
    spread = np.maximum(sizes[:count], 1e-6) / np.sqrt(len(features))
    return centre, weight[:, np.newaxis] * turned[:count].T / spread


def _farthest(features: Floats, codes: Codes) -> Floats:
    """Tell how far images of the same kind lie: each from the others, on axes made without it."""
    def placed(rows: Floats, others: Codes) -> Floats:
        centre, axes = _whitened(features[others], codes[others])
        return (rows - centre) @ axes

    return _usual(_held_out(features, codes, _FOLDS, placed))


def _held_out(rows: Floats, codes: Codes, folds: int,
              placed: Callable[[Floats, Codes], Floats]) -> Floats:
    """Give each row its distance to the rows of other folds, once both are placed: (n,).

    Groups lie in one fold each. `placed` is told which rows the others are.
    """
    fold = codes % min(folds, int(codes.max()) + 1)
    found = np.zeros(len(rows))
    for number in np.unique(fold):
        held, others = fold == number, np.flatnonzero(fold != number)
        everyone = placed(rows, others)
        found[held] = _distances(everyone[held], everyone[others])
    return found


def _distances(rows: Floats, reference: Floats) -> Floats:
    nearest = min(_NEAREST, len(reference))
    squares = (reference**2).sum(axis=1)
    found = []
    for start in range(0, len(rows), _CHUNK):
        some = rows[start:start + _CHUNK]
        square = (some**2).sum(axis=1)[:, np.newaxis] + squares - 2 * some @ reference.T
        closest = np.partition(np.maximum(square, 0), nearest - 1, axis=1)[:, :nearest]
        found.append(np.sqrt(closest).mean(axis=1))
    return np.concatenate(found) if found else np.zeros(0)


def _bounds(statistics: Floats) -> tuple[Floats, Floats]:
    """Give the lowest and highest usual value of each statistic (n, S).

    By ratios, because no statistic falls below 0, and most crowd there. Each side of the middle
    has a spread of its own; one number of spreads for all keeps the alarms of all statistics
    together at the share wanted.
    """
    ratios = np.log(statistics + _ONE_GREY)
    low, middle, high = np.quantile(ratios, [0.01, 0.5, 0.99], axis=0)
    least = np.log1p(_ONE_GREY / np.exp(middle))
    below, above = (np.maximum(side, least) for side in (middle - low, high - middle))
    from_middle = ratios - middle
    limit = _usual(np.maximum(from_middle / above, -from_middle / below).max(axis=1))
    lowest, highest = np.exp([middle - limit * below, middle + limit * above]) - _ONE_GREY
    return lowest, highest


def _usual(values: Floats) -> Floats:
    """Give the value that a further one of the same kind exceeds with the alarms' share.

    Of fewer than 199 the largest, which a further one exceeds a little more often.
    """
    rank = int(np.ceil((len(values) + 1) * (1 - _ALARMS)))
    return np.sort(values)[min(rank, len(values)) - 1]
