"""A small convolutional network of our own, for training from scratch.

It stands beside timm's backbones by the same interface. After the published fracture / no
fracture network: convolutions of several filter sizes, ReLU, max pooling. The dense layers, their
dropout and the softmax are the head's; the L2 penalty is the weight decay of the optimiser `adam`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

ARCH = "scratch_cnn"
_FILTERS = ((7, 32), (5, 64), (3, 128), (3, 256))  # side in pixels, number; coarse shapes first


class ScratchCnn(nn.Module):
    """Pictures (batch, 3, side, side) in, features (batch, 256) out, for sides of 16 and more."""

    num_features = head_hidden_size = _FILTERS[-1][1]
    pretrained_cfg: ClassVar[dict[str, Any]] = {}  # nobody published weights
    feature_info: ClassVar[list[dict[str, int]]] = [
        {"reduction": 2 ** block, "num_chs": number}
        for block, (_, number) in enumerate(_FILTERS, start=1)]

    def __init__(self) -> None:
        super().__init__()
        widths = [3, *(number for _, number in _FILTERS)]
        self.blocks = nn.Sequential(*(
            _block(before, number, side)
            for before, (side, number) in zip(widths, _FILTERS, strict=False)))

    def forward(self, pictures: Tensor) -> Tensor:
        """Give the mean of each last feature map, so that pictures may have any size."""
        return self.forward_head(self.forward_features(pictures))

    def forward_features(self, pictures: Tensor) -> Tensor:
        """Give the last feature map (batch, 256, height, width), as timm's backbones do."""
        maps: Tensor = self.blocks(pictures)
        return maps

    def forward_intermediates(self, pictures: Tensor, indices: Sequence[int]) -> tuple[
            Tensor, list[Tensor]]:
        """Give the last feature map and those of chosen blocks, as timm's backbones do."""
        maps = [pictures]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[-1], [maps[1 + index] for index in indices]

    def forward_head(self, maps: Tensor) -> Tensor:
        """Pool the last feature map."""
        return maps.mean(dim=(2, 3))

    def group_matcher(self, *, coarse: bool = False) -> dict[str, str]:  # noqa: ARG002
        """Say what a block is, as timm's backbones do."""
        return {"blocks": r"^blocks\.(\d+)"}


def _block(before: int, number: int, side: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, number, side, padding=side // 2)
    # torch's own start shrinks the signal by a factor at each layer; nothing here norms it again.
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
