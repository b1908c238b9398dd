"""Random changes to a batch of training images, drawn for each image on its own."""

import math

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2 import InterpolationMode, RandAugment

from osteon.sections.training import Augment


def augment(images: Tensor, settings: Augment, draws: Tensor) -> Tensor:
    """Mirror, turn, shift, zoom and change the contrast of `images` (batch, 1, side, side).

    A row of `draws` (batch, 13), as `draw` gives them, decides one image and no other. All geometry
    is one bilinear resampling in float32: in half precision the sampling grid itself would be
    rounded to whole pixels and worse. RandAugment, where asked for, comes last.
    """
    with torch.autocast(images.device.type, enabled=False):
        moved = move(images, settings, draws)
        gain = (1 + _within(draws[:, 5], settings.contrast)).view(-1, 1, 1, 1)
        means = moved.mean(dim=(1, 2, 3), keepdim=True)
        changed = ((moved - means) * gain + means).clamp(0, 1)
        if settings.gamma:
            changed = changed ** _powers(draws[:, 8], settings.gamma).view(-1, 1, 1, 1)
        if settings.border:
            changed = changed * _within_borders(draws[:, 9:], settings.border, changed.shape[-1])
        return _randaugmented(changed, settings, draws[:, 6]) if settings.randaugment else changed


def move(images: Tensor, settings: Augment, draws: Tensor) -> Tensor:
    """Mirror, turn, shift, zoom and stretch alone, as `augment` does with the same draws."""
    with torch.autocast(images.device.type, enabled=False):
        grid = functional.affine_grid(
            _matrices(draws, settings), list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, "bilinear", "zeros", align_corners=False)


def draw(count: int, generator: torch.Generator) -> Tensor:
    """Draw what decides `count` images, from 0 to 1: (count, 13).

    In a row: angle, zoom, shift across and down, mirror, contrast, RandAugment; stretch, gamma, and
    the borders left, right, above and below.
    """
    angle, zoom = (torch.rand(count, generator=generator) for _ in range(2))
    shift = torch.rand(2 * count, generator=generator).view(count, 2)
    mirror, contrast, others = (torch.rand(count, generator=generator) for _ in range(3))
    late = (torch.rand(count, generator=generator) for _ in range(6))
    return torch.stack([angle, zoom, *shift.unbind(1), mirror, contrast, others, *late], dim=1)


class Augmentation:
    """Changes images as settings, seed, epoch and the image's own number decide, and nothing else.

    So an image comes out the same in whatever batch and process it is, and a resumed run repeats
    what it was cut off in.
    """

    def __init__(self, settings: Augment, images: int, seed: int) -> None:
        self._settings, self._images, self._seed = settings, images, seed
        self._epoch, self._draws = -1, torch.empty(0)

    def __call__(self, images: Tensor, numbers: Tensor, epoch: int) -> Tensor:
        """Change images (batch, 1, side, side), the `numbers` (batch,) of all there are."""
        return augment(images, self._settings, self._drawn(numbers, epoch, images.device))

    def move(self, masks: Tensor, numbers: Tensor, epoch: int) -> Tensor:
        """Take masks (batch, 1, side, side), of any side, to where the images have gone."""
        return move(masks, self._settings, self._drawn(numbers, epoch, masks.device))

    def _drawn(self, numbers: Tensor, epoch: int, device: torch.device) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self._seed * 1_000 + epoch)
            self._epoch, self._draws = epoch, draw(self._images, generator).to(device)
        return self._draws[numbers]


def _matrices(draws: Tensor, settings: Augment) -> Tensor:
    """Give the affine maps from output to input coordinates, shape (batch, 2, 3)."""
    angle = _within(draws[:, 0], math.radians(settings.rotation_deg))
    scale = 1 + _within(draws[:, 1], settings.zoom)
    shift = _within(draws[:, 2:4], 2 * settings.shift)  # the side is 2 long
    mirror = torch.where(draws[:, 4] < settings.horizontal_flip, -1.0, 1.0)
    wide = scale * (1 + _within(draws[:, 7], settings.stretch))
    cosine, sine = torch.cos(angle), torch.sin(angle)
    rows = [torch.stack([mirror * wide * cosine, -mirror * wide * sine, shift[:, 0]], dim=1),
            torch.stack([scale * sine, scale * cosine, shift[:, 1]], dim=1)]
    return torch.stack(rows, dim=1)


def _powers(draws: Tensor, reach: float) -> Tensor:
    """Give powers from 1 - reach to its inverse, darker as likely as brighter."""
    return (1 - reach) ** _within(draws, 1.0)


def _within_borders(draws: Tensor, reach: float, side: int) -> Tensor:
    """Give 0 on the borders, (batch, 4) of them drawn, and 1 within: (batch, 1, side, side)."""
    place = (torch.arange(side, device=draws.device) + 0.5) / side
    left, right, above, below = (reach * draws).unsqueeze(2).unbind(1)
    columns, rows = (place > left) & (place < 1 - right), (place > above) & (place < 1 - below)
    return (rows.unsqueeze(2) & columns.unsqueeze(1)).unsqueeze(1)


def _randaugmented(images: Tensor, settings: Augment, draws: Tensor) -> Tensor:
    """Apply RandAugment (Cubuk et al., 2020) to one image after another.

    A call draws once for all that it is given, and from the global generator, which is left as it
    was.
    """
    change = RandAugment(settings.randaugment, settings.randaugment_magnitude,
                         interpolation=InterpolationMode.BILINEAR)
    changed = []
    with torch.random.fork_rng(devices=[]):
        for image, number in zip(images, draws.tolist(), strict=True):
            # torch.manual_seed would seed each graphics card too, and nothing would undo that.
            torch.default_generator.manual_seed(int(number * 2**31))
            changed.append(change(image))
    return torch.stack(changed)


def _within(draws: Tensor, reach: float) -> Tensor:
    return (2 * draws - 1) * reach
