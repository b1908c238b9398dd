"""Batches for training and validation, from preprocessed pictures or from embeddings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from osteon.imaging import Picture, network_input

Batch = tuple[Tensor, Tensor]  # inputs, class numbers


class Pictures(Dataset[Batch]):
    """Rows of a pictures file with their class numbers, a whole batch at a read."""

    def __init__(self, pictures: Picture, rows: NDArray[np.int64],
                 targets: NDArray[np.int64]) -> None:
        self._pictures, self._rows = pictures, rows
        self._targets = torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Batch:
        inputs, targets = self.__getitems__([number])
        return inputs[0], targets[0]

    def __getitems__(self, numbers: Sequence[int]) -> Batch:
        """Read a batch: float images (batch, 1, side, side) from 0 to 1, targets (batch,)."""
        chosen = np.asarray(numbers)
        images = network_input(self._pictures[self._rows[chosen]])
        return torch.from_numpy(images), self._targets[chosen]


class Embeddings(Dataset[Batch]):
    """Features that lie in memory (rows, features), with their class numbers."""

    def __init__(self, features: Tensor, targets: NDArray[np.int64]) -> None:
        self._features, self._targets = features, torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, number: int) -> Batch:
        return self._features[number], self._targets[number]

    def __getitems__(self, numbers: Sequence[int]) -> Batch:
        """Read a batch: features (batch, features), targets (batch,)."""
        return self._features[numbers], self._targets[numbers]


class DataModule(pl.LightningDataModule):
    """Shuffled training batches, whole validation batches.

    The order of an epoch depends on seed and epoch alone, so that a resumed run sees what an
    undisturbed one would have seen.
    """

    def __init__(self, train: Dataset[Batch], validation: Dataset[Batch], *, batch_size: int,
                 seed: int) -> None:
        super().__init__()
        self._train, self._validation = train, validation
        self._batch_size, self._seed = batch_size, seed

    def train_dataloader(self) -> DataLoader[Batch]:
        """Give batches of the epoch's own order, the last incomplete one left out."""
        order: DistributedSampler[Batch] = DistributedSampler(
            self._train, num_replicas=1, rank=0, shuffle=True, seed=self._seed)
        short = len(order) < self._batch_size  # one small batch is better than none
        return DataLoader(self._train, self._batch_size, sampler=order, drop_last=not short,
                          collate_fn=_whole)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Give every validation row once, in order."""
        return DataLoader(self._validation, 64, collate_fn=_whole)


def _whole(batch: Any) -> Any:
    """Leave as it is what comes as a batch already."""
    return batch
