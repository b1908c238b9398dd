"""The network: a backbone that takes grey pictures from 0 to 1, and a head of its own."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from osteon import architectures
from osteon.bagging import Backbones, Heads
from osteon.errors import UserError
from osteon.head import LINEAR, Head
from osteon.sections.training import Backbone, Blocks, Output
from osteon.sections.training import Head as HeadSettings
from osteon.spotting import Spotting

_NORMALIZE = {  # mean and deviation per colour channel
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "symmetric": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


class Network(nn.Module):
    """Grey pictures in, logits out: normalisation, backbone and head in one graph.

    Normalisation lies inside, so that an exported network cannot be fed otherwise.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: Backbone, classes: int, head: HeadSettings = LINEAR) -> None:
        super().__init__()
        self.arch = backbone.arch
        self.backbone = architectures.make(backbone.arch)
        if head.spots:
            self.backbone = Spotting(self.backbone, backbone.arch)
        self.head = Head(self.backbone.head_hidden_size, classes, head)
        if head.spots and head.is_linear and classes == 2:
            with torch.no_grad():  # where a spot speaks for a finding, that is the last class
                self.head.weight[:, -1] = torch.tensor([0.0, 1.0])
        self.output: Output = head.output
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1)
                           for values in _NORMALIZE[backbone.normalize])
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)

    @property
    def body(self) -> Any:
        """What somebody else may have trained: the backbone, without what is added to it here."""
        return self.backbone.body if isinstance(self.backbone, Spotting) else self.backbone

    def features(self, images: Tensor) -> Tensor:
        """Embed images (batch, 1, side, side) from 0 to 1 as (batch, features)."""
        features: Tensor = self.backbone(self._normalised(images))
        return features

    def feature_map(self, images: Tensor) -> Tensor:
        """Give the backbone's last feature map (batch, channels, height, width) of images.

        It is what the backbone pools; `logits_of_map` goes on from there.
        """
        maps: Tensor = self.backbone.forward_features(self._normalised(images))
        return maps

    def logits_of_map(self, maps: Tensor) -> Tensor:
        """Give logits (batch, classes) for what `feature_map` gives."""
        logits: Tensor = self.head(self.backbone.forward_head(maps))
        return logits

    def scores_of_map(self, maps: Tensor) -> Tensor:
        """Give what the loss is made of (batch, classes) for what `feature_map` gives."""
        return self.head.scores(self.backbone.forward_head(maps))

    def scores(self, images: Tensor) -> Tensor:
        """Give what the loss is made of (batch, classes) for images as `forward` takes them."""
        return self.head.scores(self.features(images))

    def forward(self, images: Tensor) -> Tensor:
        """Give logits (batch, classes) for images (batch, 1, side, side) from 0 to 1."""
        logits: Tensor = self.head(self.features(images))
        return logits

    def unfreeze(self, last: Blocks) -> None:
        """Let the head and the last so many blocks of the backbone train, or all of it.

        With more blocks than there are, all of it trains; with 0, the head alone.
        """
        blocks = _blocks(self.backbone)
        frozen = 0 if last == "all" else max(0, len(blocks) - last)
        free = set().union(*blocks[frozen:])
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(name in free)

    def _normalised(self, images: Tensor) -> Tensor:
        normal = (images - self.mean) / self.deviation  # one grey channel becomes three
        return normal.contiguous(memory_format=torch.channels_last)


def create(backbone: Backbone, classes: int, seed: int, head: HeadSettings = LINEAR) -> Network:
    """Make a network with random weights that depend on the seed alone."""
    torch.manual_seed(seed)
    return Network(backbone, classes, head).to(memory_format=torch.channels_last)


def bag(networks: Sequence[Network]) -> Network:
    """Make one network of several of a kind: features side by side, the mean of the logits.

    It predicts, explains and exports as any other, and is not to be trained.
    """
    if len(networks) == 1:
        return networks[0]
    found = deepcopy(networks[0])
    found.backbone = Backbones([network.backbone for network in networks])
    found.head = Heads([network.head for network in networks])  # type: ignore[assignment]
    return found


def require_map(network: Network, maps: Tensor, setting: str, remedy: str) -> None:
    """See to it that what `feature_map` gave are maps (batch, channels, height, width).

    Raises:
        UserError: they are none, as in a transformer; it names the setting, and what mends it.
    """
    backbones = [network.backbone, *getattr(network.backbone, "parts", ())]  # several as one
    last = any(getattr(backbone, "output_fmt", "") == "NHWC" for backbone in backbones)
    if maps.ndim != 4 or last:
        raise UserError(f"{setting}: the last features of {network.arch}, {tuple(maps.shape[1:])}, "
                        f"are no map of channels, height and width; {remedy}")


def fingerprint(network: Network) -> str:
    """Hash what decides a network's features of a picture: its weights, how it normalises."""
    normal = [network.mean.flatten().tolist(), network.deviation.flatten().tolist()]
    return f"{network.arch} {architectures.digest(network.backbone)} {normal}"


def _blocks(backbone: Any) -> list[set[str]]:
    """Name the parameters of each block, from the input on; what looks for spots is of the last."""
    if not isinstance(backbone, Spotting):
        return architectures.blocks(backbone)
    *below, last = ({f"body.{name}" for name in names}
                    for names in architectures.blocks(backbone.body))
    return [*below, last | {f"pyramid.{name}" for name, _ in backbone.pyramid.named_parameters()}]
