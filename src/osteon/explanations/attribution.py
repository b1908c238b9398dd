"""Which pixels speak for a class: Integrated Gradients and Grad-CAM of one network.

Both explain the log-odds of a class, log(p / (1 - p)). Logits alone would not do: a number added
to all of them changes no probability, yet each gradient.
"""

from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon.backbone import Network, require_map

Map = NDArray[np.float32]


@dataclass(frozen=True)
class Gradients:
    """Integrated Gradients of some images, and how well they add up.

    `maps` (images, side, side) sum up to `differences` (images,), the score of an image less that
    of a black one, but for `deltas` (images,): what the finite number of steps leaves over.
    """

    maps: Map
    differences: Map
    deltas: Map


class LogOdds(nn.Module):
    """The log-odds of a class (batch,), computed through the last feature map."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.map = nn.Identity()  # where Grad-CAM listens

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Score images (batch, 1, side, side) from 0 to 1 for one class number each (batch,)."""
        maps = self.map(self.network.feature_map(images))
        return log_odds(self.network.logits_of_map(maps), classes)


def log_odds(logits: Tensor, classes: Tensor) -> Tensor:
    """Give log(p / (1 - p)) of one class number each (batch,) for logits (batch, classes)."""
    chosen = nn.functional.one_hot(classes, logits.shape[1]).bool()
    others = logits.masked_fill(chosen, -torch.inf).logsumexp(dim=1)
    return logits[chosen] - others


def integrated_gradients(network: Network, images: Tensor, classes: Tensor, *, steps: int,
                         internal_batch: int, span: tuple[float, float] = (0, 1)) -> Gradients:
    """Integrate gradients from a black picture to each image (images, 1, side, side).

    After Sundararajan, Taly and Yan (2017), by Gauss-Legendre quadrature. What is black gets
    nothing. `internal_batch` steps are computed at a time, which bounds the memory. `span` is the
    piece of the way to integrate: the maps of pieces that join add up to that of the whole, and so
    do their differences.
    """
    score = LogOdds(network.eval())
    method = IntegratedGradients(score, multiply_by_inputs=True)
    start, end = (images * share for share in span)
    maps, deltas = method.attribute(
        end, start, additional_forward_args=(classes,), n_steps=steps,
        internal_batch_size=internal_batch, return_convergence_delta=True)
    with torch.inference_mode():
        differences = score(end, classes) - score(start, classes)
    return Gradients(*(_plain(values) for values in (maps[:, 0], differences, deltas)))


def grad_cam(network: Network, images: Tensor, classes: Tensor) -> Map:
    """Give Grad-CAM of images (images, 1, side, side): (images, height, width) of the last map.

    After Selvaraju and others (2017): each channel weighted by the mean of the score's gradient
    over its positions, and summed. What is negative, which they cut off, is kept here, so that
    members can be added up. Where the backbone pools by the mean and the head is linear, the sum
    over the positions is the score but for its bias.

    Raises:
        UserError: the last feature map has no height and width, as in a transformer.
    """
    score = LogOdds(network.eval())
    with torch.inference_mode():
        require_map(network, network.feature_map(images[:1]), "explain.methods",
                    "leave grad_cam out")
    cam = LayerGradCam(score, score.map)
    return _plain(cam.attribute(
        images, additional_forward_args=(classes,), relu_attributions=False)[:, 0])


def _plain(values: Tensor) -> Map:
    return values.detach().cpu().numpy().astype(np.float32)
