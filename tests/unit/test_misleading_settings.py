"""Settings that can be used, and would let a figure mislead: refused with a remedy."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from osteon import params
from osteon.errors import UserError

ROOT = Path(__file__).parents[2]
LAST = {"monitor": "last"}


@pytest.fixture(scope="module")
def committed():
    return YAML(typ="safe", pure=True).load(ROOT / "params.yaml")


def _load(tmp_path, content):
    file = tmp_path / "params.yaml"
    YAML().dump(content, file)
    return params.load(file)


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({"model": {"folds": 5}}, "train.monitor: with model.folds=5 the fold that judges "
                 "resnet_tiny would choose its epoch; set it to last", id="the best epoch"),
    pytest.param({"model": {"folds": 2}, "train": LAST}, "finetune.monitor: with model.folds=2",
                 id="the best epoch of the second phase"),
    pytest.param({"model": {"folds": 5}, "trainer": {"devices": 2}},
                 "one process trains a member's networks in turn", id="folds on two devices"),
    pytest.param({"model": {"folds": 0}}, "model.folds: .*greater than or equal to 1", id="none"),
    pytest.param({"train": LAST, "weights": "imagenet",
                  "tune": {"trials": 3, "space": {"head": {"dropout": [0.0, 0.5]}}}},
                 "train.monitor=last measures no trial", id="a search without a measure"),
    pytest.param({"finetune": {"localisation": 0.1}, "head": {"hidden": [8]}},
                 "finetune.localisation=0.1: resnet_tiny must tell two classes by a linear head",
                 id="no map of a deep head"),
    pytest.param({"finetune": {"localisation": 0.1}, "dataset": {"labels": ["a", "b", "c"]}},
                 "must tell two classes", id="no map of three classes"),
    pytest.param({"finetune": {"outlines": 3.0}},
                 r"finetune\.outlines=3\.0: resnet_tiny does not look for spots",
                 id="outlines for nobody"),
    pytest.param({"finetune": {"outlines": 3.0}, "head": {"spots": True}, "augment": {
        "randaugment": 2}}, "masks that RandAugment leaves behind", id="outlines left behind"),
    pytest.param({"finetune": {"localisation": 0.1}, "augment": {"randaugment": 2}},
                 "masks that RandAugment leaves behind", id="masks left behind"),
])
def test_settings_that_would_mislead_are_refused(tmp_path, committed, changes, words):
    content = {**committed, **{
        name: {**committed[name], **values} if isinstance(values, dict) else values
        for name, values in changes.items()}}
    with pytest.raises(UserError, match=words):
        _load(tmp_path, content)


def test_folds_are_one_unless_asked_for(tmp_path, committed):
    assert params.load(ROOT / "params.yaml").model.folds == 1
    content = {**committed, "model": {**committed["model"], "folds": 5},
               "train": {**committed["train"], **LAST},
               "finetune": {**committed["finetune"], **LAST}}
    assert _load(tmp_path, content).model.folds == 5
