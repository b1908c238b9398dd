"""A backbone that also looks for single places, for findings that are small beside the picture.

Backbones end in the mean of their last map, in which one bright place of a hundred is lost. Here a
feature pyramid of their later maps (Lin and others 2017) says of each small place how much it
speaks for a finding. Features end in one more: the log-mean-exp of all places, which follows the
strongest (Pinheiro and Collobert 2015; on radiographs Wang and others 2017). Where findings are
outlined, each place learns from the outlines as well.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from osteon.errors import UserError

_RARE = -3.0  # log-odds of a finding in any place, to begin with
_FINEST = 8  # side of a place in pixels
_WIDTH = 64  # channels in which maps are joined


class Spotting(nn.Module):
    """A backbone whose features end in how strongly some place of its maps speaks for a finding.

    Before training that is 0, whatever the picture.

    Raises:
        UserError: the backbone ends in no map of channels, height and width.
    """

    def __init__(self, body: Any, arch: str) -> None:
        super().__init__()
        *below, last = body.feature_info
        self.levels = [number for number, level in enumerate(below)
                       if _FINEST <= level["reduction"] < last["reduction"]]
        if getattr(body, "output_fmt", "NCHW") != "NCHW" or not self.levels:
            raise UserError(f"head.spots: the last features of {arch} are no map of channels, "
                            "height and width; set it to false")
        self.body = body
        self.across = last["reduction"] // _FINEST  # places along one of the last map
        self.pyramid = Pyramid(
            [*(below[number]["num_chs"] for number in self.levels), body.num_features])
        self.head_hidden_size: int = body.head_hidden_size + 1

    def forward(self, images: Tensor) -> Tensor:
        """Embed images (batch, 3, side, side) as (batch, features)."""
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images: Tensor) -> Tensor:
        """Give the last feature map (batch, channels, height, width), and what its places hold.

        Behind the backbone's own channels stand the log-odds of the small places within each.
        """
        last, finer = self.body.forward_intermediates(images, indices=self.levels)
        places = self.pyramid([*finer, last])
        return torch.cat([last, functional.pixel_unshuffle(functional.interpolate(
            places, [self.across * side for side in last.shape[-2:]], mode="bilinear"),
            self.across)], dim=1)

    def forward_head(self, maps: Tensor) -> Tensor:
        """Pool what `forward_features` gives: (batch, features)."""
        own, places = self.told_apart(maps)
        count = math.log(places.shape[-2] * places.shape[-1])
        strongest = places.float().flatten(1).logsumexp(dim=1, keepdim=True) - count - _RARE
        return torch.cat([self.body.forward_head(own), strongest], dim=1)

    def told_apart(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Give the backbone's own maps, and the log-odds of each small place (batch, 1, *, *)."""
        inside = self.across ** 2
        own, places = torch.split(maps, [maps.shape[1] - inside, inside], dim=1)
        return own, functional.pixel_shuffle(places, self.across)


class Pyramid(nn.Module):
    """Maps of smaller and smaller places, joined from the coarsest down to the log-odds of each."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        *finer, last = channels
        self.top = nn.Conv2d(last, _WIDTH, kernel_size=1)
        self.sides = nn.ModuleList(nn.Conv2d(of, _WIDTH, 3, padding=1) for of in finer)
        self.smooth = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.odds = nn.Conv2d(_WIDTH, 1, kernel_size=1)
        nn.init.zeros_(self.odds.weight)
        nn.init.constant_(self.odds.bias, _RARE)  # type: ignore[arg-type]

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Give the log-odds (batch, 1, height, width) of the places of the first, finest map."""
        *finer, last = maps
        joined = self.top(last)
        for side, map_ in zip(reversed(self.sides), reversed(finer), strict=True):
            joined = side(map_) + functional.interpolate(joined, map_.shape[-2:], mode="bilinear")
        return self.odds(functional.relu(self.smooth(functional.relu(joined))))
