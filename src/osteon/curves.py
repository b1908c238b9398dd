"""How a phase of training went, drawn: its figures by epoch, and what it was shown."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from osteon import plots
from osteon.augment import Augmentation
from osteon.imaging import Picture, network_input
from osteon.outcome import Fit
from osteon.records import write_table
from osteon.sections.training import Augment

TABLE, DRAWN, SHEET = "curves.csv", "curves.png", "augmented.png"

_SHOWN, _TIMES = 6, 3  # images of a sheet, and how often each is changed


def write(folder: Path, fit: Fit, title: str, *, mark: str) -> None:
    """Write the figures of each epoch as a table for `dvc plots`, and as one picture."""
    write_table(folder / TABLE, fit.curves)
    figure, (loss, chance, rate) = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    table = fit.curves.assign(epoch=fit.curves["epoch"] + 1)
    if "fold" in table:
        table = table.groupby("epoch", as_index=False).mean()
    _lines(loss, table, {"train_loss": "training", "loss": "validation"})
    _lines(chance, table, {"auroc": "AUROC", "accuracy": "accuracy"})
    _lines(rate, table, {"learning_rate": "after the epoch"})
    loss.set(title="Loss")
    chance.set(title="On validation", ylim=(None, 1))
    rate.set(title="Learning rate", ylim=(0, None))
    for axes in (loss, chance, rate):
        axes.axvline(fit.best_epoch + 1, color="grey", linestyle=":", label="epoch that is kept")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="epoch")
    loss.legend(fontsize=7)
    chance.legend(fontsize=7)
    figure.supxlabel(title, fontsize=8)
    plots.save(figure, folder / DRAWN, mark)


def write_sheet(folder: Path, pictures: Picture, rows: NDArray[np.int64], settings: Augment,
                seed: int, *, mark: str) -> None:
    """Draw some training pictures as they are, and below each what training sees of it."""
    views = shown(pictures, rows, settings, seed)
    figure, grid = plt.subplots(
        *views.shape[:2], figsize=(1.4 * views.shape[1], 1.4 * len(views) + 0.4),
        layout="constrained", squeeze=False)
    for number, (row, places) in enumerate(zip(views, grid, strict=True)):
        places[0].set_ylabel(f"view {number}" if number else "as it is", fontsize=8)
        for image, axes in zip(row, places, strict=True):
            axes.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
    figure.supxlabel(_caption(settings), fontsize=7, wrap=True)
    plots.save(figure, folder / SHEET, mark)


def shown(pictures: Picture, rows: NDArray[np.int64], settings: Augment, seed: int) -> Tensor:
    """Choose pictures evenly among the `rows` of training: (views, pictures, side, side), 0 to 1.

    The first view is the picture itself; the others are views 1, 2 and 3 of `train.views`, and
    what a whole network is shown in these epochs.
    """
    chosen = np.linspace(0, len(rows) - 1, min(_SHOWN, len(rows))).astype(np.int64)
    images = torch.from_numpy(network_input(pictures[rows[chosen]]))
    change, numbers = Augmentation(settings, len(rows), seed), torch.from_numpy(chosen)
    views = [images, *(change(images, numbers, view) for view in range(1, 1 + _TIMES))]
    return torch.stack(views).squeeze(2)


def _lines(axes: Axes, table: pd.DataFrame, columns: dict[str, str]) -> None:
    for column, name in columns.items():
        axes.plot(table["epoch"], table[column], marker=".", label=name)


def _caption(settings: Augment) -> str:
    said = {
        f"mirrored {settings.horizontal_flip:.0%} of the time": settings.horizontal_flip,
        f"turned up to {settings.rotation_deg:g} degrees": settings.rotation_deg,
        f"shifted up to {settings.shift:.0%}": settings.shift,
        f"zoomed up to {settings.zoom:.0%}": settings.zoom,
        f"contrast up to {settings.contrast:.0%}": settings.contrast,
        f"stretched up to {settings.stretch:.0%}": settings.stretch,
        f"to a power of {1 - settings.gamma:g} to {1 / (1 - settings.gamma):.3g}": settings.gamma,
        f"black borders up to {settings.border:.0%}": settings.border,
        f"{settings.randaugment} operations of RandAugment at {settings.randaugment_magnitude}":
            settings.randaugment}
    done = [words for words, reach in said.items() if reach]
    return f"Training images: {', '.join(done) or 'not changed at all'}"
