"""The class gradient as a graph equals autograd's, for each way there is from map to logits."""

import pytest
import timm
import torch
from ruamel.yaml import YAML
from torch import nn

from house import ROOT
from osteon import classgradient
from osteon.backbone import bag, create, require_map
from osteon.errors import UserError
from osteon.head import Head
from osteon.sections.training import Backbone
from phases import HEADS, head
from pooling import AFTER, after_pooling, pooled

pytestmark = pytest.mark.usefixtures("one_thread")
BACKBONES = {entry["arch"]: entry for entry in YAML(typ="safe", pure=True).load(
    ROOT / "conf/backbones/timm.yaml").values()}


def _maps(network, count, side=16):
    images = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(count))
    with torch.no_grad():
        return network.feature_map(images)


def assert_traced(network, side=16):
    graph = classgradient.as_graph(network, _maps(network, 2, side))
    for count in (1, 5):
        maps = _maps(network, count, side)
        expected = classgradient.by_autograd(network, maps)
        miss = (graph(maps.contiguous()) - expected).norm() / expected.norm()
        assert miss < 1e-4
        assert expected.abs().max() > 0


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER)
def test_every_way_from_map_to_logits_is_traced(after):
    assert_traced(pooled(after()))


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_every_head_is_traced(changes):
    network = create(Backbone(arch="scratch_cnn", normalize="symmetric"), 3, 0, head(**changes))
    nn.init.normal_(network.head.weight)
    assert_traced(network.eval(), side=32)


def test_several_networks_as_one_are_traced():
    assert_traced(bag([pooled(after_pooling()), pooled(after_pooling())]))


def test_of_the_mean_and_a_linear_head_it_is_the_weights_over_the_area():
    network = pooled(nn.AdaptiveAvgPool2d(1), features=4)
    network.head.weight = nn.Parameter(torch.tensor(
        [[1.0, 0.0, 0.0, 2.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    found = classgradient.as_graph(network, _maps(network, 2))(_maps(network, 3))
    assert found[1].tolist() == [[1 / 64, 0, 0, 2 / 64], [0, -4 / 64, 0, 0], [0, 0, 0, 0]]


def test_of_vgg_it_is_the_weights_over_the_area():
    network = create(Backbone(arch="vgg11", normalize="imagenet"), 2, 0).eval()
    maps = _maps(network, 3, side=64)
    assert maps.shape[2:] == (2, 2)
    expected = (network.head.weight / 4).expand(3, -1, -1)
    assert torch.allclose(classgradient.by_autograd(network, maps), expected, atol=1e-7)
    assert torch.allclose(classgradient.as_graph(network, maps)(maps), expected, atol=1e-7)


@pytest.mark.proof
@pytest.mark.parametrize("arch", BACKBONES)
def test_every_backbone_there_is_can_be_traced(arch):
    assert_traced(create(Backbone.model_validate(BACKBONES[arch]), 2, 0).eval(), side=96)


def test_the_small_backbones_of_timm_can_be_traced():
    network = pooled(nn.Identity())
    network.backbone = timm.create_model("test_efficientnet", num_classes=0).eval()
    network.head = Head(network.backbone.head_hidden_size, 3, head())
    assert_traced(network, side=64)


@pytest.mark.parametrize(("shape", "layout"), [
    ((2, 5, 8), "NCHW"), ((2, 4, 4, 8), "NHWC"),
], ids=["tokens", "channels-last"])
def test_what_is_no_map_is_refused(shape, layout):
    network = pooled(nn.Identity())
    network.backbone.output_fmt = layout
    with pytest.raises(UserError, match=r"^package: the last features of scratch_cnn, .* are no map"
                                        r".*; choose another model$"):
        require_map(network, torch.zeros(shape), "package", "choose another model")


def test_layers_that_cannot_be_traced_are_refused_in_one_line():
    network = pooled(nn.Sequential(nn.Conv2d(4, 6, 3, stride=2), nn.AdaptiveAvgPool2d(1)))
    with pytest.raises(UserError, match="a strided convolution") as error:
        classgradient.as_graph(network, _maps(network, 2))
    assert "\n" not in str(error.value)
