"""Plots as PNG files whose bytes depend on the data alone.

Each is drawn with the mark of the cut it rests on, so that a leaky figure cannot pass for another.
"""

import textwrap
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")  # no screen

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    confusion_matrix,
    roc_curve,
)

_ALARM = "#d00000"

plt.rcParams.update({"figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.alpha": 0.3, "font.size": 9})


def roc(file: Path, test: pd.DataFrame, columns: dict[str, str], *, mark: str) -> None:
    """Draw a ROC curve for each named column of probabilities."""
    figure, axes = _square()
    for name, column in columns.items():
        RocCurveDisplay.from_predictions(test["target"], test[column], name=name, ax=axes)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(title="ROC on the test part", xlabel="1 - specificity", ylabel="sensitivity")
    save(figure, file, mark)


def precision_recall(file: Path, test: pd.DataFrame, columns: dict[str, str], *,
                     mark: str) -> None:
    """Draw a precision-recall curve for each named column of probabilities."""
    figure, axes = _square()
    for name, column in columns.items():
        PrecisionRecallDisplay.from_predictions(test["target"], test[column], name=name, ax=axes)
    axes.set(title="Precision and recall on the test part", ylim=(0, 1.02),
             xlabel="recall (sensitivity)", ylabel="precision (PPV)")
    save(figure, file, mark)


def confusion(file: Path, test: pd.DataFrame, labels: tuple[str, ...], *, mark: str) -> None:
    """Draw verdicts against labels."""
    figure, axes = _square()
    counts = confusion_matrix(test["target"], test["verdict"].astype(int), labels=[0, 1])
    ConfusionMatrixDisplay(counts, display_labels=labels).plot(
        ax=axes, cmap="Blues", colorbar=False)
    axes.grid(visible=False)
    axes.set(title="Images of the test part", ylabel="label", xlabel="verdict")
    save(figure, file, mark)


def reliability(file: Path, test: pd.DataFrame, *, mark: str) -> None:
    """Draw how often images of a probability are positive, in ten bins of equal size."""
    figure, axes = _square()
    happens, said = calibration_curve(
        test["target"], test["probability"].clip(0, 1), n_bins=10, strategy="quantile")
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.plot(said, happens, marker="o")
    axes.set(title="Reliability on the test part", xlabel="mean probability in the bin",
             ylabel="share of positive images", xlim=(0, 1), ylim=(0, 1))
    save(figure, file, mark)


def training(file: Path, curves: pd.DataFrame, *, mark: str) -> None:
    """Draw validation AUROC and the losses of every member by epoch."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for member, rows in curves.groupby("member", sort=False):
        epochs = np.arange(1, len(rows) + 1)
        line = left.plot(epochs, rows["auroc"], label=member)[0]
        right.plot(epochs, rows["loss"], color=line.get_color(), label=f"{member}, validation")
        right.plot(epochs, rows["train_loss"], color=line.get_color(), linestyle=":",
                   label=f"{member}, training")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.set(title="AUROC on validation", xlabel="epoch", ylim=(None, 1))
    right.set(title="Loss", xlabel="epoch")
    left.legend(fontsize=7)
    right.legend(fontsize=6)
    save(figure, file, mark)


def roc_points(test: pd.DataFrame) -> pd.DataFrame:
    """Give the winner's ROC as points, for `dvc plots`."""
    fpr, tpr, _ = roc_curve(test["target"], test["probability"])
    return pd.DataFrame({"one_minus_specificity": fpr, "sensitivity": tpr}).round(6)


def _square() -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
    return figure, axes


def save(figure: Figure, file: Path, mark: str) -> None:
    """Write a figure as PNG under the mark of its cut, without what would change the bytes."""
    if mark:
        figure.suptitle(textwrap.fill(textwrap.shorten(mark, 120, placeholder=" ..."), 60),
                        color=_ALARM, fontsize=8, fontweight="bold")
    figure.savefig(file, metadata={"Software": None})  # the version would change the bytes
    plt.close(figure)
