"""Random changes to a batch of training images, drawn for each image on its own."""

import math

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2 import InterpolationMode, RandAugment

from osteon.sections import Augment


def augment(images: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Mirror, turn, shift, zoom and change the contrast of `images` (batch, 1, side, side).

    All geometry is one bilinear resampling in float32: in half precision the sampling grid
    itself would be rounded to whole pixels and worse. RandAugment, where asked for, comes last.
    """
    with torch.autocast(images.device.type, enabled=False):
        matrices = _matrices(len(images), settings, generator).to(images.device)
        grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
        moved = functional.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)
        gain = 1 + _uniform(len(images), settings.contrast, generator).to(images.device)
        means = moved.mean(dim=(1, 2, 3), keepdim=True)
        changed = ((moved - means) * gain.view(-1, 1, 1, 1) + means).clamp(0, 1)
        return _randaugmented(changed, settings, generator) if settings.randaugment else changed


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


def _randaugmented(images: Tensor, settings: Augment, generator: torch.Generator) -> Tensor:
    """Apply RandAugment (Cubuk et al., 2020) to one image after another.

    A call draws once for all that it is given, and from the global generator, which is left as it
    was.
    """
    change = RandAugment(settings.randaugment, settings.randaugment_magnitude,
                         interpolation=InterpolationMode.BILINEAR)
    changed = []
    with torch.random.fork_rng(devices=[]):
        for image in images:
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            changed.append(change(image))
    return torch.stack(changed)


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(count, generator=generator) - 1) * reach
