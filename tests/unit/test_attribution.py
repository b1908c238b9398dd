"""Attributions equal what can be worked out by hand, and say how far they can be believed."""

import numpy as np
import pytest
import torch
from torch import nn

from osteon.backbone import Network, create
from osteon.errors import UserError
from osteon.explanations.attribution import grad_cam, integrated_gradients, log_odds
from osteon.sections.training import Backbone

pytestmark = pytest.mark.usefixtures("one_thread")
LAST = torch.tensor([1])


class TwoChannels(nn.Module):
    """A linear backbone: the picture, and twice the picture."""

    head_hidden_size = 2

    def forward(self, pictures):
        return self.forward_head(self.forward_features(pictures))

    def forward_features(self, pictures):
        return torch.cat([pictures[:, :1], 2 * pictures[:, 1:2]], dim=1)

    def forward_head(self, maps):
        return maps.mean(dim=(2, 3))


@pytest.fixture
def linear():
    """Log-odds of class 1 are 3 times the first feature less the second, and 0.5."""
    network = Network(Backbone(arch="scratch_cnn", normalize="unit"), 2)
    network.backbone = TwoChannels()
    network.head.weight = nn.Parameter(torch.tensor([[-1.0, 1.0], [2.0, 0.0]]))
    network.head.bias = nn.Parameter(torch.tensor([0.0, 0.5]))
    return network


PICTURE = torch.tensor([[[[0.0, 0.2], [0.4, 1.0]]]])
# Each pixel adds (3 * 1 - 1 * 2) / 4 of itself to the log-odds.
BY_HAND = [[0.0, 0.05], [0.1, 0.25]]


def _tiny(classes=2, arch="test_resnet"):
    network = create(Backbone(arch=arch, normalize="symmetric"), classes, seed=3).eval()
    nn.init.normal_(network.head.weight, std=1.0, generator=torch.Generator().manual_seed(1))
    return network


def _pictures(count=2, side=32):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("probabilities", "number", "expected"), [
    ([0.5, 0.5], 1, 0.0),
    ([0.2, 0.8], 1, np.log(4)),
    ([0.2, 0.8], 0, -np.log(4)),
    ([0.2, 0.3, 0.5], 2, 0.0),
    ([0.2, 0.3, 0.5], 0, -np.log(4)),
], ids=["even", "likely", "the-other", "half-of-three", "a-fifth-of-three"])
def test_the_score_is_the_log_odds_whatever_is_added_to_all_logits(
        probabilities, number, expected):
    logits = torch.log(torch.tensor([probabilities])) + 7
    assert log_odds(logits, torch.tensor([number])).item() == pytest.approx(expected, abs=1e-5)


def test_integrated_gradients_of_a_linear_network_are_known_in_closed_form(linear):
    found = integrated_gradients(linear, PICTURE, LAST, steps=8, internal_batch=3)
    assert found.maps[0] == pytest.approx(np.array(BY_HAND), abs=1e-6)
    assert found.differences.tolist() == pytest.approx([0.4])
    assert found.deltas.tolist() == pytest.approx([0.0], abs=1e-6)


def test_what_speaks_for_one_of_two_classes_speaks_against_the_other(linear):
    found = integrated_gradients(linear, PICTURE, torch.tensor([0]), steps=8, internal_batch=8)
    assert found.maps[0] == pytest.approx(-np.array(BY_HAND), abs=1e-6)


def test_grad_cam_of_a_linear_network_sums_up_to_the_score_but_for_the_bias(linear):
    found = grad_cam(linear, PICTURE, LAST)[0]
    assert found == pytest.approx(np.array(BY_HAND), abs=1e-6)
    score = log_odds(linear(PICTURE), LAST).item()
    assert found.sum() == pytest.approx(score - 0.5, abs=1e-6)


@pytest.mark.parametrize("arch", ["test_resnet", "scratch_cnn", "mobilenetv2_100"])
def test_grad_cam_is_of_what_the_backbone_pools(arch):
    network, images = _tiny(arch=arch), _pictures()
    with torch.no_grad():
        score = log_odds(network(images), torch.tensor([1, 1]))
        bias = (network.head.bias[1] - network.head.bias[0]).item()
    found = grad_cam(network, images, torch.tensor([1, 1]))
    assert found.shape[1:] == {"scratch_cnn": (2, 2)}.get(arch, (1, 1))
    assert found.sum(axis=(1, 2)) == pytest.approx(score.numpy() - bias, rel=1e-3, abs=1e-4)


def test_gradients_of_a_deep_network_add_up_given_enough_steps():
    network, images = _tiny(3), _pictures()
    few, many = (integrated_gradients(network, images, torch.tensor([2, 0]), steps=steps,
                                      internal_batch=64) for steps in (2, 128))
    assert many.maps.sum(axis=(1, 2)) == pytest.approx(many.differences + many.deltas, abs=1e-4)
    assert np.abs(many.deltas / many.differences).max() < 0.02
    assert np.abs(few.deltas).max() > 3 * np.abs(many.deltas).max()


def test_pieces_of_the_way_add_up_to_the_whole():
    network, images = _tiny(), _pictures(1)
    whole, *pieces = (integrated_gradients(network, images, LAST, steps=128, internal_batch=64,
                                           span=span) for span in ((0, 1), (0, 0.25), (0.25, 1)))
    assert sum(piece.differences[0] for piece in pieces) == pytest.approx(
        whole.differences[0], abs=1e-5)
    assert sum(piece.maps for piece in pieces) == pytest.approx(whole.maps, rel=0.05, abs=1e-3)


def test_the_difference_is_that_of_the_scores():
    network, images = _tiny(), _pictures(1)
    found = integrated_gradients(network, images, LAST, steps=8, internal_batch=8)
    with torch.no_grad():
        score, black = (log_odds(network(some), LAST).item()
                        for some in (images, torch.zeros_like(images)))
    assert found.differences[0] == pytest.approx(score - black, abs=1e-5)


def test_an_image_is_explained_alike_alone_and_among_others():
    network, images, numbers = _tiny(3), _pictures(18), torch.arange(18) % 3
    together, alone = (grad_cam(network, images[rows], numbers[rows])[-1]
                       for rows in (slice(None), slice(17, 18)))
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-5)


def test_grad_cam_refuses_a_network_without_a_map():
    network = _tiny(arch="test_vit")
    with pytest.raises(UserError, match=r"explain.methods: .* are no map .*; leave grad_cam out$"):
        grad_cam(network, _pictures(1, side=160), LAST)
