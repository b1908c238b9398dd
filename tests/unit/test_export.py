"""Exported graphs: every head answers and explains as the trained network, in any batch."""

from copy import deepcopy

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from osteon.backbone import bag, create
from osteon.combination import softmax
from osteon.errors import UserError
from osteon.export import EXPLAIN, INPUT, OUTPUTS, assert_parity, export
from osteon.imaging import network_input
from osteon.sections.training import Backbone
from phases import HEADS, head
from pooling import AFTER, pooled

pytestmark = pytest.mark.usefixtures("one_thread")
SCRATCH = Backbone(arch="scratch_cnn", normalize="symmetric")
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
SMALL = PICTURES[:, :16, :16]


def _network(bias, **changes):
    network = create(SCRATCH, len(bias), 0, head(**changes)).eval()
    with torch.no_grad():
        torch.nn.init.normal_(network.head.weight, std=0.05)
        network.head.bias.copy_(torch.tensor(bias))
    return network


def _exported(network, folder, side_px=32):
    file = folder / "member.onnx"
    export(deepcopy(network), file, side_px)
    return file


def _assert_equal(network, file, pictures=PICTURES):
    parity = assert_parity(network, file, pictures, np.arange(5), 1e-4)
    assert parity.probability < 1e-4
    assert parity.gradient < 1e-3


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    network = _network([0.5, -0.5, 0.0])
    return network, _exported(network, tmp_path_factory.mktemp("plain"))


def test_a_graph_gives_the_same_as_its_network(plain):
    _assert_equal(*plain)


def test_a_head_of_every_kind_of_layer_gives_the_same_as_a_graph(tmp_path):
    network = pooled(nn.AdaptiveAvgPool2d(1), features=4, **HEADS["norm, 256, 256, 128, sigmoid"])
    _assert_equal(network, _exported(network, tmp_path, 16), SMALL)


@pytest.mark.parametrize("name", ["a convolution after pooling",
                                  "a convolution of the enlarged map"])
def test_every_kind_of_layers_after_the_map_gives_the_same_as_a_graph(tmp_path, name):
    network = pooled(AFTER[name]())
    _assert_equal(network, _exported(network, tmp_path, 16), SMALL)


def test_several_networks_as_one_give_the_same_as_a_graph(tmp_path):
    network = bag([pooled(nn.AdaptiveAvgPool2d(1), features=4) for _ in range(2)])
    _assert_equal(network, _exported(network, tmp_path, 16), SMALL)


def test_what_a_graph_gives_has_the_shapes_it_says(plain):
    session = onnxruntime.InferenceSession(plain[1])
    for count in (1, 5):
        for explain, given in ((True, count), (False, 0)):
            found = session.run(None, {INPUT: network_input(PICTURES[:count]),
                                       EXPLAIN: np.array(explain)})
            assert dict(zip(OUTPUTS, [values.shape for values in found], strict=True)) == {
                "logits": (count, 3), "features": (count, 256), "map": (count, 256, 2, 2),
                "gradient": (given, 3, 256)}


def test_the_same_network_gives_the_same_bytes_that_name_no_folder(tmp_path, plain):
    network, file = plain
    again = _exported(network, tmp_path).read_bytes()
    assert again == file.read_bytes()
    assert b"site-packages" not in again


def test_the_graph_of_a_sigmoid_head_survives_where_sigmoids_underflow(tmp_path):
    network = _network([-200.0, -201.0], output="sigmoid")
    torch.nn.init.zeros_(network.head.weight)
    file = _exported(network, tmp_path)
    _assert_equal(network, file)
    session = onnxruntime.InferenceSession(file)
    [logits] = session.run(["logits"], {INPUT: network_input(PICTURES)})
    assert softmax(logits)[0] == pytest.approx([0.7310586, 0.2689414], abs=1e-6)  # e to 1


def test_a_graph_of_other_weights_is_refused(plain):
    network = deepcopy(plain[0])
    with torch.no_grad():
        network.head.bias += torch.tensor([0.01, 0.0, 0.0])
    with pytest.raises(UserError, match=r"in probability, more than package\.parity=0\.0001"):
        assert_parity(network, plain[1], PICTURES, np.arange(5), 1e-4)


class _Unlike(nn.Module):
    """Pools by the mean, with another gradient: what is added is always 0."""

    def forward(self, maps):
        return maps.mean(dim=(2, 3)) + (maps - maps.detach())[:, :, 0, 0]


def test_a_graph_that_explains_otherwise_is_refused(tmp_path):
    network = pooled(nn.AdaptiveAvgPool2d(1), features=4)
    file = _exported(network, tmp_path, 16)
    network.backbone.after = _Unlike()
    with pytest.raises(UserError, match=r"the gradient of member.onnx misses .* more than 0.02"):
        assert_parity(network, file, SMALL, np.arange(5), 1e-4)


@pytest.mark.parametrize(("name", "refusal"), [
    ("logits", r"by nan in probability"), ("gradient", r"the gradient of member\.onnx misses"),
])
def test_what_is_no_number_is_refused(tmp_path, plain, name, refusal):
    model = onnx.load(plain[1])
    [last] = [node for node in model.graph.node if name in node.output]
    last.output[0] = "before"
    model.graph.initializer.append(numpy_helper.from_array(np.float32(np.nan), "nan"))
    model.graph.node.append(onnx.helper.make_node("Mul", ["before", "nan"], [name]))
    onnx.save(model, tmp_path / "member.onnx")
    with pytest.raises(UserError, match=refusal):
        assert_parity(plain[0], tmp_path / "member.onnx", PICTURES, np.arange(5), 1e-4)


def test_a_network_without_a_map_is_refused_before_a_file_is_written(tmp_path):
    network = create(Backbone(arch="test_vit", normalize="unit"), 2, 0)
    with pytest.raises(UserError, match="package: the last features of test_vit"):
        export(network, tmp_path / "member.onnx", side_px=160)
    assert not list(tmp_path.iterdir())
