"""How each class's logit changes with a network's last feature map: Grad-CAM's weights.

Autograd gives it in Python; as a graph of plain operations it can be exported beside the logits.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from osteon.backbone import Network
from osteon.errors import UserError

_ATEN = torch.ops.aten


def by_autograd(network: Network, maps: Tensor) -> Tensor:
    """Give (batch, classes, channels): the gradient by the map, averaged over its area."""
    maps = maps.detach().requires_grad_()
    with torch.enable_grad():
        logits = network.logits_of_map(maps)
        rows = [torch.autograd.grad(of_class.sum(), maps, retain_graph=True)[0].mean(dim=(2, 3))
                for of_class in logits.unbind(dim=1)]
    return torch.stack(rows, dim=1)


def as_graph(network: Network, maps: Tensor) -> nn.Module:
    """Trace `by_autograd` for any batch: a module from maps like these, two or more, to gradients.

    What is traced is the gradient by a number added to a whole channel, which is the sum over the
    channel's area: it has no height and width, so that pooling by the mean folds to nothing.

    Raises:
        UserError: the layers after the map cannot be traced.
    """
    classes = network.logits_of_map(maps).shape[1]

    def gradient(maps: Tensor) -> Tensor:
        with torch.enable_grad():
            added = torch.zeros_like(maps[:, :, :1, :1]).requires_grad_()
            logits = network.logits_of_map(maps + added)
            rows = [torch.autograd.grad(logits, added, chosen.expand_as(logits),
                                        retain_graph=True)[0] for chosen in torch.eye(classes)]
        return torch.stack(rows, dim=1).flatten(2) / (maps.shape[2] * maps.shape[3])

    try:
        # Pooling another layout than the plain one traces to operations that ONNX lacks.
        return make_fx(gradient, decomposition_table=_FOR_ONNX, tracing_mode="symbolic",
                       _allow_non_fake_inputs=True)(maps.contiguous())
    except (RuntimeError, NotImplementedError) as error:
        raise UserError(f"package: the class gradient of {network.arch} cannot be traced "
                        f"({str(error).splitlines()[0]}); choose another model or head") from None


def _convolution_backward(gradient: Tensor, _images: Tensor, weights: Tensor, _bias: Any,
                          stride: Any, padding: Any, dilation: Any, transposed: bool,  # noqa: FBT001
                          output_padding: Any, groups: int, _mask: Any) -> tuple[Any, None, None]:
    """Give the gradient by the input: the transposed convolution."""
    if transposed or any(step != 1 for step in stride):
        raise NotImplementedError("a strided convolution after the map")
    return _ATEN.convolution(gradient, weights, None, stride, padding, dilation, True,  # noqa: FBT003
                             output_padding, groups), None, None


def _pool_backward(gradient: Tensor, images: Tensor) -> Tensor:
    """Give the gradient of adaptive average pooling, which is a linear map of each axis."""
    rows, columns = (_shares(int(images.shape[axis]), int(gradient.shape[axis]))
                     for axis in (2, 3))
    return rows.T @ gradient @ columns


def _shares(size: int, pooled: int) -> Tensor:
    """Give what each of `size` cells adds to each pooled one: (pooled, size)."""
    shares = torch.zeros(pooled, size)
    for cell in range(pooled):
        start, end = cell * size // pooled, math.ceil((cell + 1) * size / pooled)
        shares[cell, start:end] = 1 / (end - start)
    return shares


# The steps backwards that the exporter to ONNX does not know, by those it does.
_FOR_ONNX: dict[Any, Callable[..., Any]] = {
    _ATEN.convolution_backward.default: _convolution_backward,
    _ATEN._adaptive_avg_pool2d_backward.default: _pool_backward}  # noqa: SLF001  # torch's own name
