"""Batches for training and validation, from preprocessed pictures or from embeddings."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from osteon.imaging import Picture
from osteon.module import Batch
from osteon.sections.training import Sampling

_VALIDATED_AT_ONCE = 64


class Pictures(Dataset[Batch]):
    """Rows of a pictures file with their class numbers, a whole batch at a read."""

    def __init__(self, pictures: Picture, rows: NDArray[np.int64],
                 targets: NDArray[np.int64]) -> None:
        self._pictures, self._rows = pictures, rows
        self.targets = torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitems__(self, numbers: Sequence[int]) -> Batch:
        """Read a batch: images (batch, 1, side, side) of 8 bits, targets and numbers (batch,).

        They stay bytes: a graphics card gets them in a quarter of the time.
        """
        chosen = torch.tensor(numbers)
        images = torch.from_numpy(self._pictures[self._rows[chosen.numpy()]])
        return images.unsqueeze(1), self.targets[chosen], chosen


class Embeddings(Dataset[Batch]):
    """Features (rows, features) that lie in memory, with their class numbers (rows,)."""

    def __init__(self, features: Tensor, targets: NDArray[np.int64]) -> None:
        self.features, self.targets = features, torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self.features)

    def __getitems__(self, numbers: Sequence[int]) -> Batch:
        """Read a batch: features (batch, features), targets and numbers (batch,)."""
        chosen = torch.tensor(numbers)
        return self.features[chosen], self.targets[chosen], chosen


Examples = Pictures | Embeddings


class Balanced(DistributedSampler[Any]):
    """Draws each class as often, with repetition; an epoch is as long as without."""

    def __init__(self, train: Dataset[Batch], targets: Tensor, processes: int, rank: int,
                 seed: int) -> None:
        super().__init__(train, processes, rank, seed=seed, drop_last=True)
        self._chances = 1 / torch.bincount(targets)[targets].double()

    def __iter__(self) -> Iterator[int]:
        """Give this process's images of the epoch, every n-th of those that are drawn for all."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        drawn = torch.multinomial(self._chances, self.total_size, replacement=True,
                                  generator=generator)
        return iter(drawn[self.rank::self.num_replicas].tolist())


class DataModule(pl.LightningDataModule):
    """Shuffled training batches, whole validation batches.

    The order of an epoch depends on seed and epoch alone, so that a resumed run sees what an
    undisturbed one would have seen. `batch_size` is of all processes together: each takes its
    share of every batch, and of validation. No image is seen twice in an epoch, unless `sampling`
    is balanced.
    """

    def __init__(self, train: Examples, validation: Examples, *, batch_size: int, seed: int,
                 sampling: Sampling = "natural") -> None:
        super().__init__()
        self._train, self._validation = train, validation
        self._batch_size, self._seed, self._sampling = batch_size, seed, sampling

    def train_dataloader(self) -> DataLoader[Batch]:
        """Give batches of the epoch's own order, the last incomplete one left out."""
        rank, processes = self._place()
        # Of the shuffled images a process takes every n-th: its share of each batch in turn.
        order: DistributedSampler[Any] = (
            Balanced(self._train, self._train.targets, processes, rank, self._seed)
            if self._sampling == "balanced" else DistributedSampler(
                self._train, processes, rank, shuffle=True, seed=self._seed, drop_last=True))
        share = self._batch_size // processes
        short = len(order) < share  # one small batch is better than none
        return DataLoader(self._train, share, sampler=order, drop_last=not short,
                          collate_fn=_whole, pin_memory=self._pinned())

    def val_dataloader(self) -> DataLoader[Batch]:
        """Give every validation row once, in order."""
        rank, processes = self._place()
        rows = range(rank, len(self._validation), processes)
        return DataLoader(self._validation, _VALIDATED_AT_ONCE, sampler=rows, collate_fn=_whole,
                          pin_memory=self._pinned())

    def _place(self) -> tuple[int, int]:
        """Say which of how many processes this one is."""
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size

    def _pinned(self) -> bool:
        """Say whether batches go to a graphics card, which takes them from pinned memory faster."""
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"


def _whole(batch: Any) -> Any:
    """Leave as it is what comes as a batch already."""
    return batch
