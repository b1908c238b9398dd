"""The parts of a set of images that a reader asks about: body parts, views, sizes."""

import numpy as np
import pandas as pd

_UNTOLD = "unknown"


def of(table: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Give the rows of each body part, view and size, by kind and name.

    A kind whose column is missing, or the same in all rows, is left out.
    """
    names = {kind: table[kind].replace("", _UNTOLD) for kind in ("body_part", "view")
             if kind in table}
    if {"width_px", "height_px"} <= set(table):
        names["size"] = sizes(table)
    return {kind: {str(name): table[of_row == name] for name in _ordered(of_row)}
            for kind, of_row in names.items() if of_row.nunique() > 1}


def sizes(table: pd.DataFrame) -> pd.Series:
    """Name each image's third by its longer side; images of one size are never divided."""
    longer = table[["width_px", "height_px"]].max(axis=1).astype(int)
    ends = np.unique(np.quantile(longer, [1 / 3, 2 / 3, 1], method="inverted_cdf"))
    third = np.searchsorted(ends, longer)
    spans = [_span(longer[third == number]) for number in range(len(ends))]
    return pd.Series(pd.Categorical([spans[number] for number in third], spans, ordered=True),
                     index=table.index)


def _span(longer: pd.Series) -> str:
    least, most = longer.min(), longer.max()
    return f"{least} px" if least == most else f"{least} to {most} px"


def _ordered(names: pd.Series) -> list[str]:
    found = names.unique()
    return list(found.categories) if isinstance(found, pd.Categorical) else sorted(found)
