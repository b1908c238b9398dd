"""Figures of verdicts on classes, each with an interval from a bootstrap over groups.

Images of one patient stand or fall together, so whole groups are drawn with replacement. All
resamples are computed at once, as weights on the rows; scikit-learn, called once per resample,
gives the same numbers some hundred times slower.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
_CHUNK = 4_000_000  # weights held at a time: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; none where the data cannot give one."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


Scores = dict[str, Estimate]


@dataclass(frozen=True)
class Resampled:
    """Figures of all rows (1,) and of each resample of their groups (resamples,), by name."""

    values: dict[str, Floats]
    draws: dict[str, Floats]
    groups: tuple[str, ...]
    seed: int

    def scores(self) -> Scores:
        """Give each figure with its interval."""
        return {name: _estimate(self.values[name], self.draws[name], len(self.groups))
                for name in self.values}

    def above(self, other: "Resampled", name: str) -> Estimate:
        """Tell by how much a figure exceeds another's, resample by resample.

        The interval is narrower than two intervals suggest, as both figures move with the groups
        that are drawn.

        Raises:
            ValueError: the two were not measured on resamples of the same groups.
        """
        if (self.groups, self.seed) != (other.groups, other.seed):
            raise ValueError("figures of different groups or seeds are not paired")
        return _estimate(self.values[name] - other.values[name],
                         self.draws[name] - other.draws[name], len(self.groups))


def to_json(scores: Mapping[Any, Estimate]) -> dict[str, dict[str, float | None]]:
    """Write plain values."""
    return {name: asdict(estimate) for name, estimate in scores.items()}


def measure(targets: ArrayLike, probabilities: ArrayLike, verdicts: ArrayLike, groups: ArrayLike,
            *, resamples: int, seed: int) -> Scores:
    """Measure verdicts and probabilities (rows,) of the positive class against targets 0 and 1.

    Accuracy, Cohen's kappa, AUROC (ties count half), sensitivity, specificity, and F1 of the
    positive class. Where a resample lacks what a figure needs, it is left out of its interval;
    from a single group no interval can be told.
    """
    y = np.asarray(targets, dtype=bool)
    p = np.asarray(probabilities, dtype=np.float64)
    v = np.asarray(verdicts, dtype=bool)
    figures = partial(_of_verdicts, y=y, p=p, v=v)
    return _resample(figures, groups, resamples=resamples, seed=seed).scores()


def measure_classes(targets: ArrayLike, scores: ArrayLike, groups: ArrayLike, *, resamples: int,
                    seed: int) -> Resampled:
    """Measure scores (rows, classes) against class numbers (rows,); the verdict is the highest.

    Accuracy, Cohen's kappa, and AUROC: of two classes that of the last, of more the mean over the
    classes that occur, each against the rest.
    """
    y = np.asarray(targets, dtype=np.int64)
    s = np.asarray(scores, dtype=np.float64)
    return _resample(partial(_of_classes, y=y, s=s), groups, resamples=resamples, seed=seed)


def _resample(figures: Callable[[Floats], dict[str, Floats]], groups: ArrayLike, *,
              resamples: int, seed: int) -> Resampled:
    """Compute figures, a function of weights (resamples, rows), for resamples of whole groups."""
    of_row, names = pd.factorize(np.asarray(groups), sort=True)
    count, rows = len(names), len(of_row)
    random = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(1, rows))
    chunks = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        times_drawn = random.multinomial(count, np.full(count, 1 / count), size=size)
        chunks.append(figures(times_drawn[:, of_row].astype(np.float64)))
    draws = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return Resampled(figures(np.ones((1, rows))), draws, tuple(map(str, names)), seed)


def _of_verdicts(weights: Floats, y: NDArray[np.bool_], p: Floats,
                 v: NDArray[np.bool_]) -> dict[str, Floats]:
    tp, fn = weights @ (y & v), weights @ (y & ~v)
    fp, tn = weights @ (~y & v), weights @ (~y & ~v)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            **_agreement(weights, y.astype(np.int64), v.astype(np.int64)),
            "auroc": _auroc(weights, y, p),
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "f1": 2 * tp / (2 * tp + fp + fn),
        }


def _of_classes(weights: Floats, y: Numbers, s: Floats) -> dict[str, Floats]:
    occurring = np.unique(y)
    ranked = [s.shape[1] - 1] if s.shape[1] == 2 else list(occurring)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {**_agreement(weights, y, s.argmax(axis=1)),
                "auroc": np.mean([_auroc(weights, y == k, s[:, k]) for k in ranked], axis=0)}


def _agreement(weights: Floats, y: Numbers, v: Numbers) -> dict[str, Floats]:
    """Compute accuracy and Cohen's kappa for each row of weights (resamples, rows)."""
    classes = np.arange(max(y.max(), v.max()) + 1)
    total = weights.sum(axis=1)
    agreed = weights @ (y == v) / total
    labelled, called = (weights @ (of[:, np.newaxis] == classes) for of in (y, v))
    by_chance = (labelled * called).sum(axis=1) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"accuracy": agreed, "kappa": (agreed - by_chance) / (1 - by_chance)}


def _auroc(weights: Floats, y: NDArray[np.bool_], p: Floats) -> Floats:
    """Chance that a positive row is ranked above a negative one (Mann-Whitney), by weights."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))  # of each distinct probability
    positive = np.add.reduceat((weights * y)[:, order], starts, axis=1)
    negative = np.add.reduceat((weights * ~y)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    return (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def _estimate(value: Floats, draws: Floats, groups: int) -> Estimate:
    figure = float(value[0])
    if not np.isfinite(figure):
        return Estimate(None, None, None)
    if groups < 2:
        return Estimate(round(figure, 6), None, None)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Estimate(*(round(float(number), 6) for number in (figure, low, high)))
