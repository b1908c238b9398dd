"""Who is trained on what, and judged by what: one cut, or folds that take turns."""

import pandas as pd

from osteon.splits import Cut
from osteon.strata import slices


def turns(cut: Cut, folds: int, seed: int) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Give the rows that each network of a member is trained on, and those that judge it.

    With one fold, the cut's own training and validation. With more, both together are cut into so
    many parts, groups whole and labels alike, and each judges the network that has not seen it.

    Raises:
        UserError: there are too few groups.
    """
    if folds == 1:
        return [(cut.part("train"), cut.part("validation"))]
    rows = cut.part("train", "validation")
    numbers = slices(rows, folds, seed, what="training and validation")
    return [(rows[numbers != fold], rows[numbers == fold]) for fold in range(folds)]
