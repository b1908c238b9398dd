"""Runs one phase of training to its best epoch; a killed run goes on where it was."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from numpy.typing import NDArray
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from pytorch_lightning.strategies import DDPStrategy, Strategy
from torch import Tensor

from osteon import inference
from osteon.datamodule import DataModule
from osteon.errors import UserError
from osteon.module import Classifier, uses_bf16
from osteon.outcome import Fit
from osteon.progress import Curves, OnEpoch, Speed
from osteon.resume import WholeFiles
from osteon.sections.training import Phase, Trainer

log = logging.getLogger(__name__)

_BETTER = {"accuracy": "max", "auroc": "max", "loss": "min"}
# What torch and the system say where memory is at an end, besides errors of types of their own.
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")


class Patience(EarlyStopping):
    """Stops without a further epoch also where a run was cut off after its last one."""

    def on_train_start(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Remember that patience was at its end."""
        trainer.should_stop = self.wait_count >= self.patience


def balanced_weights(targets: NDArray[np.int64], classes: int) -> Tensor:
    """Weigh classes against their frequency; the mean over images is 1.

    A class that does not occur weighs nothing; how many do occur is what the others go by.
    """
    counts = np.bincount(targets, minlength=classes)
    occurring = counts > 0
    weights = np.zeros(classes)
    weights[occurring] = len(targets) / (occurring.sum() * counts[occurring])
    return torch.tensor(weights, dtype=torch.float32)


def fit(classifier: Classifier, data: DataModule, phase: Phase, trainer: Trainer,
        resume: Path | None, on_epoch: OnEpoch | None = None) -> Fit:
    """Train, keep the weights of the best epoch, and give the curves.

    `resume` is a folder that belongs to these very settings and inputs; what an interrupted run
    left there is taken up, and `epochs.jsonl` beside it gets the speed of each epoch. Without a
    folder nothing is written or shown, one device trains, and the weights of the last epoch stay.
    `on_epoch` is told the figures of each; what it raises ends the training.

    Raises:
        UserError: this machine lacks the graphics cards, not as many processes were started as the
            settings have, the loss is no number any more, memory is at an end, or somebody pressed
            Ctrl+C.
    """
    if resume:
        require_processes(trainer)
    curves = Curves(on_epoch)
    best = _Best(resume, phase) if resume else None
    machine = pl.Trainer(
        **_machine(trainer if resume else trainer.alone), max_epochs=phase.epochs,
        callbacks=[curves, *_stopping(phase), *(best.callbacks if best else [])],
        plugins=[WholeFiles()], enable_checkpointing=best is not None, logger=False,
        enable_progress_bar=best is not None,
        enable_model_summary=False, num_sanity_val_steps=0, use_distributed_sampler=False,
        default_root_dir=resume)
    classifier.train()
    with _quiet(), out_of_memory(
            f"lower {type(phase).__name__.lower()}.batch_size (now {phase.batch_size}) or "
            "preprocess.image_size_px, or take a smaller backbone"):
        machine.fit(classifier, data, ckpt_path=best.taken_up() if best else None,
                    weights_only=True)
    if machine.interrupted:
        raise UserError("interrupted; run again to go on from the last whole epoch")
    if best:
        best.load(classifier)
        machine.strategy.barrier()  # the leading process clears the folder away
    return curves.fit(phase.monitor, _BETTER.get(phase.monitor))


def require_processes(trainer: Trainer) -> None:
    """See to it that as many processes were started as the settings have.

    With fewer each would wait for the others, and with more each would train the whole.

    Raises:
        UserError: a launcher started others, or none did though there are several machines.
    """
    by, started = _launched(trainer)
    if started != trainer.processes:
        raise UserError(
            f"trainer: devices={trainer.devices} times num_nodes={trainer.num_nodes} processes "
            f"train together, and {by} started {started}; docs/machines.md has the commands")


def _launched(trainer: Trainer) -> tuple[str, int]:
    if TorchElasticEnvironment.detect():
        return "torchrun", int(os.environ["WORLD_SIZE"])
    if SLURMEnvironment.detect():  # a batch script's own processes too; srun alone numbers tasks
        return "SLURM", int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
    return "this stage by itself", trainer.devices  # Lightning starts all of one machine


class _Best:
    """The files of a training: the latest epoch, to resume from, and the best one."""

    def __init__(self, folder: Path, phase: Phase) -> None:
        self._last, self._kept = folder / "last.ckpt", folder / "best.ckpt"
        # Of each epoch; `best` alone would write its last one only when the measure has got better.
        last = ModelCheckpoint(folder, "last", enable_version_counter=False)
        self.callbacks: list[Callback] = [
            TQDMProgressBar(refresh_rate=5),
            Speed(folder.with_name("epochs.jsonl"), folder.name), last]
        if phase.monitor == "last":
            self._kept = self._last
        else:  # before the other, so that who resumes from that has this too
            self.callbacks.insert(-1, ModelCheckpoint(
                folder, "best", monitor=phase.monitor, mode=_BETTER[phase.monitor],
                enable_version_counter=False))

    def taken_up(self) -> Path | None:
        """Give the file that an interrupted run left."""
        if not self._last.is_file():
            return None
        state = torch.load(self._last, map_location="cpu", weights_only=True)
        log.info("going on from epoch %d, where an earlier run was cut off", state["epoch"] + 1)
        return self._last

    def load(self, classifier: Classifier) -> None:
        """Give the classifier the weights of the best epoch."""
        kept = torch.load(self._kept, map_location="cpu", weights_only=True)
        classifier.load_state_dict(kept["state_dict"])


def _machine(trainer: Trainer) -> dict[str, Any]:
    inference.require_devices(trainer)
    strategy: str | Strategy = trainer.strategy
    if strategy == "ddp" or trainer.processes > 1:
        # Each process validates its share, which may be a batch more than another's: statistics
        # that were broadcast at every batch would wait for ever.
        strategy = DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=True)
    return {"accelerator": trainer.accelerator, "devices": trainer.devices,
            "num_nodes": trainer.num_nodes, "strategy": strategy,
            "precision": "bf16-mixed" if uses_bf16(trainer) else "32-true"}


def _stopping(phase: Phase) -> list[Callback]:
    callbacks: list[Callback] = []
    if phase.patience:
        callbacks.append(Patience(
            phase.monitor, patience=phase.patience, mode=_BETTER[phase.monitor]))
    if phase.ema:
        callbacks.append(EMAWeightAveraging(decay=phase.ema))
    return callbacks


@contextmanager
def out_of_memory(remedy: str) -> Iterator[None]:
    """Say what helps where memory does not suffice.

    Raises:
        UserError: it does not.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
                words in str(error).lower() for words in _NO_MEMORY):
            raise
        raise UserError(f"out of memory: {remedy}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence hints that do not apply.

    Pictures lie in memory, so workers would only cost; frozen batch norm is in evaluation mode;
    a class may be missing from validation; and what an interrupted run left is in the way of
    nothing.
    """
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*number of training batches.*logging interval.*")
        warnings.filterwarnings("ignore", ".*treespec.*is deprecated.*")
        warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")
        warnings.filterwarnings("ignore", "No (positive|negative) samples in targets.*")
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty.*")
        yield
