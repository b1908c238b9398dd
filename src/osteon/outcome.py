"""What a phase of training leaves behind, beside the network itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Fit:
    """The figures of each epoch, and which of them was kept."""

    curves: pd.DataFrame  # one row an epoch
    best_epoch: int
    best: float  # of the monitored metric, on validation


def together(fits: Sequence[Fit]) -> Fit:
    """Join the curves of a member's networks, numbered by fold; `best` is their mean.

    All keep the same epoch, the last one.
    """
    if len(fits) == 1:
        return fits[0]
    curves = pd.concat({fold: fit.curves for fold, fit in enumerate(fits)}, names=["fold"])
    curves = curves.reset_index("fold").reset_index(drop=True)
    return Fit(curves, fits[0].best_epoch, round(sum(fit.best for fit in fits) / len(fits), 6))
