"""Figures of a verdict on two classes, each with an interval from a bootstrap over groups.

Images of one patient stand or fall together, so whole groups are drawn with replacement. All
resamples are computed at once, as weights on the rows; scikit-learn, called once per resample,
gives the same numbers some hundred times slower.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
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
    numbers, names = pd.factorize(np.asarray(groups), sort=True)
    values = _figures(np.ones((1, len(y))), y, p, v)
    draws = _resampled(numbers, len(names), resamples, seed, y, p, v)
    return {name: _estimate(values[name][0], draws[name], len(names)) for name in values}


def _resampled(groups: NDArray[np.int64], count: int, resamples: int, seed: int,
               y: NDArray[np.bool_], p: Floats, v: NDArray[np.bool_]) -> dict[str, Floats]:
    random = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(1, len(y)))
    chunks = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        times_drawn = random.multinomial(count, np.full(count, 1 / count), size=size)
        chunks.append(_figures(times_drawn[:, groups].astype(np.float64), y, p, v))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def _figures(weights: Floats, y: NDArray[np.bool_], p: Floats,
             v: NDArray[np.bool_]) -> dict[str, Floats]:
    """Compute each figure for each row of weights (resamples, rows)."""
    tp, fn = weights @ (y & v), weights @ (y & ~v)
    fp, tn = weights @ (~y & v), weights @ (~y & ~v)
    total = tp + fn + fp + tn
    agreed = (tp + tn) / total
    by_chance = ((tp + fn) * (tp + fp) + (tn + fp) * (tn + fn)) / total**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": agreed,
            "kappa": (agreed - by_chance) / (1 - by_chance),
            "auroc": _auroc(weights, y, p),
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (tn + fp),
            "f1": 2 * tp / (2 * tp + fp + fn),
        }


def _auroc(weights: Floats, y: NDArray[np.bool_], p: Floats) -> Floats:
    """Chance that a positive row is ranked above a negative one (Mann-Whitney), by weights."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))  # of each distinct probability
    positive = np.add.reduceat((weights * y)[:, order], starts, axis=1)
    negative = np.add.reduceat((weights * ~y)[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    return (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def _estimate(value: float, draws: Floats, groups: int) -> Estimate:
    if not np.isfinite(value):
        return Estimate(None, None, None)
    if groups < 2:
        return Estimate(round(float(value), 6), None, None)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return Estimate(*(round(float(figure), 6) for figure in (value, low, high)))
