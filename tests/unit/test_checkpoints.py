"""A trained member comes back as it was saved, and no stale checkpoint is taken up."""

import logging
import threading
import time

import pandas as pd
import pytest
import torch

from osteon import checkpoints
from osteon.backbone import create
from osteon.checkpoints import Fit
from osteon.sections import Backbone
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
        "head": {"hidden": [], "batch_norm": False, "dropout": 0.0, "output": "softmax"}}


def test_the_same_weights_give_the_same_bytes(saved, tmp_path_factory):
    network, folder = saved
    again = tmp_path_factory.mktemp("again")
    checkpoints.save(again, network, {"member": "a"}, FIT)
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize(("settings", "content", "same"), [
    pytest.param({"seed": 1, "epochs": 3}, "rows", True, id="all as it was"),
    pytest.param({"epochs": 3, "seed": 1}, "rows", True, id="keys in another order"),
    pytest.param({"seed": 1, "epochs": 4}, "rows", False, id="another setting"),
    pytest.param({"seed": 1, "epochs": 3}, "others", False, id="another input"),
])
def test_a_checkpoint_belongs_to_its_settings_and_inputs(tmp_path, settings, content, same):
    file = tmp_path / "split.csv"
    file.write_text("rows")
    with checkpoints.resumable(tmp_path, {"seed": 1, "epochs": 3}, [file]) as first:
        pass
    file.write_text(content)
    with checkpoints.resumable(tmp_path, settings, [file]) as second:
        assert (second == first) is same


def test_what_an_interrupted_run_left_is_kept_and_cleared_after_a_whole_one(tmp_path):
    def interrupted():
        with checkpoints.resumable(tmp_path, {}, []) as folder:
            folder.mkdir()
            (folder / "last.ckpt").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    [left] = tmp_path.glob("*/last.ckpt")
    assert left.is_file()
    with checkpoints.resumable(tmp_path, {}, []) as again:
        assert again == left.parent
    assert not left.parent.exists()


def test_a_second_process_says_so_and_waits(tmp_path, caplog):
    order = []

    def second():
        with checkpoints.resumable(tmp_path, {"epochs": 9}, []):
            order.append("second")

    with caplog.at_level(logging.WARNING, logger="osteon"):
        with checkpoints.resumable(tmp_path, {}, []):
            thread = threading.Thread(target=second)
            thread.start()
            time.sleep(0.3)
            order.append("first")
        thread.join(timeout=10)
    assert order == ["first", "second"]
    assert "another process is training here" in caplog.text
    assert str(tmp_path / "lock") in caplog.text
