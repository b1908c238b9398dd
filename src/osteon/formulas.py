"""Figures of verdicts and probabilities as functions of weights on the rows, (resamples, rows).

A row of ones measures the rows as they are; how often a bootstrap drew each row measures its
resamples, all at once. A figure that its rows cannot tell is NaN.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

BINS = 10  # of probability, equally wide: what calibration is told by


def confusion(weights: Floats, targets: Numbers, verdicts: Numbers, classes: int) -> Floats:
    """Count rows by target and verdict: (resamples, classes, classes)."""
    cells = np.eye(classes * classes)[targets * classes + verdicts]
    return (weights @ cells).reshape(-1, classes, classes)


def agreement(table: Floats) -> dict[str, Floats]:
    """Compute accuracy and Cohen's kappa (Educational and Psychological Measurement 20, 1960)."""
    total = table.sum(axis=(1, 2))
    agreed = np.trace(table, axis1=1, axis2=2) / total
    by_chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1) / total**2
    return {"accuracy": agreed, "kappa": _ratio(agreed - by_chance, 1 - by_chance)}


def rates(table: Floats) -> dict[str, Floats]:
    """Compute what each class reaches against the rest: (resamples, classes) by name."""
    right = np.diagonal(table, axis1=1, axis2=2)
    labelled, called = table.sum(axis=2), table.sum(axis=1)
    total = table.sum(axis=(1, 2))[:, np.newaxis]
    spared = total - labelled - called + right
    return {
        "sensitivity": _ratio(right, labelled),
        "specificity": _ratio(spared, total - labelled),
        "ppv": _ratio(right, called),
        "npv": _ratio(spared, total - called),
        "f1": _ratio(2 * right, labelled + called),
    }


def mean_of_classes(rates: Floats, table: Floats, *, never_called: float | None = None) -> Floats:
    """Average a rate (resamples, classes) over the classes that occur; NaN where fewer than two do.

    `never_called` stands in where a class is not called at all, and so has no predictive value;
    scikit-learn counts 0 there.
    """
    told = rates if never_called is None else np.nan_to_num(rates, nan=never_called)
    occurs = table.sum(axis=2) > 0
    mean = _ratio(np.where(occurs, told, 0).sum(axis=1), occurs.sum(axis=1))
    return np.where(occurs.sum(axis=1) > 1, mean, np.nan)


def ranking(weights: Floats, positive: Flags, scores: Floats) -> dict[str, Floats]:
    """Measure how scores (rows,) rank positive rows before the others; ties count half.

    AUROC; average precision, the sum of precision over the steps of recall; and the highest
    sensitivity at a specificity of 90 % or more. NaN where there is none to rank before another.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(-scores[order], prepend=-np.inf))  # of each distinct score
    hits = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    alarms = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    found, false = np.cumsum(hits, axis=1), np.cumsum(alarms, axis=1)
    positives, negatives = found[:, -1], false[:, -1]
    called = found + false
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    spared = 10 * false <= negatives[:, np.newaxis]  # in whole numbers, which are exact
    both = (positives > 0) & (negatives > 0)
    return {name: np.where(both, figure, np.nan) for name, figure in {
        "auroc": _ratio((alarms * (found - hits / 2)).sum(axis=1), positives * negatives),
        "average_precision": _ratio((hits * precision).sum(axis=1), positives),
        "sensitivity_at_90_specificity": _ratio((found * spared).max(axis=1), positives),
    }.items()}


def brier(weights: Floats, targets: Numbers, probabilities: Floats) -> Floats:
    """Compute the mean squared distance of probabilities (rows, classes) from what happened.

    Of two classes that of the last alone, 0 to 1; of more the sum over all classes, 0 to 2
    (Monthly Weather Review 78, 1950).
    """
    classes = probabilities.shape[1]
    squared = (probabilities - np.eye(classes)[targets])**2
    of_row = squared[:, -1] if classes == 2 else squared.sum(axis=1)
    return weights @ of_row / weights.sum(axis=1)


def expected(targets: Numbers, probabilities: Floats) -> tuple[Floats, Flags]:
    """Give what calibration is about: the probability said of each row, and whether it came true.

    Of two classes the probability of the last; of more the highest, and whether it was right.
    """
    if probabilities.shape[1] == 2:
        return probabilities[:, 1], targets == 1
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == targets


def bins(said: Floats, count: int = BINS) -> Numbers:
    """Number the bin of each probability; 1 falls into the last."""
    return np.digitize(said, np.arange(1, count) / count).astype(np.int64)


def calibration_gaps(weights: Floats, said: Floats, true: Flags, count: int = BINS) -> Floats:
    """Compute how far each bin's said is above what came true: (resamples, bins).

    Each weighs as much as the bin holds of all rows, so that the sizes of the gaps add up to the
    expected calibration error (Guo et al., On calibration of modern neural networks, ICML 2017,
    equation 5).
    """
    in_bin = np.eye(count)[bins(said, count)]
    gaps = weights @ (in_bin * (said - true)[:, np.newaxis])
    return np.asarray(gaps / weights.sum(axis=1, keepdims=True))


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below, dtype=np.float64)
