"""A training that was cut off belongs to the weights it began from, not to their file's name."""

import importlib
import json
import logging
import sys

import pytest
import torch

from house import ROOT
from osteon.backbone import create
from osteon.files import sha256
from osteon.sections.training import Backbone
from workplace import MEMBER, Workplace

pytestmark = pytest.mark.usefixtures("one_thread")


def _write(file, seed):
    backbone = create(Backbone(arch="test_resnet", normalize="symmetric"), 3, seed).backbone
    torch.save(backbone.state_dict(), file)


@pytest.mark.parametrize("replaced", [
    pytest.param(False, id="the same file"), pytest.param(True, id="another file of that name")])
def test_replaced_weights_begin_anew(tmp_path, monkeypatch, caplog, replaced):
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train", MEMBER])
    stage = importlib.import_module("stages.train")
    weights, in_the_way = tmp_path / "weights.pth", tmp_path / "plots"
    Workplace(tmp_path, weights=weights.name, train={"epochs": 2, "views": 1, "batch_size": 16})
    _write(weights, seed=1)
    in_the_way.touch()
    with pytest.raises(OSError, match="plots"):  # with all epochs done, and nothing written
        stage.main()

    in_the_way.unlink()
    if replaced:
        _write(weights, seed=2)
    with caplog.at_level(logging.INFO, logger="osteon"):
        stage.main()
    assert ("going on from epoch" in caplog.text) is not replaced
    card = json.loads((tmp_path / f"artifacts/train/{MEMBER}/card.json").read_text())
    assert card["weights"] == f"weights.pth (sha256 {sha256(weights)})"
