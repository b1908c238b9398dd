"""Figures of verdicts on classes, each with an interval from a bootstrap over groups.

Images of one patient stand or fall together, so whole groups are drawn with replacement. All
resamples are computed at once, as weights on the rows; scikit-learn, called once per resample,
gives the same numbers some hundred times slower.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from osteon import formulas
from osteon.formulas import Floats, Numbers

SMALLER_IS_BETTER = ("ece", "brier")
_TITLES = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "kappa": "Cohen's kappa",
    "auroc": "AUROC", "average_precision": "average precision", "sensitivity": "sensitivity",
    "specificity": "specificity", "ppv": "PPV", "npv": "NPV", "f1": "F1",
    "macro_f1": "F1, mean of the classes", "ece": "expected calibration error",
    "brier": "Brier score", "sensitivity_at_90_specificity": "sensitivity at 90 % specificity"}
_OF_A_CLASS = ("auroc", "average_precision", "sensitivity", "specificity", "ppv", "npv", "f1")
_OF_ONE_CLASS = {"sensitivity": 1, "sensitivity_at_90_specificity": 1, "specificity": 0}
_OF_TWO = ("macro_f1", "sensitivity_at_90_specificity")
_GAPS = "gaps"  # of which the calibration error is the sum; no figure of its own
_CHUNK = 4_000_000  # weights held at a time: 32 MB
_TAIL = 0.025  # of the resamples, beyond either end of an interval
# Of three groups one alone makes up a 27th of the resamples, which is more than a tail.
_LEAST_GROUPS = 4


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; none where the data cannot give one."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return self._written("{:.3f}")

    def signed(self) -> str:
        """Write a difference, always with its sign."""
        return self._written("{:+z.3f}")

    @property
    def side(self) -> int | None:
        """The side of 0 on which the whole interval lies: 1, -1, 0 for neither; none untold."""
        if self.low is None or self.high is None:
            return None
        return int(self.low > 0) - int(self.high < 0)

    def _written(self, form: str) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return form.format(self.value)
        return f"{form.format(self.value)} [{form.format(self.low)}, {form.format(self.high)}]"


Scores = dict[str, Estimate]


@dataclass(frozen=True)
class Resampled:
    """Figures of all rows (1,) and of each resample of their groups (resamples,), by name."""

    values: dict[str, Floats]
    draws: dict[str, Floats]
    groups: tuple[str, ...]
    seed: int
    trials: Mapping[str, int] = field(default_factory=dict)  # groups that a share rests on
    # Of a calibration error: of all rows (1, bins) and of each resample (resamples, bins).
    gaps: tuple[Floats, Floats] | None = None

    def scores(self) -> Scores:
        """Give each figure with its interval.

        None can be told from fewer than four groups, nor where more than a fortieth of the
        resamples lacks what the figure needs, a class above all.
        """
        return {name: self._calibration() if name == "ece" else self._exact(
            name, self._estimate(self.values[name], self.draws[name])) for name in self.values}

    def above(self, other: "Resampled", name: str) -> Estimate:
        """Tell by how much a figure exceeds another's, resample by resample.

        The interval is narrower than two intervals suggest, as both figures move with the groups
        that are drawn.

        Raises:
            ValueError: the two were not measured on resamples of the same groups.
        """
        if (self.groups, self.seed) != (other.groups, other.seed):
            raise ValueError("figures of different groups or seeds are not paired")
        return self._estimate(self.values[name] - other.values[name],
                              self.draws[name] - other.draws[name])

    def _exact(self, name: str, found: Estimate) -> Estimate:
        """Bound a share of exactly 0 or 1, which no resample moves, as if a group were one trial.

        Nothing missed among n groups leaves room for a miss in the next: 0.025**(1/n) is the exact
        bound (Clopper and Pearson, Biometrika 26, 1934), about 1 - 3.7/n.
        """
        trials = self.trials.get(name)
        if not trials or found.value not in (0, 1) or not found.low == found.high == found.value:
            return found
        room = round(1 - _TAIL**(1 / trials), 6)
        return replace(found, low=1 - room) if found.value else replace(found, high=room)

    def _calibration(self) -> Estimate:
        """Bound a calibration error by what chance does to the gaps that it adds up.

        Chance makes gaps also where there are none, so that the error is never below the truth on
        average, and resamples of it, in which chance comes in twice, lie above it. How far the
        gaps themselves move from resample to resample is not so distorted: no truth can be below
        the error by more than all of these moves together, nor above it by more than what they
        add in the directions in which the gaps point.
        """
        found = self._estimate(self.values["ece"], self.draws["ece"])
        if found.value is None or found.low is None or self.gaps is None:
            return found
        gaps, resampled = self.gaps
        moves = resampled - gaps
        below, above = (np.quantile(of, 1 - _TAIL)
                        for of in (np.abs(moves).sum(axis=1), moves @ np.sign(gaps[0])))
        return replace(found, low=round(max(0.0, found.value - float(below)), 6),
                       high=round(min(1.0, found.value + max(0.0, float(above))), 6))

    def _estimate(self, value: Floats, draws: Floats) -> Estimate:
        figure = float(value[0])
        if not np.isfinite(figure):
            return Estimate(None, None, None)
        if len(self.groups) < _LEAST_GROUPS or np.isnan(draws).mean() > _TAIL:
            return Estimate(round(figure, 6), None, None)
        low, high = np.nanquantile(draws, [_TAIL, 1 - _TAIL])
        return Estimate(*(round(float(number), 6) for number in (figure, low, high)))


def to_json(scores: Mapping[Any, Estimate]) -> dict[str, dict[str, float | None]]:
    """Write plain values."""
    return {name: asdict(estimate) for name, estimate in scores.items()}


def titles(classes: int) -> dict[str, str]:
    """Name each figure that `measure` gives in words, in the order in which they are shown."""
    if classes == 2:
        return _TITLES
    return {name: f"{title}, mean of the classes" if name in _OF_A_CLASS else title
            for name, title in _TITLES.items() if name not in _OF_TWO}


def measure(targets: ArrayLike, probabilities: ArrayLike, verdicts: ArrayLike, groups: ArrayLike,
            *, resamples: int, seed: int) -> Resampled:
    """Measure verdicts (rows,) and probabilities (rows, classes) against class numbers (rows,).

    The figures that `titles` names. Of two classes what can be said of one class is said of the
    last. Of more it is averaged over the classes that occur, each against the rest.
    """
    figures = partial(_figures, targets=np.asarray(targets, dtype=np.int64),
                      probabilities=np.asarray(probabilities, dtype=np.float64),
                      verdicts=np.asarray(verdicts, dtype=np.int64))
    found = _resample(figures, groups, resamples=resamples, seed=seed,
                      trials=_trials(targets, groups, titles(np.shape(probabilities)[1])))
    return replace(found, gaps=(found.values.pop(_GAPS), found.draws.pop(_GAPS)))


def measure_each(targets: ArrayLike, probabilities: ArrayLike, verdicts: ArrayLike,
                 groups: ArrayLike, *, resamples: int, seed: int) -> tuple[Resampled, ...]:
    """Measure each class against the rest, with what `measure` takes; in the classes' order."""
    y, v = np.asarray(targets, dtype=np.int64), np.asarray(verdicts, dtype=np.int64)
    p = np.asarray(probabilities, dtype=np.float64)
    return tuple(_resample(
        partial(_of_class, number=number, targets=y, probabilities=p, verdicts=v), groups,
        resamples=resamples, seed=seed, trials=_trials(y == number, groups, _OF_A_CLASS))
        for number in range(p.shape[1]))


def measure_classes(targets: ArrayLike, scores: ArrayLike, groups: ArrayLike, *, resamples: int,
                    seed: int) -> Resampled:
    """Measure scores (rows, classes) that need be no probabilities; the verdict is the highest.

    Accuracy, Cohen's kappa and AUROC alone, as `measure` has them.
    """
    figures = partial(_of_scores, targets=np.asarray(targets, dtype=np.int64),
                      scores=np.asarray(scores, dtype=np.float64))
    return _resample(figures, groups, resamples=resamples, seed=seed,
                     trials=_trials(targets, groups, ("accuracy", "kappa", "auroc")))


def average(values: Mapping[str, ArrayLike], groups: ArrayLike, *, resamples: int,
            seed: int) -> Resampled:
    """Average values (rows,) of several names; a row that is NaN has no say in its name's mean."""
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in values.items()}
    told = {name: len(set(np.asarray(groups)[~np.isnan(column)]))
            for name, column in columns.items()}
    return _resample(partial(_means, columns=columns), groups, resamples=resamples, seed=seed,
                     trials=told)


def _resample(figures: Callable[[Floats], dict[str, Floats]], groups: ArrayLike, *,
              resamples: int, seed: int, trials: Mapping[str, int] | None = None) -> Resampled:
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
    return Resampled(figures(np.ones((1, rows))), draws, tuple(map(str, names)), seed,
                     trials or {})


def _trials(targets: ArrayLike, groups: ArrayLike, names: Iterable[str]) -> dict[str, int]:
    """Count the groups that each share rests on: those of the rarest class that it needs.

    Of two classes sensitivity needs the last alone, specificity the first; accuracy needs any.
    """
    pairs = pd.DataFrame({"target": np.asarray(targets, np.int64), "group": np.asarray(groups)})
    of_class = pairs.drop_duplicates()["target"].value_counts()
    rarest, whole = int(of_class.min()), pairs["group"].nunique()
    found = {name: rarest for name in names if name not in SMALLER_IS_BETTER}
    if set(of_class.index) <= {0, 1}:
        found |= {name: int(of_class.get(number, 0)) for name, number in _OF_ONE_CLASS.items()
                  if name in found}
    return found | ({"accuracy": whole} if "accuracy" in found else {})


def _means(weights: Floats, *, columns: Mapping[str, Floats]) -> dict[str, Floats]:
    with np.errstate(invalid="ignore"):  # of a resample without any value
        return {name: weights @ np.nan_to_num(column) / (weights @ ~np.isnan(column))
                for name, column in columns.items()}


def _figures(weights: Floats, *, targets: Numbers, probabilities: Floats,
             verdicts: Numbers) -> dict[str, Floats]:
    classes = probabilities.shape[1]
    table = formulas.confusion(weights, targets, verdicts, classes)
    rates = formulas.rates(table)
    means = {name: formulas.mean_of_classes(
        of_class, table, never_called=0.0 if name in ("ppv", "npv") else None)
        for name, of_class in rates.items()}
    gaps = formulas.calibration_gaps(weights, *formulas.expected(targets, probabilities))
    found = {
        **formulas.agreement(table), "balanced_accuracy": means["sensitivity"],
        "macro_f1": means["f1"], "ece": np.abs(gaps).sum(axis=1),
        "brier": formulas.brier(weights, targets, probabilities)}
    if classes == 2:
        found |= {name: of_class[:, 1] for name, of_class in rates.items()}
    else:
        found |= means
    found |= _ranking(weights, targets, probabilities)
    return {**{name: found[name] for name in titles(classes)}, _GAPS: gaps}


def _of_scores(weights: Floats, *, targets: Numbers, scores: Floats) -> dict[str, Floats]:
    table = formulas.confusion(weights, targets, scores.argmax(axis=1), scores.shape[1])
    return {**formulas.agreement(table), "auroc": _ranking(weights, targets, scores)["auroc"]}


def _ranking(weights: Floats, targets: Numbers, scores: Floats) -> dict[str, Floats]:
    """Rank the last of two classes; of more, average over those that a resample has."""
    if scores.shape[1] == 2:
        return formulas.ranking(weights, targets == 1, scores[:, 1])
    ranked = [formulas.ranking(weights, targets == number, scores[:, number])
              for number in np.unique(targets)]
    each = {name: np.stack([of_class[name] for of_class in ranked]) for name in ranked[0]}
    told = ~np.isnan(each["auroc"])
    return {name: np.where(told.any(axis=0), np.nansum(of_class, axis=0)
                           / np.maximum(told.sum(axis=0), 1), np.nan)
            for name, of_class in each.items()}


def _of_class(weights: Floats, *, number: int, targets: Numbers, probabilities: Floats,
              verdicts: Numbers) -> dict[str, Floats]:
    rates = formulas.rates(formulas.confusion(
        weights, targets, verdicts, probabilities.shape[1]))
    found = {name: of_class[:, number] for name, of_class in rates.items()}
    found |= formulas.ranking(weights, targets == number, probabilities[:, number])
    return {name: found[name] for name in _OF_A_CLASS}
