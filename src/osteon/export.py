"""Trained members as ONNX graphs, each proven equal to its torch network."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from osteon import inference
from osteon.backbone import Network
from osteon.combination import softmax
from osteon.errors import UserError
from osteon.files import fresh_file
from osteon.imaging import Picture, network_input

INPUT, OUTPUT = "images", "logits"
_MOST_AT_ONCE = 64


def export(network: Network, file: Path, side_px: int) -> None:
    """Write a network as one ONNX file: images (batch, 1, side, side) from 0 to 1, to logits.

    The network is moved to the processor and to a contiguous layout. Traces of the source that
    torch leaves in the graph are taken out: they name folders of this machine, and would make the
    bytes differ from clone to clone.
    """
    plain = network.cpu().to(memory_format=torch.contiguous_format).eval()
    batch = torch.export.Dim("batch", min=1, max=_MOST_AT_ONCE)
    with fresh_file(file) as aside:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                plain, (torch.zeros(2, 1, side_px, side_px),), str(aside), dynamo=True,
                verbose=False, input_names=[INPUT], output_names=[OUTPUT],
                dynamic_shapes=({0: batch},), external_data=False)
        model = onnx.load(aside)
        _strip(model.graph)
        onnx.save(model, aside)


def _strip(graph: onnx.GraphProto) -> None:
    for part in [graph, *graph.node, *graph.value_info, *graph.input, *graph.output,
                 *graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""


def assert_parity(network: Network, file: Path, pictures: Picture, rows: NDArray[np.int64],
                  tolerance: float) -> float:
    """Run both on the same pictures; give the largest difference in any probability.

    Raises:
        UserError: it is above the tolerance; such a graph must not be served.
    """
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    served = np.concatenate([
        session.run([OUTPUT], {INPUT: network_input(pictures[some])})[0]
        for some in np.array_split(rows, -(-len(rows) // _MOST_AT_ONCE))])
    trained = inference.logits(network, pictures, rows, torch.device("cpu"))
    difference = float(np.abs(softmax(served) - softmax(trained)).max())
    if not difference <= tolerance:
        raise UserError(f"package: {file.name} differs from the trained network by {difference:.2g}"
                        f" in probability, more than package.parity={tolerance:g}")
    return difference
