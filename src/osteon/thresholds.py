"""The operating point: the probability from which on a picture is called positive."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

Rule = Literal["youden", "kappa", "sensitivity"]


def choose(targets: NDArray[np.int64], probabilities: NDArray[np.float64], rule: Rule,
           required_sensitivity: float) -> float:
    """Choose the threshold that a rule asks for on these rows.

    Youden's J or Cohen's kappa at their highest, or the best specificity at which the required
    sensitivity is reached. The threshold lies halfway between two probabilities that occur, so that
    the last digit of a computation elsewhere cannot turn a verdict. Without both classes there is
    nothing to choose: 0.5.
    """
    if len(np.unique(targets)) < 2:
        return 0.5
    fpr, tpr, thresholds = roc_curve(targets, probabilities, drop_intermediate=False)
    gain = _gain(targets, fpr, tpr, rule, required_sensitivity)
    best = int(np.argmax(gain[1:])) + 1  # the first point calls nothing positive
    lower = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float(thresholds[best] + lower) / 2


def _gain(targets: NDArray[np.int64], fpr: NDArray[np.float64], tpr: NDArray[np.float64],
          rule: Rule, required_sensitivity: float) -> NDArray[np.float64]:
    """Give each point of the ROC curve what the rule maximises; of equals the first is taken."""
    if rule == "youden":
        return tpr - fpr
    if rule == "kappa":
        return _kappa(targets, fpr, tpr)
    return np.where(tpr >= required_sensitivity - 1e-9, 1 - fpr, -1.0)


def _kappa(targets: NDArray[np.int64], fpr: NDArray[np.float64],
           tpr: NDArray[np.float64]) -> NDArray[np.float64]:
    positives = targets.mean()
    called = positives * tpr + (1 - positives) * fpr
    agreed = positives * tpr + (1 - positives) * (1 - fpr)
    by_chance = positives * called + (1 - positives) * (1 - called)
    kappa: NDArray[np.float64] = (agreed - by_chance) / (1 - by_chance)
    return kappa
