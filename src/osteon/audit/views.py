"""What a frozen backbone makes of each picture and of its augmented views."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon import inference
from osteon.audit.probes import Floats
from osteon.augment import augment, draw
from osteon.backbone import create
from osteon.embeddings import Transform, embed, kept_of
from osteon.imaging import Picture
from osteon.module import uses_bf16
from osteon.records import Part
from osteon.sections.training import Augment, Backbone, Trainer
from osteon.weights import load_pretrained

# As the published pipelines augment: mirrored, turned to 15 degrees, zoomed and shifted to a tenth.
AUGMENT = Augment(horizontal_flip=0.5, rotation_deg=15.0, shift=0.1, zoom=0.1, contrast=0.2,
                  randaugment=0, randaugment_magnitude=0)


@dataclass(frozen=True)
class Shared:
    """Where embeddings are kept, and all rows of each part, as a member's training has them."""

    cache: Path
    parts: Mapping[Part, NDArray[np.int64]]


class Frozen:
    """A backbone that learns nothing here; `weights` says in words where its own came from.

    Raises:
        UserError: there is no such architecture, or the weights cannot be had or do not fit.
    """

    def __init__(self, backbone: Backbone, weights: str, trainer: Trainer, seed: int) -> None:
        self._network = create(backbone, 1, seed)
        self._seed, self._bf16 = seed, uses_bf16(trainer)
        self._device = inference.device(trainer.accelerator)
        self.arch, self.precision = backbone.arch, "bf16" if self._bf16 else "fp32"
        self.weights = (f"none: random weights, seed {seed}" if weights == "none" else
                        load_pretrained(self._network.body, backbone.arch, weights))

    def embed(self, pictures: Picture, rows: NDArray[np.int64], views: int,
              shared: Shared | None = None) -> Floats:
        """Embed rows of pictures as they are and in `views` changed ways.

        Gives (rows, 1 + views, features). The changes are drawn for each view of each picture on
        its own. Pictures as they are, are shared with the training of a member, if `shared` says
        where its embeddings lie.
        """
        draws = draw(views * len(rows), torch.Generator().manual_seed(self._seed))

        def change(images: Tensor, numbers: Tensor) -> Tensor:
            return augment(images, AUGMENT, draws[numbers].to(images.device))

        found = np.empty((len(rows), 1 + views, self._network.backbone.head_hidden_size),
                         np.float32)
        found[:, 0] = (self._shared(pictures, rows, shared) if shared else
                       self._run(pictures, rows))
        changed = self._run(pictures, np.tile(rows, views), change)
        found[:, 1:] = changed.reshape(views, len(rows), -1).transpose(1, 0, 2)
        return found

    def _run(self, pictures: Picture, rows: NDArray[np.int64],
             transform: Transform | None = None) -> Floats:
        return embed(self._network, pictures, rows, bf16=self._bf16, device=self._device,
                     transform=transform).numpy()

    def _shared(self, pictures: Picture, rows: NDArray[np.int64], shared: Shared) -> Floats:
        """Take each part as training embeds it; the test part, which it does not, as validation."""
        found = np.empty((len(rows), self._network.backbone.head_hidden_size), np.float32)
        for part, whole in shared.parts.items():
            own = np.isin(rows, whole)
            if own.any():
                found[own] = kept_of(shared.cache, self._network, pictures, rows[own], whole,
                                     bf16=self._bf16 and part == "train",
                                     device=self._device).numpy()
        return found
