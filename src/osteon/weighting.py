"""Which members a mean is of, and with what weights, fitted to validation.

Judged by the log loss of the mean at a temperature of its own. Without one, few members would seem
better than many: a mean is less sure than those it is of, even where it ranks the rows better.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import minimize

from osteon.combination import Floats, Numbers, logarithms, softmax, tempered

_TEMPERATURES = 2.0 ** np.arange(-2, 1.5, 0.5)  # a mean wants sharpening rather than softening
_FARTHEST = 6.0  # from equal weights, as a logit; beyond, a member counts less than a hundredth
_PULL = 1e-4  # towards equal weights, so that equal members have them


def weights(of_members: Floats, targets: Numbers) -> tuple[float, ...]:
    """Fit the weights of a mean of members (rows, members, classes), in hundredths."""
    count = of_members.shape[1]

    def loss(coefficients: Floats) -> float:
        logits, sharpness = coefficients[:-1], np.exp(coefficients[-1])
        mean = np.einsum("rmc,m->rc", of_members, softmax(logits))
        return _log_loss(tempered(mean, 1 / sharpness), targets) + _PULL * float(logits @ logits)

    sharpest = np.log(1 / _TEMPERATURES[[-1, 0]])
    found = minimize(loss, np.zeros(count + 1), method="L-BFGS-B",
                     bounds=[(-_FARTHEST, _FARTHEST)] * count + [tuple(sharpest)]).x
    return _hundredths(softmax(found[:-1]))


def best_subset(of_members: Floats, targets: Numbers) -> tuple[float, ...]:
    """Find the members whose plain mean is best, as weights.

    Every subset of (rows, members, classes) is tried; of equals the smaller wins, then the earlier.
    """
    count = of_members.shape[1]
    subsets = [subset for size in range(1, count + 1)
               for subset in combinations(range(count), size)]
    losses = [round(_least_log_loss(of_members, subset, targets), 6) for subset in subsets]
    best = subsets[int(np.argmin(losses))]
    return tuple(1 / len(best) if number in best else 0.0 for number in range(count))


def _least_log_loss(of_members: Floats, subset: Sequence[int], targets: Numbers) -> float:
    mean = of_members[:, list(subset)].mean(axis=1)
    return min(_log_loss(tempered(mean, temperature), targets) for temperature in _TEMPERATURES)


def _log_loss(probabilities: Floats, targets: Numbers) -> float:
    return -float(logarithms(probabilities[np.arange(len(targets)), targets]).mean())


def _hundredths(shares: Floats) -> tuple[float, ...]:
    """Round to hundredths that add up to 1; the largest share takes what is left over."""
    rounded = np.round(shares, 2)
    largest = int(rounded.argmax())
    rounded[largest] += 1 - rounded.sum()
    return tuple(round(float(share), 2) for share in rounded)
