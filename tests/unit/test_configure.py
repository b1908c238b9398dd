"""What the settings name and this machine or timm lacks is refused before any stage works."""

import importlib
import json

import pytest
import torch
from ruamel.yaml import YAML

from house import ROOT
from osteon.errors import UserError


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Run the stage in a folder of its own, on the committed settings with some keys changed."""
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(tmp_path)
    stage = importlib.import_module("stages.configure")

    def run(**changes):
        content = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
        for name, value in changes.items():
            content[name] = {**content[name], **value} if isinstance(value, dict) else value
        YAML().dump(content, tmp_path / "params.yaml")
        stage.main()

    return run


def _cards(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def _backbones(arch):
    return {"backbones": {"odd": {"arch": arch, "normalize": "imagenet"}}}


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({**_backbones("resnet10x"), "model": {"members": ["odd"]}},
                 r"^backbones: timm has no arch 'resnet10x' \(similar: .*resnet10", id="arch"),
    pytest.param({**_backbones("resnet10x"), "audit": {"backbone": "odd"}},
                 "^backbones: timm has no arch 'resnet10x'", id="arch of the audit alone"),
    pytest.param({"weights": "nowhere.pth"},
                 "^weights: no file nowhere.pth; give none, imagenet, or the path", id="no file"),
    pytest.param({"weights": ".", "model": {"members": ["resnet50"]}},
                 "^weights: no file resnet50.safetensors or resnet50.pth or", id="no file in it"),
    pytest.param({"weights": "imagenet", "model": {"members": ["cspdarknet"]}},
                 "^weights: imagenet: no weights for cs3darknet_s from timm's hub .* or "
                 "weights=none", id="timm has no weights"),
    pytest.param({"weights": "imagenet", "model": {"members": ["scratch_cnn"]}},
                 "^weights: imagenet: no weights for scratch_cnn", id="our own network"),
    pytest.param({"trainer": {"accelerator": "gpu"}},
                 "^trainer.accelerator=gpu: torch sees no graphics card .* auto or cpu", id="card"),
])
def test_what_is_not_there_is_named_in_one_line(configure, monkeypatch, tmp_path, changes, words):
    _cards(monkeypatch, 0)
    with pytest.raises(UserError, match=words) as refused:
        configure(**changes)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "artifacts").exists()


def test_more_cards_than_there_are_are_refused(configure, monkeypatch):
    _cards(monkeypatch, 2)
    with pytest.raises(UserError, match=r"^trainer.devices=4: .* torch sees 2 .* set it to 2, or"):
        configure(trainer={"devices": 4})
    configure(trainer={"devices": 4, "accelerator": "cpu"})


@pytest.mark.parametrize("changes", [
    pytest.param({}, id="as committed"),
    pytest.param({"weights": "imagenet", "model": {"members": ["vgg16", "xception"]}}, id="hub"),
    pytest.param({"trainer": {"accelerator": "gpu", "num_nodes": 2}}, id="cards of other machines"),
])
def test_what_can_be_used_is_let_through(configure, monkeypatch, tmp_path, changes):
    _cards(monkeypatch, 0)
    configure(**changes)
    written = json.loads((tmp_path / "artifacts/configure/settings.json").read_text())
    assert written == {"usable": True}


def test_weights_are_found_by_the_names_that_training_takes(configure, tmp_path):
    (tmp_path / "resnet50.pth").touch()
    configure(weights=".", model={"members": ["resnet50"]})
    configure(weights="resnet50.pth", model={"members": ["resnet50"]})
