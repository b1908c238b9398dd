"""The test part as pictures, images beside studies, and as tables for `dvc plots`."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay, precision_recall_curve, roc_curve

from osteon.aggregation import ENSEMBLE, SHORTCUTS, of_member
from osteon.combination import Level
from osteon.comparisons import OfShortcut
from osteon.evaluation import Evaluation, Tables
from osteon.formulas import Flags, Floats
from osteon.intervals import Estimate, Scores
from osteon.plots import panels, save

LEVELS: dict[Level, str] = {"image": "by image", "study": "by study"}
_GRID = np.linspace(0, 1, 201)
# Gives the points of a curve, across and up, from what is looked for and its probability.
Curve = Callable[[Flags, Floats], tuple[Floats, Floats]]


@dataclass(frozen=True)
class _Kind:
    """What a picture of curves shows.

    The curve, and the same on a grid; the figure that sums it up; the axes; where the operating
    point lies, from what the verdict reaches; and how high chance lies at 0 and at 1, from the
    share of what is looked for.
    """

    curve: Curve
    on_grid: Curve
    figure: str
    across: str
    up: str
    point: Callable[[Scores], tuple[float, float]]
    chance: Callable[[float], tuple[float, float]]


def write(folder: Path, tables: Tables, evaluation: Evaluation, *, mark: str) -> None:
    """Draw all pictures into a folder, under the mark of the cut."""
    for name, figure in draw(tables, evaluation).items():
        save(figure, folder / f"{name}.png", mark)


def draw(tables: Tables, evaluation: Evaluation) -> dict[str, Figure]:
    """Give each picture by its name; whoever takes them closes them."""
    return {
        "roc": _curves(tables, evaluation, _ROC),
        "precision_recall": _curves(tables, evaluation, _PRECISION_RECALL),
        "confusion": _confusion(evaluation), "reliability": _reliability(evaluation),
        "subgroups": _parts(evaluation)}


def points(tables: Tables, evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Give the ensemble's points by image, for the plots of the same names.

    Curves have 201 points; of two classes they are those of the last, of more the mean over the
    classes that occur. Precision is that of the highest threshold that reaches a recall.
    """
    return {
        "roc": _table(tables, evaluation, "one_minus_specificity", "sensitivity", _roc_on_grid),
        "precision_recall": _table(tables, evaluation, "recall", "precision", _precision_on_grid),
        "reliability": pd.DataFrame([asdict(of) for of in evaluation.levels["image"].reliability],
                                    columns=["said", "happens", "rows"]),
        "confusion": confusion_table(tables, evaluation)}


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


def _confusion(evaluation: Evaluation) -> Figure:
    """Draw the ensemble's verdicts against the labels."""
    labels = evaluation.about.labels
    figure, axes = panels(len(evaluation.told), side=max(4.0, 0.55 * len(labels) + 1.5))
    for axis, level in zip(axes, evaluation.told, strict=True):
        ConfusionMatrixDisplay(
            np.asarray(evaluation.levels[level].confusion), display_labels=labels).plot(
            ax=axis, cmap="Blues", colorbar=False, values_format="d",
            xticks_rotation="horizontal" if len(labels) < 4 else "vertical")
        axis.grid(visible=False)
        axis.set(title=f"Test part, {LEVELS[level]}", ylabel="label", xlabel="verdict")
    return figure


def _reliability(evaluation: Evaluation) -> Figure:
    """Draw how often what has some probability is so; larger dots stand for more of them."""
    looked_for = evaluation.about.labels[-1]
    two = len(evaluation.about.labels) == 2
    figure, axes = panels(len(evaluation.told))
    for axis, level in zip(axes, evaluation.told, strict=True):
        bins = evaluation.levels[level].reliability
        said, happens = [of.said for of in bins], [of.happens for of in bins]
        error = evaluation.levels[level].figures[ENSEMBLE]["ece"]
        axis.plot([0, 1], [0, 1], linestyle=":", color="grey")
        line = axis.plot(said, happens)[0]
        axis.scatter(said, happens, s=[10 + 200 * of.rows / sum(o.rows for o in bins)
                                       for of in bins], color=line.get_color())
        axis.set(title=f"Reliability {LEVELS[level]}; ECE {error}", xlim=(-0.03, 1.03),
                 ylim=(-0.03, 1.03),
                 xlabel=f"probability of {looked_for}" if two else "highest probability",
                 ylabel=f"share of {looked_for}" if two else "share that is right")
    return figure


def _parts(evaluation: Evaluation) -> Figure:
    """Draw the AUROC in each part of the test part, and below it that of shortcuts alone."""
    rows = list(_subgroups(evaluation))
    figure, (axis,) = panels(1, side=6.5, height=1.0 + 0.27 * len(rows))
    for height, (_, estimate, alone) in enumerate(rows):
        if alone and alone.value is not None:
            axis.plot(alone.value, height + 0.2, "x", color="grey", markersize=5,
                      label="" if axis.get_legend_handles_labels()[1] else "shortcuts alone")
            if alone.low is not None and alone.high is not None:
                axis.plot([alone.low, alone.high], [height + 0.2] * 2, color="grey", linewidth=0.8)
        if estimate.value is None:
            axis.text(0.5, height, "undefined", va="center", ha="center", color="grey")
            continue
        if estimate.low is not None and estimate.high is not None:
            axis.plot([estimate.low, estimate.high], [height, height], color="C0", linewidth=2)
        axis.plot(estimate.value, height, "o", color="C0")
    axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axis.set(ylim=(len(rows) - 0.4, -0.6), xlim=(min(0.45, axis.get_xlim()[0]), 1.02),
             xlabel="AUROC, 95 % interval")
    axis.set_title("AUROC in parts of the test part", loc="left")
    if axis.get_legend_handles_labels()[1]:
        axis.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1, 1))  # over no part
    axis.axvline(0.5, linestyle=":", color="grey")
    return figure


def _subgroups(evaluation: Evaluation) -> Iterator[tuple[str, Estimate, Estimate | None]]:
    """Give each part with its AUROC, and that of the shortcut baseline where there is one."""
    for level in evaluation.told:
        measured, title = evaluation.levels[level], LEVELS[level]
        yield (f"all, {title} ({measured.counts['rows']})", measured.figures[ENSEMBLE]["auroc"],
               _alone(measured.shortcut))
        for parts in measured.subgroups.values():
            for name, part in parts.items():
                yield (f"{name}, {title} ({part['rows']})", part["figures"]["auroc"],
                       _alone(part["shortcut"]))


def _alone(shortcut: OfShortcut | None) -> Estimate | None:
    return shortcut.figures["auroc"] if shortcut else None


def _curves(tables: Tables, evaluation: Evaluation, kind: _Kind) -> Figure:
    drawn, axes = panels(len(evaluation.told))
    for axis, level in zip(axes, evaluation.told, strict=True):
        measured = evaluation.levels[level]
        two = len(evaluation.about.labels) == 2
        told = measured.figures if two else measured.classes
        for name, positive, scores in _of_all(tables[level], evaluation):
            if _drawable(positive):
                shown = evaluation.about.winner.removeprefix("the ") if name == ENSEMBLE else name
                axis.plot(*kind.curve(positive, scores), label=f"{shown} {told[name][kind.figure]}",
                          linewidth=2 if name == ENSEMBLE else 1.2)
        if measured.shortcut:
            _shortcuts(axis, tables[level], evaluation, kind, measured.shortcut.figures)
        if two and axis.lines:
            share = float(tables[level]["target"].mean())
            axis.plot([0, 1], kind.chance(share), linestyle=":", color="grey", label="chance")
            across, up = kind.point(measured.figures[ENSEMBLE])
            axis.plot([across], [up], "o", color="black",
                      label=f"threshold {measured.threshold:.3f}")
        _label(axis)
        axis.set(title=f"Test part, {LEVELS[level]}", xlabel=kind.across, ylabel=kind.up,
                 xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    lines = max(len(axis.get_legend_handles_labels()[1]) for axis in axes)
    drawn.set_figheight(drawn.get_figheight() + 0.15 * lines)
    return drawn


def _shortcuts(axis: Axes, table: pd.DataFrame, evaluation: Evaluation, kind: _Kind,
               figures: Scores) -> None:
    """Draw the shortcut baseline as a thin line: of more than two classes the mean of theirs."""
    labels, target = evaluation.about.labels, table["target"].to_numpy()
    scores = of_member(table, SHORTCUTS, labels)
    numbers = [1] if len(labels) == 2 else range(len(labels))
    found = [kind.on_grid(target == number, scores[:, number]) for number in numbers
             if _drawable(target == number)]
    if found:
        axis.plot(found[0][0], np.mean([up for _, up in found], axis=0), color="grey",
                  linewidth=0.8, label=f"shortcuts alone {figures[kind.figure]}")


def _table(tables: Tables, evaluation: Evaluation, across: str, up: str,
           on_grid: Curve) -> pd.DataFrame:
    found = [on_grid(positive, scores)[1] for _, positive, scores
             in _of_ensemble(tables["image"], evaluation) if _drawable(positive)]
    mean = np.mean(found, axis=0) if found else np.full(len(_GRID), np.nan)
    return pd.DataFrame({across: _GRID, up: mean}).round(6)


def _roc_on_grid(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    """Take what a threshold reaches at most at each point of the grid: a curve is of steps."""
    across, up = roc(positive, scores)
    return _GRID, up[np.searchsorted(across, _GRID, side="right") - 1]


def _precision_on_grid(positive: Flags, scores: Floats) -> tuple[Floats, Floats]:
    across, up = precision_recall(positive, scores)
    # A recall of 3 in 20 is a little more than .15 in binary.
    return _GRID, up[np.searchsorted(across, _GRID - 1e-9)]


def _alarms(scores: Scores) -> tuple[float, float]:
    return 1 - _told(scores["specificity"]), _told(scores["sensitivity"])


def _calls(scores: Scores) -> tuple[float, float]:
    return _told(scores["sensitivity"]), _told(scores["ppv"])


def _told(estimate: Estimate) -> float:
    """Give a figure to draw; what is undefined, as PPV where nothing was called, is not drawn."""
    return np.nan if estimate.value is None else estimate.value


def _drawable(positive: Flags) -> bool:
    return bool(positive.any() and not positive.all())


def _label(axis: Axes) -> None:
    if axis.lines:
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14))  # not over curves
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
    """Give the ensemble's curves, and of two classes each member's that is not the ensemble."""
    yield from _of_ensemble(table, evaluation)
    labels = evaluation.about.labels
    if len(labels) == 2:
        for name in evaluation.about.members:
            if name == evaluation.about.alone:
                continue
            yield name, table["target"].to_numpy() == 1, of_member(table, name, labels)[:, 1]


_ROC = _Kind(
    roc, _roc_on_grid, "auroc", "1 - specificity", "sensitivity", _alarms, lambda _: (0, 1))
_PRECISION_RECALL = _Kind(
    precision_recall, _precision_on_grid, "average_precision", "recall (sensitivity)",
    "precision (PPV)", _calls, lambda share: (share, share))
