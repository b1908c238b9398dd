"""The operating point: the probability from which on a picture is called positive."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

Rule = Literal["youden", "kappa"]


def choose(targets: NDArray[np.int64], probabilities: NDArray[np.float64], rule: Rule) -> float:
    """Choose the threshold that maximises Youden's J or Cohen's kappa on these rows.

    It lies halfway between two probabilities that occur, so that the last digit of a computation
    elsewhere cannot turn a verdict. Without both classes there is nothing to choose: 0.5.
    """
    if len(np.unique(targets)) < 2:
        return 0.5
    fpr, tpr, thresholds = roc_curve(targets, probabilities, drop_intermediate=False)
    gain = tpr - fpr if rule == "youden" else _kappa(targets, fpr, tpr)
    best = int(np.argmax(gain[1:])) + 1  # the first point calls nothing positive
    lower = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float(thresholds[best] + lower) / 2


def _kappa(targets: NDArray[np.int64], fpr: NDArray[np.float64],
           tpr: NDArray[np.float64]) -> NDArray[np.float64]:
    positives = targets.mean()
    called = positives * tpr + (1 - positives) * fpr
    agreed = positives * tpr + (1 - positives) * (1 - fpr)
    by_chance = positives * called + (1 - positives) * (1 - called)
    kappa: NDArray[np.float64] = (agreed - by_chance) / (1 - by_chance)
    return kappa
