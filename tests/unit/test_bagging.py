"""Several networks as one: they answer as their mean, explain as one, and come back from disk."""

import numpy as np
import pandas as pd
import pytest
import torch

from osteon import checkpoints
from osteon.backbone import bag, create
from osteon.errors import UserError
from osteon.explanations.attribution import grad_cam, log_odds
from osteon.outcome import Fit, together
from osteon.sections.training import Backbone
from phases import HEADS, head

RESNET = Backbone(arch="test_resnet", normalize="symmetric")
IMAGES = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(1))
FIT = Fit(pd.DataFrame({"epoch": [0, 1], "auroc": [0.7, 0.9]}), best_epoch=1, best=0.9)

pytestmark = pytest.mark.usefixtures("one_thread")


def _networks(count=3, **changes):
    networks = [create(RESNET, 2, seed, head(**changes)).eval() for seed in range(count)]
    for network in networks:
        torch.nn.init.normal_(network.head.weight)
    return networks


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_a_bag_gives_the_mean_of_the_logits_by_every_way(changes):
    networks = _networks(**changes)
    with torch.inference_mode():
        expected = torch.stack([network(IMAGES) for network in networks]).mean(dim=0)
        found = bag(networks)
        assert torch.allclose(found(IMAGES), expected, atol=1e-5)
        assert torch.allclose(found.head(found.features(IMAGES)), expected, atol=1e-5)
        maps = found.feature_map(IMAGES)
        assert torch.allclose(found.logits_of_map(maps), expected, atol=1e-5)
        assert maps.shape[1] == 3 * networks[0].feature_map(IMAGES).shape[1]


def test_the_map_of_a_bag_is_the_mean_of_the_maps():
    networks, classes = _networks(), torch.ones(3, dtype=torch.int64)
    found = grad_cam(bag(networks), IMAGES, classes)
    parts = np.mean([grad_cam(network, IMAGES, classes) for network in networks], axis=0)
    assert np.allclose(found, parts, atol=1e-6)
    with torch.inference_mode():  # the heads have no bias yet: what the map adds up to is the score
        score = log_odds(bag(networks)(IMAGES), classes)
    assert np.allclose(found.sum(axis=(1, 2)), score, atol=1e-4)


def test_one_network_is_no_bag():
    (network,) = _networks(1)
    assert bag([network]) is network


def test_a_member_of_several_networks_comes_back_as_one_and_one_by_one(tmp_path):
    networks = _networks()
    checkpoints.save(tmp_path, networks, {"member": "a"}, FIT)
    assert checkpoints.read_card(tmp_path)["networks"] == 3
    each = checkpoints.load_each(tmp_path, RESNET, 2)
    with torch.inference_mode():
        for before, after in zip(networks, each, strict=True):
            assert torch.equal(after(IMAGES), before(IMAGES))
        assert torch.equal(checkpoints.load(tmp_path, RESNET, 2)(IMAGES), bag(each)(IMAGES))
    with pytest.raises(UserError, match=r"model\.safetensors is no test_resnet of 5 classes"):
        checkpoints.load(tmp_path, RESNET, 5)


def test_the_curves_of_a_member_are_numbered_by_fold():
    other = Fit(FIT.curves.assign(auroc=[0.5, 0.8]), best_epoch=1, best=0.8)
    found = together([FIT, other])
    assert found.curves["fold"].tolist() == [0, 0, 1, 1]
    assert (found.best_epoch, found.best) == (1, pytest.approx(0.85))
    assert together([FIT]) is FIT
