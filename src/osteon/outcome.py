"""What a phase of training leaves behind, beside the network itself."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Fit:
    """The figures of each epoch, and which of them was kept."""

    curves: pd.DataFrame  # one row an epoch
    best_epoch: int
    best: float  # of the monitored metric, on validation
