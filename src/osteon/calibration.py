"""The temperatures and stacking coefficients of members, fitted to validation.

They have the least log loss on the rows given, so that they exist for any number of classes,
also where one of them does not occur.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from osteon.combination import Floats, Numbers, Stacking, logarithms, softmax

_LEAST_SLOPE, _LARGEST_SLOPE = 0.05, 20.0  # temperatures of 20 and 1/20


def temperature(probabilities: Floats, targets: Numbers) -> float:
    """Fit the temperature of a member's probabilities (rows, classes), from 1/20 to 20.

    The penalty of `_log_linear` holds it near 1 where the rows are few or told apart without
    fault, where the likelihood alone would have certainty.
    """
    slopes, _ = _log_linear(probabilities[:, np.newaxis], targets, start=1.0, biased=False,
                            bounds=(_LEAST_SLOPE, _LARGEST_SLOPE))
    return round(1 / float(slopes[0]), 4)


def stacking(of_members: Floats, targets: Numbers, members: Sequence[str],
             labels: Sequence[str]) -> Stacking:
    """Fit a logistic regression on the members' log-probabilities (rows, members, classes).

    One slope a member, none below 0, and one bias a class: of two classes this is the usual
    stacking by log odds; of more it keeps to so few coefficients that small sets can fit them.
    """
    slopes, biases = _log_linear(of_members, targets, start=1 / len(members), biased=True,
                                 bounds=(0.0, None))
    return Stacking(
        {member: round(float(slope), 4) for member, slope in zip(members, slopes, strict=True)},
        {label: round(float(bias), 4) for label, bias in zip(labels, biases, strict=True)})


def _log_linear(of_members: Floats, targets: Numbers, *, start: float, biased: bool,
                bounds: tuple[float, float | None]) -> tuple[Floats, Floats]:
    """Minimise log loss plus half the squared distance from slopes `start` and biases 0.

    The penalty counts as much as about one row, so that a fit exists for any rows.
    """
    logs = logarithms(of_members)
    _, members, classes = logs.shape
    right = np.eye(classes)[targets]

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        slopes, biases = coefficients[:members], coefficients[members:]
        found = softmax(np.einsum("rmc,m->rc", logs, slopes) + biases)
        away = coefficients - beginning
        wrong = found - right
        gradient = np.concatenate([np.einsum("rc,rmc->m", wrong, logs), wrong.sum(axis=0)])
        return (float(-(right * logarithms(found)).sum() + away @ away / 2), gradient + away)

    beginning = np.concatenate([np.full(members, start), np.zeros(classes)])
    of_bias = (None, None) if biased else (0.0, 0.0)
    found = minimize(loss, beginning, jac=True, method="L-BFGS-B",
                     bounds=[bounds] * members + [of_bias] * classes).x
    return found[:members], found[members:]
