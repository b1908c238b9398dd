"""Trained members as ONNX graphs, each proven equal to its torch network."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from osteon import classgradient, ondemand
from osteon.backbone import Network, require_map
from osteon.combination import softmax
from osteon.errors import UserError
from osteon.files import fresh_file
from osteon.imaging import Picture, network_input

INPUT, EXPLAIN = "images", "explain"
OUTPUTS = ("logits", "features", "map", "gradient")
_MOST_AT_ONCE = 64
# A hidden unit at its kink may be on in one and off in the other, which moves a gradient a little.
_MISS = 0.02


@dataclass(frozen=True)
class Parity:
    """How far a graph is from its network.

    `probability` is the largest difference in any probability; `gradient` the miss of the class
    gradients beside their size, and the same of features and map where that is larger.
    """

    probability: float
    gradient: float


class _Served(nn.Module):
    def __init__(self, network: Network, gradient: nn.Module) -> None:
        super().__init__()
        self.network, self.gradient = network, gradient

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.feature_map(images)
        features = self.network.backbone.forward_head(maps)
        # Which layout the map has in memory is torch's affair; the gradient was traced for one.
        return self.network.head(features), features, maps, self.gradient(maps.contiguous())


def export(network: Network, file: Path, side_px: int) -> None:
    """Write a network as one ONNX file: images (batch, 1, side, side) from 0 to 1, to OUTPUTS.

    These are logits (batch, classes), the pooled features before the head (batch, features), the
    map (batch, channels, height, width) that they are pooled from, and the gradient (batch,
    classes, channels) of each logit by the map, averaged over its area. The gradient is computed
    only where the input EXPLAIN is true, and else empty; it need not be given.

    The network is moved to the processor and to a contiguous layout, and trains no more. Traces of
    the source that torch leaves in the graph are taken out: they name folders of this machine, and
    would make the bytes differ from clone to clone.

    Raises:
        UserError: the network has no map, or its gradient cannot be written.
    """
    plain = network.cpu().to(memory_format=torch.contiguous_format).eval()
    plain.requires_grad_(requires_grad=False)
    images = torch.zeros(2, 1, side_px, side_px)
    maps = plain.feature_map(images)
    require_map(plain, maps, "package", "the service could not show where it looks; choose another "
                                        "model")
    served = _Served(plain, classgradient.as_graph(plain, maps)).eval()
    with fresh_file(file) as aside:
        _write(served, images, aside, network.arch)
        model = onnx.load(aside)
        _strip(model.graph)
        ondemand.defer(model.graph, OUTPUTS[-1], EXPLAIN)
        onnx.save(model, aside)


def _write(served: _Served, images: Tensor, file: Path, arch: str) -> None:
    batch = torch.export.Dim("batch", min=1, max=_MOST_AT_ONCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            torch.onnx.export(
                served, (images,), str(file), dynamo=True, verbose=False, input_names=[INPUT],
                output_names=list(OUTPUTS), dynamic_shapes=({0: batch},), external_data=False)
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise UserError(f"package: {arch} with its class gradient cannot be written as ONNX "
                            f"({reason}); choose another model or head") from error


def _strip(graph: onnx.GraphProto) -> None:
    for part in [graph, *graph.node, *graph.value_info, *graph.input, *graph.output,
                 *graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""


def assert_parity(network: Network, file: Path, pictures: Picture, rows: NDArray[np.int64],
                  tolerance: float) -> Parity:
    """Run both on the same pictures, and say how far they are apart.

    Raises:
        UserError: further than the tolerance in probability, or than 2 % in what explains it; such
            a graph must not be served.
    """
    probability, misses = _apart(network, file, pictures, rows)
    if not probability <= tolerance:
        raise UserError(f"package: {file.name} differs from the trained network by "
                        f"{probability:.2g} in probability, more than "
                        f"package.parity={tolerance:g}")
    for name, miss in misses.items():
        if not miss <= _MISS:
            raise UserError(f"package: the {name} of {file.name} misses the trained network's by "
                            f"{miss:.2g} of its size, more than {_MISS:g}, so its heatmaps would "
                            "be of something else; choose another model or head")
    return Parity(probability, max(misses.values()))


def _apart(network: Network, file: Path, pictures: Picture,
           rows: NDArray[np.int64]) -> tuple[float, dict[str, float]]:
    """Give the largest difference in probability, and by output the miss beside its size."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns of every input that has a default
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    network = network.cpu().eval()
    differences, squares = [], np.zeros((2, len(OUTPUTS) - 1))
    for some in np.array_split(rows, -(-len(rows) // _MOST_AT_ONCE)):
        images = network_input(pictures[some])
        served, trained = _served(session, images), _trained(network, images)
        differences.append(np.abs(softmax(served[0]) - softmax(trained[0])).max())
        for number, (ours, theirs) in enumerate(zip(served[1:], trained[1:], strict=True)):
            squares[:, number] += [np.square(values).sum(dtype=np.float64)
                                   for values in (ours - theirs, theirs)]
    misses = np.sqrt(squares[0] / np.maximum(squares[1], np.finfo(float).tiny))
    return float(np.max(differences)), dict(zip(OUTPUTS[1:], misses.tolist(), strict=True))


def _served(session: onnxruntime.InferenceSession,
            images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Give OUTPUTS as the graph computes them."""
    return session.run(list(OUTPUTS), {INPUT: images, EXPLAIN: np.ones((), bool)})


def _trained(network: Network, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Give OUTPUTS as torch computes them."""
    with torch.inference_mode(mode=False), torch.no_grad():
        given = torch.from_numpy(images)
        maps, features = network.feature_map(given), network.features(given)
        found = (network.head(features), features, maps,
                 classgradient.by_autograd(network, maps))
    return [values.numpy() for values in found]
