"""A backbone that also looks for single places, for findings that are small beside the picture.

Backbones end in the mean of their last map, in which one bright place of a hundred is lost. Here a
second reading of the same map says of each place how much it speaks for a finding, and features
end in one more: the log-sum-exp of all places, which follows the strongest (Pinheiro and Collobert
2015; on radiographs Wang and others 2017). Where findings are outlined, each place learns from the
outlines as well.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from osteon.errors import UserError

_RARE = -3.0  # log-odds of a finding in any place, to begin with
_WEIGHT = 3.0  # of a place inside an outline, since the others are many


class Spotting(nn.Module):
    """A backbone whose features end in how strongly some place of its map speaks for a finding.

    Before training that is a number that does not depend on the picture.

    Raises:
        UserError: the backbone ends in no map of channels, height and width.
    """

    def __init__(self, body: Any, arch: str) -> None:
        super().__init__()
        self._no_map = UserError(f"head.spots: the last features of {arch} are no map of channels, "
                                 "height and width; set it to false")
        if getattr(body, "output_fmt", "NCHW") != "NCHW":
            raise self._no_map
        self.body = body
        self.spots = nn.Conv2d(body.num_features, 1, kernel_size=1)
        nn.init.zeros_(self.spots.weight)
        nn.init.constant_(self.spots.bias, _RARE)  # type: ignore[arg-type]
        self.head_hidden_size: int = body.head_hidden_size + 1

    def forward(self, images: Tensor) -> Tensor:
        """Embed images (batch, 3, side, side) as (batch, features)."""
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images: Tensor) -> Tensor:
        """Give the last feature map (batch, channels, height, width)."""
        maps: Tensor = self.body.forward_features(images)
        return maps

    def forward_head(self, maps: Tensor) -> Tensor:
        """Pool what `forward_features` gives: (batch, features)."""
        if maps.ndim != 4:
            raise self._no_map
        strongest = self.spots(maps).float().flatten(1).logsumexp(dim=1, keepdim=True)
        return torch.cat([self.body.forward_head(maps), strongest], dim=1)


def unlike(spots: Tensor, outlines: Tensor) -> Tensor:
    """Give how unlike the outlines each place's log-odds are: the mean binary cross-entropy.

    `spots` are (batch, 1, height, width), `outlines` (batch, 1, side, side) of any side, empty for
    images without a finding. A place is inside if any part of it is; it counts threefold then.
    """
    inside = (functional.adaptive_max_pool2d(outlines, spots.shape[-2:]) > 0).float()
    return functional.binary_cross_entropy_with_logits(
        spots.float(), inside, pos_weight=spots.new_tensor(_WEIGHT, dtype=torch.float32))
