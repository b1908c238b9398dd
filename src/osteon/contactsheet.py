"""Pairs of duplicates side by side on one sheet, so that a false join is seen."""

from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")  # no screen

from matplotlib import pyplot as plt

from osteon import imaging
from osteon.duplicates import oriented
from osteon.imaging import Picture

_SIDE_PX = 160
_GAP_PX = 4
_COLUMNS = 5
_MOST = 40


def worth_seeing(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Choose the pairs to look at: contradictory labels, then those an official split divides.

    Then the least alike. Copies of equal bytes need no eye. Adds `labels` and `parts` in words.
    """
    about = table.drop_duplicates("path").set_index("path")[["label", "official_split"]]
    near = pairs[pairs["kind"] != "bytes"]
    a, b = (about.loc[near[name]].reset_index(drop=True) for name in ("path_a", "path_b"))
    near = near.reset_index(drop=True).assign(
        labels=_both(a["label"], b["label"]), parts=_both(a["official_split"], b["official_split"]),
        contradictory=a["label"] != b["label"], divided=a["official_split"] != b["official_split"])
    order = near.sort_values(["contradictory", "divided", "correlation"],
                             ascending=[False, False, True], kind="stable")
    return order.head(_MOST)


def write_sheet(file: Path, shown: pd.DataFrame, root: Path) -> None:
    """Draw the chosen pairs as a PNG; the second picture is brought into the first one's position.

    Its bytes depend on the pictures alone.
    """
    rows = max(1, -(-len(shown) // _COLUMNS))
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(_COLUMNS * 3.2, rows * 2.0),
                                layout="constrained", squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, pair in zip(axes.flat, shown.itertuples(), strict=False):
        axis.imshow(_side_by_side(root, pair), cmap="gray", vmin=0, vmax=255)
        colour = "crimson" if pair.contradictory else "black"
        axis.set_title(_caption(pair), fontsize=7, color=colour)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _both(one: pd.Series, other: pd.Series) -> pd.Series:
    return one.where(one == other, one + " | " + other)


def _caption(pair: Any) -> str:
    moved = [f"turned {pair.turned_deg}°"] if pair.turned_deg else []
    moved += ["mirrored"] if pair.mirrored else []
    how = [f"{pair.kind} {pair.correlation:.2f}", *moved]
    return "\n".join([", ".join(how), f"{pair.labels} {pair.parts}".strip()])


def _side_by_side(root: Path, pair: Any) -> Picture:
    one, other = (_square(root / path)
                  for path in (pair.path_a, pair.path_b))
    other = oriented(other, pair.mirrored, pair.turned_deg // 90)
    gap = np.full((_SIDE_PX, _GAP_PX), 255, np.uint8)
    return np.hstack([one, gap, other])


def _square(file: Path) -> Picture:
    picture = imaging.decode(file.read_bytes(), mend=True).picture
    return np.asarray(cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA),
                      np.uint8)
