"""Processes that train together share every batch evenly, or the settings are refused."""

import pytest
from ruamel.yaml import YAML

from house import ROOT
from osteon.params import Params

FIFTEEN = {"train": {"batch_size": 15}, "finetune": {"batch_size": 15}}


def _settings(devices, num_nodes=1, **changes):
    """Give the committed settings for so many processes, with some keys changed."""
    content = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    content["trainer"] |= {"devices": devices, "num_nodes": num_nodes}
    for section, values in changes.items():
        for name, value in values.items():
            content[section][name] = ({**content[section][name], **value}
                                      if isinstance(value, dict) else value)
    return Params.model_validate(content)


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({}, "train.batch_size of resnet_tiny: 3 processes cannot share 16 images evenly "
                 r"\(trainer.devices times num_nodes\); make it a multiple of 3", id="first phase"),
    pytest.param({"train": {"batch_size": 15}}, "finetune.batch_size of resnet_tiny: 3 processes",
                 id="second phase"),
    pytest.param({**FIFTEEN, "backbones": {"dla": {"train": {"batch_size": 32}}}},
                 "train.batch_size of dla: 3 processes cannot share 32", id="one member's own"),
    pytest.param({**FIFTEEN, "tune": {"space": {"train": {"batch_size": [15, 16]}}}},
                 "tune.space.train.batch_size: 3 processes cannot share 16", id="one to be tried"),
    pytest.param({**FIFTEEN, "tune": {"space": {"train": {"batch_size": {"low": 15, "high": 30}}}}},
                 "tune.space.train.batch_size: .* list multiples of 3", id="a range to be tried"),
])
def test_a_batch_that_processes_cannot_share_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        _settings(3, **changes)


@pytest.mark.parametrize(("devices", "num_nodes", "changes"), [
    pytest.param(3, 1, FIFTEEN, id="three"), pytest.param(2, 2, {}, id="two on each of two"),
    pytest.param(1, 1, {"train": {"batch_size": 7}}, id="one takes any"),
    pytest.param(3, 1, {**FIFTEEN, "backbones": {"vgg16": {"train": {"batch_size": 16}}}},
                 id="what is no member is not asked"),
])
def test_a_batch_that_processes_can_share_is_taken(devices, num_nodes, changes):
    assert _settings(devices, num_nodes, **changes).trainer.processes == devices * num_nodes
