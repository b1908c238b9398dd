"""Plots of a comparison: the columns that moved, and where the embeddings lie."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from osteon.drift.compare import Difference
from osteon.drift.sample import Sample
from osteon.familiarity import Floats
from osteon.plots import panels, save

COLUMNS, EMBEDDING = "columns.png", "embedding.png"
_MOST = 4
_BINS = 30
_DOTS = 1000  # of a side; more only hide each other
_COLOURS = {"reference": "#4a78b5", "current": "#e07b28"}


def write(folder: Path, sides: dict[str, Sample], labels: Sequence[str],
          tests: Sequence[Difference], *, mark: str) -> None:
    """Draw columns.png and embedding.png; `sides` are named `reference` and `current`.

    Where nothing was tested no column moved, and columns.png is left out.
    """
    if tests:
        tables = {name: sample.columns(labels) for name, sample in sides.items()}
        _columns(folder / COLUMNS, tables, _shown(tests), mark)
    embedding = next((test for test in tests if test.kind == "embedding"), None)
    _embedding(folder / EMBEDDING, {name: sample.coordinates for name, sample in sides.items()},
               embedding, mark)


def _shown(tests: Sequence[Difference]) -> list[Difference]:
    """Take the columns that moved, the farthest first; where none did, the nearest to it."""
    found = sorted((test for test in tests if test.of_column), key=_nearness, reverse=True)
    return [test for test in found if test.differs][:_MOST] or found[:_MOST]


def _nearness(test: Difference) -> float:
    return test.value / test.threshold if test.threshold else 0.0


def _columns(file: Path, tables: dict[str, pd.DataFrame], shown: Sequence[Difference],
             mark: str) -> None:
    figure, places = panels(len(shown), side=3.2, height=3.0)
    for axes, test in zip(places, shown, strict=True):
        values = [table[test.name] for table in tables.values()]
        low, high = np.quantile(np.concatenate(values), [0.005, 0.995])
        edges = np.linspace(low, high if high > low else low + 1, _BINS).tolist()
        for name, column in zip(tables, values, strict=True):
            axes.hist(np.clip(column, edges[0], edges[-1]), edges, density=True, alpha=0.55,
                      color=_COLOURS[name], label=name)
        axes.set_title(f"{test.name}\nmoved by {test.value:.2f} sd, threshold {_bound(test, 2)}",
                       fontsize=8)
        axes.set_yticks([])
    places[0].legend(fontsize=7)
    save(figure, file, mark)


def _embedding(file: Path, coordinates: dict[str, Floats], test: Difference | None,
               mark: str) -> None:
    figure, (axes,) = panels(1, side=4.8, height=4.2)
    for name, rows in coordinates.items():
        _dots(axes, name, rows)
    axes.set(xlabel="first axis, deviations of the reference", ylabel="second axis")
    axes.set_title("embeddings" if test is None else f"embeddings: MMD² {test.value:.3f}, "
                   f"threshold {_bound(test, 3)}", fontsize=9)
    axes.legend(fontsize=7)
    save(figure, file, mark)


def _bound(test: Difference, digits: int) -> str:
    return "none" if test.threshold is None else f"{test.threshold:.{digits}f}"


def _dots(axes: Axes, name: str, rows: Floats) -> None:
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _DOTS)).astype(int)]
    second = some[:, 1] if some.shape[1] > 1 else np.zeros(len(some))
    axes.scatter(some[:, 0], second, s=9, alpha=0.6, color=_COLOURS[name], label=name,
                 linewidths=0)
