"""Several networks of one kind as one: features and maps side by side, the mean of the logits."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from osteon.head import Head


class Backbones(nn.Module):
    """Backbones that see the same images; what each gives stands beside that of the others."""

    def __init__(self, parts: Sequence[Any]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.head_hidden_size = sum(part.head_hidden_size for part in parts)

    def forward(self, images: Tensor) -> Tensor:
        """Embed images as (batch, features of all)."""
        return torch.cat([part(images) for part in self.parts], dim=1)

    def forward_features(self, images: Tensor) -> Tensor:
        """Give the last feature maps (batch, channels of all, height, width)."""
        return torch.cat([part.forward_features(images) for part in self._parts()], dim=1)

    def forward_head(self, maps: Tensor) -> Tensor:
        """Pool what `forward_features` gives: (batch, features of all)."""
        parts = self._parts()
        return torch.cat([part.forward_head(own) for part, own in zip(
            parts, maps.chunk(len(parts), dim=1), strict=True)], dim=1)

    def _parts(self) -> list[Any]:
        return list(self.parts)


class Heads(nn.Module):
    """Heads that each read the features of their own backbone.

    The mean of their logits is the geometric mean of their probabilities. It keeps Grad-CAM exact,
    since a map's share in a mean is a share of its logit.
    """

    def __init__(self, parts: Sequence[Head]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.settings, self.output = parts[0].settings, parts[0].output

    def forward(self, features: Tensor) -> Tensor:
        """Give logits (batch, classes) for (batch, features of all)."""
        own = features.chunk(len(self.parts), dim=1)
        return torch.stack([part(some) for part, some in zip(
            self.parts, own, strict=True)]).mean(dim=0)
