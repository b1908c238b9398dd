"""Random changes to a batch of training images, drawn for each image on its own."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from osteon.params import Augment


def augment(images: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Mirror, turn, shift, zoom and change the contrast of `images` (batch, 1, side, side).

    All geometry is one bilinear resampling in float32: in half precision the sampling grid
    itself would be rounded to whole pixels and worse.
    """
    with torch.autocast(images.device.type, enabled=False):
        matrices = _matrices(len(images), settings, generator).to(images.device)
        grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
        moved = functional.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)
        gain = 1 + _uniform(len(images), settings.contrast, generator).to(images.device)
        means = moved.mean(dim=(1, 2, 3), keepdim=True)
        return ((moved - means) * gain.view(-1, 1, 1, 1) + means).clamp(0, 1)


def _matrices(count: int, settings: Augment, generator: torch.Generator) -> Tensor:
    """Draw `count` affine maps from output to input coordinates, shape (count, 2, 3)."""
    angle = _uniform(count, math.radians(settings.rotation_deg), generator)
    scale = 1 + _uniform(count, settings.zoom, generator)
    shift = _uniform(2 * count, 2 * settings.shift, generator).view(count, 2)  # the side is 2 long
    flips = torch.rand(count, generator=generator) < settings.horizontal_flip
    mirror = torch.where(flips, -1.0, 1.0)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    rows = [torch.stack([mirror * cosine, -mirror * sine, shift[:, 0]], dim=1),
            torch.stack([sine, cosine, shift[:, 1]], dim=1)]
    return torch.stack(rows, dim=1)


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(count, generator=generator) - 1) * reach
