"""What a frozen backbone makes of each picture and of its augmented views."""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon import inference
from osteon.audit.probes import Floats
from osteon.augment import augment, draw
from osteon.backbone import create, load_pretrained
from osteon.embeddings import embed
from osteon.imaging import Picture
from osteon.module import uses_bf16
from osteon.sections.training import Augment, Backbone, Trainer

# As the published pipelines augment: mirrored, turned to 15 degrees, zoomed and shifted to a tenth.
AUGMENT = Augment(horizontal_flip=0.5, rotation_deg=15.0, shift=0.1, zoom=0.1, contrast=0.2,
                  randaugment=0, randaugment_magnitude=0)


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
                        load_pretrained(self._network, backbone.arch, weights))

    def embed(self, pictures: Picture, rows: NDArray[np.int64], views: int) -> Floats:
        """Embed rows of pictures as they are and in `views` changed ways.

        Gives (rows, 1 + views, features). The changes are drawn for each view of each picture on
        its own.
        """
        run = partial(embed, self._network, pictures, bf16=self._bf16, device=self._device)
        draws = draw(views * len(rows), torch.Generator().manual_seed(self._seed))

        def change(images: Tensor, numbers: Tensor) -> Tensor:
            return augment(images, AUGMENT, draws[numbers].to(images.device))

        plain = run(rows)
        changed = run(np.tile(rows, views), transform=change)
        return torch.cat([plain, changed]).view(1 + views, len(rows), -1).transpose(
            0, 1).contiguous().numpy()
