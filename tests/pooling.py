"""Small networks that differ in what lies between their last feature map and their head."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from osteon.backbone import Network
from osteon.head import Head
from osteon.sections.training import Backbone
from phases import head


class Pooled(nn.Module):
    """A backbone of one convolution, with the layers after its map as a test chooses."""

    def __init__(self, after: nn.Module, features: int) -> None:
        super().__init__()
        self.head_hidden_size = features
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.after = after

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(pictures))

    def forward_features(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.first(pictures))

    def forward_head(self, maps: torch.Tensor) -> torch.Tensor:
        return self.after(maps).flatten(1)


def pooled(after: nn.Module, features: int = 6, **changes: Any) -> Network:
    """Make a network of three classes with these layers between map and head."""
    torch.manual_seed(2)
    network = Network(Backbone(arch="scratch_cnn", normalize="symmetric"), 3, head(**changes))
    network.backbone = Pooled(after, features)
    network.head = Head(features, 3, network.head.settings)
    nn.init.normal_(network.head.weight)
    return network.eval()


def after_pooling() -> nn.Module:
    """Give what MobileNetV3 has: a convolution of the pooled map."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 6, 1), nn.Hardswish())


def before_pooling(side: int) -> nn.Module:
    """Give a convolution that stands for a dense layer, of a map brought to a size."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(side), nn.Conv2d(4, 6, 5, padding=1), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1))


# Of pictures of 16 pixels, whose map has 8.
AFTER = {
    "a convolution after pooling": after_pooling,
    "a convolution of the map": lambda: before_pooling(8),
    "a convolution of the enlarged map": lambda: before_pooling(11),
    "a convolution of the shrunk map": lambda: before_pooling(5),
}
