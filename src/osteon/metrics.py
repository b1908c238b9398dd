"""Figures of verdicts on classes, each with an interval from a bootstrap over groups."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from osteon import formulas
from osteon.formulas import Floats, Numbers
from osteon.intervals import Resampled, resample

SMALLER_IS_BETTER = ("ece", "brier")
_TITLES = {
    "accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "kappa": "Cohen's kappa",
    "auroc": "AUROC", "average_precision": "average precision", "sensitivity": "sensitivity",
    "specificity": "specificity", "ppv": "PPV", "npv": "NPV", "f1": "F1",
    "macro_f1": "F1, mean of the classes", "ece": "expected calibration error",
    "brier": "Brier score", "sensitivity_at_90_specificity": "sensitivity at 90 % specificity"}
_OF_A_CLASS = ("auroc", "average_precision", "sensitivity", "specificity", "ppv", "npv", "f1")
_OF_ONE_CLASS = {"sensitivity": 1, "sensitivity_at_90_specificity": 1, "specificity": 0,
                 "ppv": 1, "npv": 0}
_OF_VERDICTS = ("ppv", "npv")  # shares of those called so, where others are of those that are so
_OF_TWO = ("macro_f1", "sensitivity_at_90_specificity")
_GAPS = "gaps"  # of which the calibration error is the sum; no figure of its own


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
    classes = np.shape(probabilities)[1]
    found = resample(figures, groups, resamples=resamples, seed=seed, trials=_trials(
        targets, verdicts, groups, titles(classes), two=classes == 2))
    return replace(found, gaps=(found.values.pop(_GAPS), found.draws.pop(_GAPS)))


def measure_each(targets: ArrayLike, probabilities: ArrayLike, verdicts: ArrayLike,
                 groups: ArrayLike, *, resamples: int, seed: int) -> tuple[Resampled, ...]:
    """Measure each class against the rest, with what `measure` takes; in the classes' order."""
    y, v = np.asarray(targets, dtype=np.int64), np.asarray(verdicts, dtype=np.int64)
    p = np.asarray(probabilities, dtype=np.float64)
    return tuple(resample(
        partial(_of_class, number=number, targets=y, probabilities=p, verdicts=v), groups,
        resamples=resamples, seed=seed,
        trials=_trials(y == number, v == number, groups, _OF_A_CLASS, two=True))
        for number in range(p.shape[1]))


def measure_classes(targets: ArrayLike, scores: ArrayLike, groups: ArrayLike, *, resamples: int,
                    seed: int) -> Resampled:
    """Measure scores (rows, classes) that need be no probabilities; the verdict is the highest.

    Accuracy, Cohen's kappa and AUROC alone, as `measure` has them.
    """
    ranks = np.asarray(scores, dtype=np.float64)
    figures = partial(_of_scores, targets=np.asarray(targets, dtype=np.int64), scores=ranks)
    return resample(figures, groups, resamples=resamples, seed=seed, trials=_trials(
        targets, ranks.argmax(axis=1), groups, ("accuracy", "kappa", "auroc"),
        two=ranks.shape[1] == 2))


def average(values: Mapping[str, ArrayLike], groups: ArrayLike, *, resamples: int,
            seed: int) -> Resampled:
    """Average values (rows,) of several names; a row that is NaN has no say in its name's mean."""
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in values.items()}
    told = {name: len(set(np.asarray(groups)[~np.isnan(column)]))
            for name, column in columns.items()}
    return resample(partial(_means, columns=columns), groups, resamples=resamples, seed=seed,
                     trials=told)


def _trials(targets: ArrayLike, verdicts: ArrayLike, groups: ArrayLike, names: Iterable[str], *,
            two: bool) -> dict[str, int]:
    """Count the groups that each share rests on: those of the rarest class that it needs.

    Of two classes sensitivity needs the last alone, specificity the first; a predictive value needs
    those that were called so; accuracy needs any.
    """
    labelled, called = _groups_of_each(targets, groups), _groups_of_each(verdicts, groups)

    def trials(name: str) -> int:
        of_class = called if name in _OF_VERDICTS else labelled
        if two and name in _OF_ONE_CLASS:
            return int(of_class.get(_OF_ONE_CLASS[name], 0))
        return len(set(np.asarray(groups))) if name == "accuracy" else int(of_class.min())

    return {name: trials(name) for name in names if name not in SMALLER_IS_BETTER}


def _groups_of_each(classes: ArrayLike, groups: ArrayLike) -> "pd.Series[int]":
    """Count the groups in which each class occurs."""
    pairs = pd.DataFrame({"class": np.asarray(classes, np.int64), "group": np.asarray(groups)})
    return pairs.drop_duplicates()["class"].value_counts()


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
