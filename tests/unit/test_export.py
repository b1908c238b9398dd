"""Exported graphs: every head answers as the trained network does, in a batch of any size."""

from copy import deepcopy

import numpy as np
import onnxruntime
import pytest
import torch

from osteon.backbone import create
from osteon.combination import softmax
from osteon.errors import UserError
from osteon.export import INPUT, OUTPUT, assert_parity, export
from osteon.imaging import network_input
from osteon.sections.training import Backbone
from phases import HEADS, head

SCRATCH = Backbone(arch="scratch_cnn", normalize="symmetric")
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)


def _network(bias, **changes):
    network = create(SCRATCH, len(bias), 0, head(**changes)).eval()
    with torch.no_grad():
        torch.nn.init.normal_(network.head.weight)
        network.head.bias.copy_(torch.tensor(bias))
    return network


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_every_head_gives_the_same_probabilities_as_a_graph(tmp_path, changes):
    network, file = _network([0.5, -0.5, 0.0], **changes), tmp_path / "member.onnx"
    export(deepcopy(network), file, side_px=32)
    assert assert_parity(network, file, PICTURES, np.arange(5), 1e-4) < 1e-4


def test_the_graph_of_a_sigmoid_head_survives_where_sigmoids_underflow(tmp_path):
    network, file = _network([-200.0, -201.0], output="sigmoid"), tmp_path / "member.onnx"
    torch.nn.init.zeros_(network.head.weight)
    export(deepcopy(network), file, side_px=32)
    [logits] = onnxruntime.InferenceSession(file).run([OUTPUT], {INPUT: network_input(PICTURES)})
    assert softmax(logits)[0] == pytest.approx([0.7310586, 0.2689414], abs=1e-6)  # e to 1


def test_a_graph_of_other_weights_is_refused(tmp_path):
    network, file = _network([0.5, -0.5]), tmp_path / "member.onnx"
    export(deepcopy(network), file, side_px=32)
    with torch.no_grad():
        network.head.bias += torch.tensor([0.01, 0.0])
    with pytest.raises(UserError):
        assert_parity(network, file, PICTURES, np.arange(5), 1e-4)
