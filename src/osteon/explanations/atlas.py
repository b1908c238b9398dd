"""Attributions of all members for the images asked for, and the ensemble's in one frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from osteon import checkpoints, inference
from osteon.backbone import Network
from osteon.explanations.attribution import Map, grad_cam, integrated_gradients
from osteon.files import read_json
from osteon.frames import Field, Frame
from osteon.imaging import Picture, PreprocessSpec, network_input
from osteon.params import Params
from osteon.preprocessing import SPEC, open_pictures
from osteon.sections.data import Fit
from osteon.sections.verdict import Explain, Method

ENSEMBLE = "ensemble"
_AT_ONCE = 16


@dataclass(frozen=True)
class Sum:
    """What Integrated Gradients of an image add up to, and by how much they miss it."""

    difference: float  # score of the image less that of a black one
    delta: float
    steps: int

    @property
    def relative(self) -> float:
        """The miss beside what it should be; of small differences beside 1, in log-odds."""
        return abs(self.delta) / max(1.0, abs(self.difference))


@dataclass(frozen=True)
class Atlas:
    """The maps of one state of the members, by member, method and row of the pictures."""

    maps: dict[str, dict[Method, dict[int, Map]]]
    sums: dict[str, dict[int, Sum]]  # by member and row; {} without Integrated Gradients
    fits: dict[str, Fit]

    def framed(self, member: str, method: Method, row: int, frame: Frame) -> Field:
        """Give a member's map in the picture's frame."""
        return frame.spread(self.maps[member][method][row], self.fits[member])

    def combined(self, weights: Mapping[str, float], method: Method, row: int,
                 frame: Frame) -> Field:
        """Add up the members' maps by their weights."""
        parts = [np.float32(weight) * self.framed(member, method, row, frame)
                 for member, weight in weights.items() if weight]
        return np.sum(parts, axis=0, dtype=np.float32)


def chart(trained: Path, pictures: Path, rows: Mapping[Method, NDArray[np.int64]],
          classes: pd.Series, settings: Params) -> Atlas:
    """Explain rows of the pictures by each method, with every member below `trained`.

    `classes` has the class number to explain, by row.
    """
    device = inference.device(settings.trainer.accelerator)
    maps: dict[str, dict[Method, dict[int, Map]]] = {}
    sums: dict[str, dict[int, Sum]] = {}
    fits: dict[str, Fit] = {}
    for member in settings.model.members:
        network = checkpoints.load(trained / member, settings.backbones[member],
                                   len(settings.dataset.labels)).to(device)
        opened = open_pictures(pictures / member)
        fits[member] = PreprocessSpec.from_json(read_json(pictures / member / SPEC)).fit
        maps[member], sums[member] = {}, {}
        for method in rows:
            name = f"{trained.name}/{member}, {method.replace('_', ' ')}"
            maps[member][method], found = _METHODS[method](
                network, opened, classes[rows[method]], settings.explain, name)
            sums[member] |= found
    return Atlas(maps, sums, fits)


def _gradients(network: Network, pictures: Picture, classes: pd.Series, settings: Explain,
               name: str) -> tuple[dict[int, Map], dict[int, Sum]]:
    maps, sums = {}, {}
    for row in tqdm(classes.index.tolist(), desc=name, unit="image"):
        image, chosen = _tensors(network, pictures, classes.loc[[row]])
        maps[row], sums[row] = _adding_up(network, image, chosen, settings)
    return maps, sums


def _adding_up(network: Network, image: Tensor, chosen: Tensor,
               settings: Explain) -> tuple[Map, Sum]:
    """Integrate in ever more steps, until the gradients add up or there have been enough."""
    steps = settings.steps
    while True:
        found = integrated_gradients(network, image, chosen, steps=steps,
                                     internal_batch=settings.internal_batch)
        total = Sum(float(found.differences[0]), float(found.deltas[0]), steps)
        steps *= 2
        if total.relative <= settings.tolerance or steps > settings.most_steps:
            return found.maps[0], total


def _cams(network: Network, pictures: Picture, classes: pd.Series, _settings: Explain,
          name: str) -> tuple[dict[int, Map], dict[int, Sum]]:
    maps: dict[int, Map] = {}
    for start in tqdm(range(0, len(classes), _AT_ONCE), desc=name, unit="batch"):
        some = classes.iloc[start:start + _AT_ONCE]
        found = grad_cam(network, *_tensors(network, pictures, some))
        maps |= dict(zip(some.index, found, strict=True))
    return maps, {}


def _tensors(network: Network, pictures: Picture, classes: pd.Series) -> tuple[Tensor, Tensor]:
    """Give the pictures and class numbers of some rows, where the network is."""
    images = torch.from_numpy(network_input(pictures[classes.index.to_numpy()]))
    numbers = torch.from_numpy(classes.to_numpy(np.int64))
    return images.to(network.mean.device), numbers.to(network.mean.device)


_METHODS: dict[Method, Callable[..., tuple[dict[int, Map], dict[int, Sum]]]] = {
    "integrated_gradients": _gradients, "grad_cam": _cams}
