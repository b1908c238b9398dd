"""What a training notes as it goes: the measures of each epoch, and how fast it was."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from osteon.outcome import Fit

OnEpoch = Callable[[int, dict[str, float]], None]

_MEASURED = ["train_loss", "loss", "auroc", "accuracy"]


class Curves(Callback):
    """Keeps the measures of each epoch, also across a resumption."""

    def __init__(self, on_epoch: OnEpoch | None = None) -> None:
        self._on_epoch = on_epoch
        self._rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Note the epoch's figures, and tell of them."""
        seen = trainer.callback_metrics
        figures = {name: float(seen[name]) for name in _MEASURED}
        figures["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        self._rows.append({"epoch": trainer.current_epoch, **figures})
        if self._on_epoch:
            self._on_epoch(trainer.current_epoch, figures)

    def state_dict(self) -> dict[str, Any]:
        """Save with the checkpoint."""
        return {"rows": self._rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where the checkpoint was."""
        self._rows = list(state_dict["rows"])

    def fit(self, monitor: str, mode: str | None) -> Fit:
        """Give one row an epoch, and which is the best: the first, where several are.

        Without a mode it is the last one, and its AUROC stands for it.
        """
        table = pd.DataFrame(self._rows).round(6)
        if mode is None:
            return Fit(table, int(table["epoch"].iloc[-1]), float(table["auroc"].iloc[-1]))
        scores = pd.Series([row[monitor] for row in self._rows])
        best = int(scores.idxmax() if mode == "max" else scores.idxmin())
        return Fit(table, int(table["epoch"][best]), float(table[monitor][best]))


class Speed(Callback):
    """Adds a line of JSON an epoch to a file: how long it took, how many images a second."""

    def __init__(self, file: Path, run: str) -> None:
        self._file, self._run = file, run
        self._started = self._trained = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_validation_start(self, *_: Any) -> None:
        """Note when the epoch's steps were done."""
        self._trained = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Write the line; one process does for all."""
        if not trainer.is_global_zero:
            return
        seconds = time.perf_counter() - self._started
        training = self._trained - self._started
        loader = trainer.train_dataloader
        assert loader is not None
        images = min(len(loader.sampler), trainer.num_training_batches * loader.batch_size)
        images *= trainer.world_size
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "run": self._run,
                "epoch": trainer.current_epoch, "seconds": round(seconds, 3),
                "images": images, "images_per_s": round(images / training, 1)}
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
