"""A trained member comes back as it was saved."""

import pandas as pd
import pytest
import torch

from osteon import checkpoints
from osteon.backbone import create
from osteon.errors import UserError
from osteon.outcome import Fit
from osteon.sections.training import Backbone
from phases import HEADS, head

RESNET = Backbone(arch="resnet10t", normalize="symmetric")
FIT = Fit(pd.DataFrame({"epoch": [0, 1], "loss": [0.7, 0.5]}), best_epoch=1, best=0.91)


@pytest.fixture
def saved(tmp_path):
    network = create(RESNET, 2, seed=3)
    torch.nn.init.normal_(network.head.bias)
    network(torch.rand(4, 1, 32, 32))  # moves the statistics of batch norm, which are saved too
    checkpoints.save(tmp_path, network, {"member": "a"}, FIT)
    return network.eval(), tmp_path


def test_a_member_answers_as_it_did_when_saved(saved):
    network, folder = saved
    loaded = checkpoints.load(folder, RESNET, 2)
    images = torch.rand(3, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(loaded(images), network(images))
    assert not loaded.training


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_a_member_comes_back_with_its_head(tmp_path, changes):
    network = create(RESNET, 3, 0, head(**changes)).eval()
    torch.nn.init.normal_(network.head.bias)
    checkpoints.save(tmp_path, network, {}, FIT)
    loaded = checkpoints.load(tmp_path, RESNET, 3)
    images = torch.rand(2, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(loaded(images), network(images))
    assert loaded.head.settings == network.head.settings


def test_the_card_names_the_head_and_the_epoch_that_was_kept(saved):
    assert checkpoints.read_card(saved[1]) == {
        "member": "a", "best_epoch": 1, "best": 0.91,
        "head": {"hidden": [], "batch_norm": False, "dropout": 0.0, "output": "softmax",
                 "spots": False}}


def test_the_same_weights_give_the_same_bytes(saved, tmp_path_factory):
    network, folder = saved
    again = tmp_path_factory.mktemp("again")
    checkpoints.save(again, network, {"member": "a"}, FIT)
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_member_of_other_classes_is_refused_in_one_line(saved):
    with pytest.raises(UserError, match=r"model.safetensors is no resnet10t of 3 classes: "
                                        r"head.weight is \(2, 512\), not \(3, 512\)") as refused:
        checkpoints.load(saved[1], RESNET, 3)
    assert "\n" not in str(refused.value)
