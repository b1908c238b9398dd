"""What the shortcut baseline says, as columns beside the members', for figures to be read by.

Boosted trees learn from sizes, borders, grey values and words, on the rows that the members learnt
from, and judge the rows that the members are judged on.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from osteon.aggregation import SHORTCUTS, with_member
from osteon.audit import shortcuts
from osteon.audit.protocols import Fold
from osteon.params import Params
from osteon.records import Part, targets
from osteon.splits import Cut


def beside_part(images: pd.DataFrame, cut: Cut, learnt: Sequence[Part], judged: Part,
                settings: Params) -> tuple[pd.DataFrame, str | None]:
    """Add columns to the images of a part, learnt from other parts.

    Returns what the baseline has read, too: none, and no columns, where nothing varies.
    """
    turn = cut.part(*learnt).index.to_numpy(), cut.part(judged).index.to_numpy()
    return _beside(images, cut.table, [turn], settings)


def beside_folds(images: pd.DataFrame, cut: Cut,
                 settings: Params) -> tuple[pd.DataFrame, str | None]:
    """Add columns to training and validation images, each fold's learnt from the other folds.

    `images` names the `fold` of each. Returns the same as `beside_part`.
    """
    table, folds = cut.part("train", "validation").reset_index(drop=True), images["fold"].to_numpy()
    turns = [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold))
             for fold in np.unique(folds)]
    return _beside(images, table, turns, settings)


def _beside(images: pd.DataFrame, table: pd.DataFrame, turns: Sequence[Fold],
            settings: Params) -> tuple[pd.DataFrame, str | None]:
    """Judge rows of the index by turns; the judged ones are those of `images`, in their order."""
    labels = settings.dataset.labels
    numbers = targets(table, labels)
    said, read = np.zeros((len(table), len(labels))), None
    for turn in turns:
        found = shortcuts.baseline(table, numbers, turn, len(labels), seed=settings.seed)
        if found is None:
            return images, None
        read, said[turn[1]] = found
    judged = np.sort(np.concatenate([held_out for _, held_out in turns]))
    return with_member(images, SHORTCUTS, labels, said[judged]), read
