"""A backbone that looks for single places: what it adds, what it learns from, where it can go."""

from math import log

import numpy as np
import pytest
import timm
import torch
from torch import nn

from osteon import classgradient
from osteon.backbone import bag, create
from osteon.errors import UserError
from osteon.export import assert_parity, export
from osteon.head import Head
from osteon.sections.training import Backbone
from osteon.spotting import Spotting
from osteon.weights import load_pretrained
from phases import head

RESNET = Backbone(arch="test_resnet", normalize="symmetric")
IMAGES = torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))
PICTURES = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)

pytestmark = pytest.mark.usefixtures("one_thread")


def _network(seed=0):
    """A network that has learnt something, if only noise."""
    network = create(RESNET, 2, seed, head(spots=True)).eval()
    nn.init.normal_(network.head.weight)
    nn.init.normal_(network.backbone.pyramid.odds.weight)
    return network


def test_features_end_in_the_log_mean_exp_of_all_places():
    backbone = Spotting(create(RESNET, 2, 0).backbone, "test_resnet")
    own = torch.rand(2, backbone.body.num_features, 2, 2)
    odds = torch.full((2, 16, 2, 2), -100.0)  # 4 x 4 places in each of the last map
    odds[0, 3, 0] = torch.tensor([log(2), log(4)])
    odds[1, 0, 1, 1] = 50
    found = backbone.forward_head(torch.cat([own, odds], dim=1))
    assert found.shape == (2, backbone.head_hidden_size)
    assert found[:, -1].tolist() == pytest.approx(
        [log(6 / 64) + 3, 50 - log(64) + 3], abs=1e-5)
    assert torch.equal(found[:, :-1], backbone.body.forward_head(own))


@pytest.mark.parametrize(("arch", "side", "places"), [
    ("test_resnet", 64, 8), ("scratch_cnn", 64, 8), ("vgg16", 64, 8)])
def test_a_place_is_8_pixels_wide_and_lies_where_it_was_seen(arch, side, places):
    backbone = Spotting(create(Backbone(arch=arch, normalize="imagenet"), 2, 0).backbone, arch)
    seen = []
    backbone.pyramid.register_forward_hook(lambda _module, _given, odds: seen.append(odds))
    nn.init.normal_(backbone.pyramid.odds.weight)
    with torch.inference_mode():
        maps = backbone.eval().forward_features(torch.rand(2, 3, side, side))
        assert torch.equal(backbone.told_apart(maps)[1], seen[0])
    assert seen[0].shape == (2, 1, places, places)
    assert seen[0].std() > 0


def test_maps_that_do_not_divide_are_stretched_over_the_last():
    with torch.inference_mode():  # maps of 9, 5 and 3 places
        maps = (network := _network()).feature_map(torch.rand(2, 1, 72, 72))
        assert network.backbone.told_apart(maps)[1].shape == (2, 1, 12, 12)
        assert network.logits_of_map(maps).isfinite().all()


def test_a_change_in_a_corner_changes_the_odds_there_the_most():
    network, images = _network(), torch.zeros(1, 1, 128, 128)
    with torch.inference_mode():
        before = network.backbone.told_apart(network.feature_map(images))[1]
        images[0, 0, :16, -16:] = torch.rand(16, 16)
        after = network.backbone.told_apart(network.feature_map(images))[1]
        moved = (after - before).abs()[0, 0]
    assert divmod(int(moved.argmax()), 16) in {(0, 15), (0, 14), (1, 15), (1, 14)}


def test_before_training_no_picture_has_any():
    plain, spotting = (create(RESNET, 2, 0, head(spots=spots)).eval() for spots in (False, True))
    with torch.inference_mode():
        found, without = spotting.features(IMAGES), plain.features(IMAGES)
    assert torch.equal(found[:, :-1], without)
    assert found[:, -1].tolist() == pytest.approx([0] * 3, abs=1e-5)
    assert spotting.head.weight[:, -1].tolist() == [0, 1]  # log-odds of the last class


def test_it_trains_with_the_last_block_and_not_with_the_head_alone():
    network = create(RESNET, 2, 0, head(spots=True))
    for last, learns in ((0, False), (1, True), ("all", True)):
        network.unfreeze(last)
        assert {one.requires_grad for one in network.backbone.pyramid.parameters()} == {learns}
    network.unfreeze(1)
    frozen = [name for name, one in network.backbone.body.named_parameters()
              if not one.requires_grad]
    assert frozen == [name for name, one in _unfrozen(1).backbone.named_parameters()
                      if not one.requires_grad]


def _unfrozen(last):
    network = create(RESNET, 2, 0)
    network.unfreeze(last)
    return network


def test_somebody_elses_weights_go_into_the_backbone_below(tmp_path):
    other = timm.create_model("test_resnet", num_classes=5)
    torch.save(other.state_dict(), tmp_path / "weights.pth")
    network = create(RESNET, 2, 0, head(spots=True))
    said = load_pretrained(network.body, "test_resnet", str(tmp_path / "weights.pth"))
    assert said.startswith("weights.pth (sha256 ")
    kept = network.backbone.body.state_dict()
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in kept.items())


@pytest.mark.parametrize("count", [1, 2])
def test_its_graph_answers_and_explains_as_it_does(tmp_path, count):
    network = bag([_network(seed) for seed in range(count)])
    with torch.no_grad():
        maps = network.feature_map(IMAGES)
    expected = classgradient.by_autograd(network, maps)
    traced = classgradient.as_graph(network, maps)(maps.contiguous())
    assert (traced - expected).norm() / expected.norm() < 1e-4
    file = tmp_path / "member.onnx"
    export(bag([_network(seed) for seed in range(count)]), file, 64)
    parity = assert_parity(network, file, PICTURES, np.arange(4), 1e-4)
    assert parity.gradient < 1e-3


def test_the_strongest_place_draws_the_gradient():
    network = _network()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.weight[1, -1] = 1  # the log-mean-exp alone
    maps = torch.zeros(1, network.backbone.body.num_features + 16, 2, 2)
    maps[0, -3, 1, 0] = 20
    maps.requires_grad_()
    network.logits_of_map(maps)[0, 1].backward()
    assert maps.grad[0, -3].flatten().tolist() == pytest.approx([0, 0, 1, 0], abs=1e-5)


@pytest.mark.parametrize("arch", ["test_vit", "swin_tiny_patch4_window7_224"])
def test_a_backbone_without_a_map_is_refused(arch):
    network = Backbone(arch=arch, normalize="imagenet")
    with pytest.raises(UserError, match=rf"head\.spots: the last features of {arch} are no map"):
        create(network, 2, 0, head(spots=True))(torch.zeros(1, 1, 224, 224))


def test_a_head_counts_the_feature():
    network = create(RESNET, 3, 0, head(spots=True))
    assert isinstance(network.head, Head)
    assert network.head.in_features == network.backbone.body.head_hidden_size + 1
