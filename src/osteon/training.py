"""Runs one phase of training to its best epoch; a killed run goes on where it was."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from torch import Tensor

from osteon.checkpoints import Fit
from osteon.datamodule import DataModule
from osteon.errors import UserError
from osteon.module import Classifier
from osteon.sections import Phase, Trainer

log = logging.getLogger(__name__)

_BETTER = {"accuracy": "max", "auroc": "max", "loss": "min"}
_MEASURED = ["loss", "auroc", "accuracy"]


class Curves(Callback):
    """Keeps the measures of each epoch, also across a resumption."""

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Note the epoch's figures."""
        seen = trainer.callback_metrics
        figures = {name: float(seen[name]) for name in _MEASURED}
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        self._rows.append({"epoch": trainer.current_epoch, **figures, "learning_rate": rate})

    def on_train_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Add the training loss, which is known only after validation."""
        self._rows[-1]["train_loss"] = float(trainer.callback_metrics["train_loss"])

    def state_dict(self) -> dict[str, Any]:
        """Save with the checkpoint."""
        return {"rows": self._rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where the checkpoint was."""
        self._rows = list(state_dict["rows"])

    def table(self) -> pd.DataFrame:
        """Give one row an epoch."""
        columns = ["epoch", "train_loss", *_MEASURED, "learning_rate"]
        return pd.DataFrame(self._rows)[columns].round(6)


class Patience(EarlyStopping):
    """Stops without a further epoch also where a run was cut off after its last one."""

    def on_train_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Remember that patience was at its end."""
        trainer.should_stop = self.wait_count >= self.patience


def balanced_weights(targets: NDArray[np.int64], classes: int) -> Tensor:
    """Weigh classes against their frequency; the mean over images is 1."""
    counts = np.bincount(targets, minlength=classes)
    return torch.tensor(len(targets) / (classes * counts), dtype=torch.float32)


def fit(classifier: Classifier, data: DataModule, phase: Phase, trainer: Trainer,
        resume: Path) -> Fit:
    """Train, keep the weights of the best epoch, and give the curves.

    `resume` is a folder that belongs to these very settings and inputs; what an interrupted run
    left there is taken up.
    """
    curves, mode = Curves(), _BETTER[phase.monitor]
    best = ModelCheckpoint(resume, "best", monitor=phase.monitor, mode=mode,
                           enable_version_counter=False)
    # Of each epoch; `best` alone would write its last one only when the measure has got better.
    latest = ModelCheckpoint(resume, "last", enable_version_counter=False)
    callbacks: list[Callback] = [curves, TQDMProgressBar(refresh_rate=5), best, latest]
    if phase.patience:
        callbacks.append(Patience(phase.monitor, patience=phase.patience, mode=mode))
    if phase.ema:
        callbacks.append(EMAWeightAveraging(decay=phase.ema))
    machine = pl.Trainer(
        accelerator=trainer.accelerator, devices=1, max_epochs=phase.epochs, callbacks=callbacks,
        logger=False, enable_model_summary=False, num_sanity_val_steps=0,
        default_root_dir=resume)
    last = resume / "last.ckpt"
    if last.is_file():
        log.info("going on from epoch %d, where an earlier run was cut off", _epochs_done(last))
    classifier.train()
    with _quiet():
        machine.fit(classifier, data, ckpt_path=last if last.is_file() else None,
                    weights_only=True)
    if machine.interrupted:
        raise UserError("interrupted; run again to go on from the last whole epoch")
    kept = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    classifier.load_state_dict(kept["state_dict"])
    assert best.best_model_score is not None
    return Fit(curves.table(), int(kept["epoch"]), round(float(best.best_model_score), 6))


def _epochs_done(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, map_location="cpu", weights_only=True)["epoch"]) + 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence hints that do not apply.

    Pictures lie in memory, so workers would only cost; frozen batch norm is in evaluation mode, and
    what an interrupted run left is in the way of nothing.
    """
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*number of training batches.*logging interval.*")
        warnings.filterwarnings("ignore", ".*treespec.*is deprecated.*")
        warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty.*")
        yield
