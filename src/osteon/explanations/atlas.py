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
from osteon.explanations.attribution import Gradients, Map, grad_cam, integrated_gradients
from osteon.files import read_json
from osteon.frames import Field, Frame
from osteon.imaging import Picture, PreprocessSpec, network_input
from osteon.params import Params
from osteon.preprocessing import SPEC, open_pictures
from osteon.sections.data import Fit
from osteon.sections.verdict import Explain, Method

_AT_ONCE = 16
_PIECES = 4  # of the way from black to the image, to begin with


@dataclass(frozen=True, eq=False)
class _Piece:
    """A piece of the way from black to the image, and what was found on it."""

    span: tuple[float, float]
    found: Gradients

    @property
    def missed(self) -> float:
        """What its attributions miss of what the score gains."""
        return float(self.found.deltas[0])


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


def gradients(network: Network, pictures: Picture, classes: pd.Series, settings: Explain,
              name: str) -> tuple[dict[int, Map], dict[int, Sum]]:
    """Give Integrated Gradients of the class numbers by row, and what each adds up to."""
    maps, sums = {}, {}
    for row in tqdm(classes.index.tolist(), desc=name, unit="image"):
        image, chosen = _tensors(network, pictures, classes.loc[[row]])
        maps[row], sums[row] = _adding_up(network, image, chosen, settings)
    return maps, sums


def _adding_up(network: Network, image: Tensor, chosen: Tensor,
               settings: Explain) -> tuple[Map, Sum]:
    """Integrate in pieces, and halve the worst of them, until all adds up or took enough steps.

    Each piece should add up to what the score gains on it, so that the one that misses most is
    known: a network bends on a short piece of the way, mostly, where steps are worth the most.
    """
    each = settings.steps // _PIECES

    def integrate(start: float, end: float) -> _Piece:
        return _Piece((start, end), integrated_gradients(
            network, image, chosen, steps=each, internal_batch=settings.internal_batch,
            span=(start, end)))

    pieces = [integrate(number / _PIECES, (number + 1) / _PIECES) for number in range(_PIECES)]
    steps = each * _PIECES
    while True:
        total = Sum(sum(float(piece.found.differences[0]) for piece in pieces),
                    sum(piece.missed for piece in pieces), steps)
        steps += 2 * each
        if total.relative <= settings.tolerance or steps > settings.most_steps:
            maps = [piece.found.maps[0] for piece in pieces]
            return np.sum(maps, axis=0, dtype=np.float32), total
        worst = max(pieces, key=lambda piece: abs(piece.missed))
        start, end = worst.span
        pieces.remove(worst)
        pieces += [integrate(start, (start + end) / 2), integrate((start + end) / 2, end)]


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
    "integrated_gradients": gradients, "grad_cam": _cams}
