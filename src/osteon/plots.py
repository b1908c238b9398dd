"""Plots as PNG files whose bytes depend on the data alone.

Each is drawn with the mark of the cut it rests on, so that a leaky figure cannot pass for another.
"""

import textwrap
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no screen

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_ALARM = "#d00000"

plt.rcParams.update({"figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.alpha": 0.3, "font.size": 9})


def panels(count: int, *, side: float = 4.4, height: float | None = None) -> tuple[
        Figure, list[Axes]]:
    """Give a figure with a row of axes; a side in inches."""
    figure, axes = plt.subplots(1, count, figsize=(count * side, height or side), squeeze=False,
                                layout="constrained")
    return figure, list(axes[0])


def save(figure: Figure, file: Path, mark: str) -> None:
    """Write a figure as PNG under the mark of its cut, without what would change the bytes."""
    if mark:
        figure.suptitle(textwrap.fill(textwrap.shorten(mark, 120, placeholder=" ..."), 60),
                        color=_ALARM, fontsize=8, fontweight="bold")
    figure.savefig(file, metadata={"Software": None})  # the version would change the bytes
    plt.close(figure)
