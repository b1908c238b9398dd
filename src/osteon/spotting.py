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

from osteon.errors import UserError

_RARE = -3.0  # log-odds of a finding in any place, to begin with


class Spotting(nn.Module):
    """A backbone whose features end in how strongly some place of its map speaks for a finding.

    Before training that is a number that does not depend on the picture.

    Raises:
        UserError: the backbone ends in no map of channels, height and width.
    """

    def __init__(self, body: Any, arch: str) -> None:
        super().__init__()
        if getattr(body, "output_fmt", "NCHW") != "NCHW":
            raise _no_map(arch)
        self.arch = arch
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
            raise _no_map(self.arch)
        strongest = self.spots(maps).float().flatten(1).logsumexp(dim=1, keepdim=True)
        return torch.cat([self.body.forward_head(maps), strongest], dim=1)


def _no_map(arch: str) -> UserError:
    return UserError(f"head.spots: the last features of {arch} are no map of channels, height and "
                     "width; set it to false")
