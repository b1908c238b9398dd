"""Losses that want the map of a finding to lie inside its mask.

A radiologist's outline so teaches where to look, and not only that there is something.
"""

import torch
from torch import Tensor
from torch.nn import functional

_WEIGHT = 3.0  # of a place inside a mask, since the others are many


def miss(maps: Tensor, direction: Tensor, places: Tensor) -> Tensor:
    """Give how far the maps miss the masks, as the mean of -log(share inside); 0 without a mask.

    `maps` (batch, channels, height, width) are what the backbone pools, and `direction` (channels,)
    is what the head's log-odds of the finding grow along: their product is the class activation map
    (Zhou and others 2016), whose mean is the log-odds but for the bias. Its softmax over the
    positions says how the finding's evidence is spread; the share of that inside the mask does not
    change when all evidence grows, so that this loss leaves the classification alone. `places`
    (batch, 1, side, side) are masks of any side, empty for images without one.
    """
    inside = _inside(places, maps).flatten(1)
    with torch.autocast(maps.device.type, enabled=False):
        activation = torch.einsum("bchw,c->bhw", maps.float(), direction.float()).flatten(1)
        spread = functional.log_softmax(activation, dim=1)
        shares = spread.masked_fill(~inside, -torch.inf)[inside.any(dim=1)].logsumexp(dim=1)
    return -shares.sum() / max(1, len(shares))


def unlike(spots: Tensor, places: Tensor) -> Tensor:
    """Give how unlike the masks each position's log-odds are: the mean binary cross-entropy.

    `spots` are (batch, 1, height, width), `places` as in `miss`. A position inside counts
    threefold.
    """
    return functional.binary_cross_entropy_with_logits(
        spots.float(), _inside(places, spots).float(),
        pos_weight=spots.new_tensor(_WEIGHT, dtype=torch.float32))


def _inside(places: Tensor, maps: Tensor) -> Tensor:
    """Tell of each position of the maps whether any part of it lies in the mask."""
    return functional.adaptive_max_pool2d(places, maps.shape[-2:]) > 0
