"""The test part as pictures, images beside studies, and as tables for `dvc plots`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.metrics import ConfusionMatrixDisplay, precision_recall_curve, roc_curve

from osteon.aggregation import ENSEMBLE, of_member
from osteon.combination import Level
from osteon.evaluation import Evaluation, Tables
from osteon.formulas import Flags, Floats
from osteon.metrics import Estimate
from osteon.plots import panels, save

LEVELS: dict[Level, str] = {"image": "by image", "study": "by study"}
_GRID = np.linspace(0, 1, 201)
# Gives the points of a curve, across and up, from what is looked for and its probability.
Curve = Callable[[Flags, Floats], tuple[Floats, Floats]]


def write(folder: Path, tables: Tables, evaluation: Evaluation, *, mark: str) -> None:
    """Draw all pictures into a folder, under the mark of the cut."""
    _curves(folder / "roc.png", tables, evaluation, mark, curve=roc, figure="auroc",
            across="1 - specificity", up="sensitivity")
    _curves(folder / "precision_recall.png", tables, evaluation, mark, curve=precision_recall,
            figure="average_precision", across="recall (sensitivity)", up="precision (PPV)")
    confusion(folder / "confusion.png", evaluation, mark=mark)
    reliability(folder / "reliability.png", evaluation, mark=mark)
    subgroups(folder / "subgroups.png", evaluation, mark=mark)


def roc_table(tables: Tables, evaluation: Evaluation) -> pd.DataFrame:
    """Give the ensemble's ROC by image at 201 points.

    Of two classes that of the last; of more the mean over the classes that occur.
    """
    found = [_on_grid(*roc(positive, scores)) for _, positive, scores
             in _of_ensemble(tables["image"], evaluation) if _drawable(positive)]
    mean = np.mean(found, axis=0) if found else np.full(len(_GRID), np.nan)
    return pd.DataFrame({"one_minus_specificity": _GRID, "sensitivity": mean}).round(6)


def confusion_table(tables: Tables, evaluation: Evaluation) -> pd.DataFrame:
    """Give the label and the ensemble's verdict of each image, in words."""
    names = np.asarray(evaluation.about.labels)
    return pd.DataFrame({column: names[tables["image"][of].to_numpy(dtype=np.int64)]
                         for column, of in (("label", "target"), ("verdict", "verdict"))})


def roc(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """Give 1 - specificity and sensitivity from the highest threshold to the lowest."""
    across, up, _ = roc_curve(positive, scores, drop_intermediate=False)
    return across, up


def precision_recall(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """Give recall and precision from the highest threshold to the lowest."""
    up, across, _ = precision_recall_curve(positive, scores)
    return across[::-1], up[::-1]


def confusion(file: Path, evaluation: Evaluation, *, mark: str) -> None:
    """Draw the ensemble's verdicts against the labels."""
    labels = evaluation.about.labels
    figure, axes = panels(2, side=max(4.0, 0.55 * len(labels) + 1.5))
    for axis, (level, title) in zip(axes, LEVELS.items(), strict=True):
        ConfusionMatrixDisplay(
            np.asarray(evaluation.levels[level].confusion), display_labels=labels).plot(
            ax=axis, cmap="Blues", colorbar=False, values_format="d",
            xticks_rotation="horizontal" if len(labels) < 4 else "vertical")
        axis.grid(visible=False)
        axis.set(title=f"Test part, {title}", ylabel="label", xlabel="verdict")
    save(figure, file, mark)


def reliability(file: Path, evaluation: Evaluation, *, mark: str) -> None:
    """Draw how often what has some probability is so; larger dots stand for more of them."""
    looked_for = evaluation.about.labels[-1]
    two = len(evaluation.about.labels) == 2
    figure, axes = panels(2)
    for axis, (level, title) in zip(axes, LEVELS.items(), strict=True):
        bins = evaluation.levels[level].reliability
        said, happens = [of.said for of in bins], [of.happens for of in bins]
        error = evaluation.levels[level].figures[ENSEMBLE]["ece"]
        axis.plot([0, 1], [0, 1], linestyle=":", color="grey")
        line = axis.plot(said, happens)[0]
        axis.scatter(said, happens, s=[10 + 200 * of.rows / sum(o.rows for o in bins)
                                       for of in bins], color=line.get_color())
        axis.set(title=f"Reliability {title}; ECE {error}", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03),
                 xlabel=f"probability of {looked_for}" if two else "highest probability",
                 ylabel=f"share of {looked_for}" if two else "share that is right")
    save(figure, file, mark)


def subgroups(file: Path, evaluation: Evaluation, *, mark: str) -> None:
    """Draw the ensemble's AUROC in each part of the test part, with its interval."""
    rows = list(_subgroups(evaluation))
    figure, (axis,) = panels(1, side=6.5, height=1.0 + 0.27 * len(rows))
    for height, (_, estimate) in enumerate(rows):
        if estimate.value is None:
            axis.text(0.5, height, "undefined", va="center", ha="center", color="grey")
            continue
        if estimate.low is not None and estimate.high is not None:
            axis.plot([estimate.low, estimate.high], [height, height], color="C0", linewidth=2)
        axis.plot(estimate.value, height, "o", color="C0")
    axis.set_yticks(range(len(rows)), [name for name, _ in rows])
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlim=(min(0.45, axis.get_xlim()[0]), 1.02),
             title="AUROC in parts of the test part", xlabel="AUROC, 95 % interval")
    axis.axvline(0.5, linestyle=":", color="grey")
    save(figure, file, mark)


def _subgroups(evaluation: Evaluation) -> Iterator[tuple[str, Estimate]]:
    for level, title in LEVELS.items():
        measured = evaluation.levels[level]
        yield f"all, {title} ({measured.counts['rows']})", measured.figures[ENSEMBLE]["auroc"]
        for parts in measured.subgroups.values():
            for name, part in parts.items():
                yield f"{name}, {title} ({part['rows']})", part["figures"]["auroc"]


def _curves(file: Path, tables: Tables, evaluation: Evaluation, mark: str, *, curve: Curve,
            figure: str, across: str, up: str) -> None:
    drawn, axes = panels(2)
    for axis, (level, title) in zip(axes, LEVELS.items(), strict=True):
        measured = evaluation.levels[level]
        told = measured.figures if len(evaluation.about.labels) == 2 else measured.classes
        for name, positive, scores in _of_all(tables[level], evaluation):
            if _drawable(positive):
                axis.plot(*curve(positive, scores), label=f"{name} {told[name][figure].value:.3f}",
                          linewidth=2 if name == ENSEMBLE else 1.2)
        _label(axis)
        axis.set(title=f"Test part, {title}", xlabel=across, ylabel=up, xlim=(-0.02, 1.02),
                 ylim=(-0.02, 1.02))
    save(drawn, file, mark)


def _on_grid(across: Floats, up: Floats) -> Floats:
    """Take what a threshold reaches at most at each point of the grid: a curve is of steps."""
    return np.asarray(up[np.searchsorted(across, _GRID, side="right") - 1])


def _drawable(positive: Flags) -> bool:
    return bool(positive.any() and not positive.all())


def _label(axis: Axes) -> None:
    if axis.lines:
        axis.legend(fontsize=7)
    else:
        axis.text(0.5, 0.5, "one class alone: no curve", ha="center", color="grey")


def _of_ensemble(table: pd.DataFrame,
                 evaluation: Evaluation) -> Iterator[tuple[str, Flags, Floats]]:
    """Give what the ensemble has a curve of: the last of two classes, or each of more."""
    labels, target = evaluation.about.labels, table["target"].to_numpy()
    scores = of_member(table, ENSEMBLE, labels)
    for number, label in enumerate(labels):
        if len(labels) > 2:
            yield label, target == number, scores[:, number]
        elif number == 1:
            yield ENSEMBLE, target == 1, scores[:, 1]


def _of_all(table: pd.DataFrame, evaluation: Evaluation) -> Iterator[tuple[str, Flags, Floats]]:
    """Give the ensemble's curves, and of two classes each member's."""
    yield from _of_ensemble(table, evaluation)
    labels = evaluation.about.labels
    if len(labels) == 2:
        for name in evaluation.about.members:
            yield name, table["target"].to_numpy() == 1, of_member(table, name, labels)[:, 1]
