"""A member's search: heads are trained as training trains them, and the best values come out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon import params, trials, tuning
from osteon.backbone import create
from osteon.datamodule import Embeddings
from osteon.sections.training import Backbone
from osteon.study import Study

ROOT = Path(__file__).parents[2]
RESNET = Backbone(arch="test_resnet", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


def _settings(space=None, **sections):
    """Give the committed settings with a small search of the space."""
    content = params.load(ROOT / "params.yaml").model_dump()
    content["weights"] = "imagenet"
    content["trainer"].update(accelerator="cpu", precision="fp32")
    content["train"].update(batch_size=16, schedule="constant", views=1)
    content["tune"].update(trials=6, epochs=3, space=space or {"head": {"dropout": [0.0, 0.1]}})
    for name, changes in sections.items():
        content[name].update(changes)
    return params.Params.model_validate(content)


@pytest.fixture(scope="module")
def network():
    return create(RESNET, 2, 0)


def _embeddings(network, count, seed):
    """Give features of which the first tells the classes apart, with noise in all."""
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    features = random.normal(size=(count, network.backbone.head_hidden_size)).astype(np.float32)
    features[:, 0] += 8 * targets
    return Embeddings(torch.from_numpy(features), targets)


def _search(folder, network, settings):
    plan = tuning.plan("dla", settings, "of nowhere", [])
    objective = tuning.objective(network, settings, _embeddings(network, 160, 0),
                                 _embeddings(network, 80, 1))
    with Study(plan, folder).finished(objective) as found:
        return found


@pytest.mark.parametrize(("space", "expected"), [
    pytest.param({"train": {"learning_rate": [1e-9, 0.01]}}, {"train": {"learning_rate": 0.01}},
                 id="a rate that learns"),
    pytest.param({"head": {"dropout": [0.99, 0.0]}, "train": {"l1": [10.0, 0.0]}},
                 {"head": {"dropout": 0.0}, "train": {"l1": 0.0}},
                 id="no penalty, no dropout"),
])
def test_the_one_good_choice_is_found(tmp_path, network, space, expected):
    found = _search(tmp_path, network, _settings(space))
    assert trials.best(found, "auroc").curve[-1] > 0.9
    assert trials.summary(found, "auroc")["overrides"] == expected


def test_the_same_seed_chooses_the_same(tmp_path, network):
    settings = _settings({"train": {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}}})
    assert _search(tmp_path / "a", network, settings) == _search(tmp_path / "b", network, settings)


def test_a_loss_that_is_no_number_ends_its_trial_alone(tmp_path, network):
    settings = _settings({"train": {"learning_rate": [1e38, 0.01]}}, train={"optimizer": "sgd"})
    found = _search(tmp_path, network, settings)
    assert {trial.values["train.learning_rate"]: trial.end for trial in found} == {
        1e38: "diverged", 0.01: "complete"}


def test_the_lowest_loss_is_the_best_where_loss_is_monitored(tmp_path, network):
    settings = _settings({"train": {"learning_rate": [1e-9, 0.01]}}, train={"monitor": "loss"})
    found = _search(tmp_path, network, settings)
    assert trials.summary(found, "loss")["overrides"] == {"train": {"learning_rate": 0.01}}


def test_what_is_chosen_can_be_laid_over_the_settings_of_training(tmp_path, network):
    settings = _settings({"head": {"hidden": [[4]]}, "train": {"batch_size": [8]}})
    found = _search(tmp_path, network, settings)
    trials.write(tmp_path, trials.summary(found, "auroc"), found)
    chosen = settings.overridden(json.loads((tmp_path / "best.json").read_text())["overrides"])
    assert (chosen.head.hidden, chosen.train.batch_size) == ((4,), 8)


@pytest.mark.parametrize(("changes", "same"), [
    pytest.param({"tune": {"storage": "trials.log"}}, True, id="where trials are kept"),
    pytest.param({"finetune": {"epochs": 9}}, True, id="what comes later"),
    pytest.param({"tune": {"trials": 7}}, False, id="more trials"),
    pytest.param({"train": {"optimizer": "sgd"}}, False, id="another training"),
    pytest.param({"augment": {"zoom": 0.2}}, False, id="other views"),
])
def test_a_search_is_another_where_what_it_depends_on_is(tmp_path, changes, same):
    inputs = [tmp_path / "split.csv"]
    inputs[0].write_text("path\n")
    plain = tuning.plan("dla", _settings(), "of nowhere", inputs).name
    assert (tuning.plan("dla", _settings(**changes), "of nowhere", inputs).name == plain) == same
    assert tuning.plan("dla", _settings(), "of elsewhere", inputs).name != plain
    inputs[0].write_text("path\nmore\n")
    assert tuning.plan("dla", _settings(), "of nowhere", inputs).name != plain


def test_embeddings_are_made_once_where_training_augments_live():
    assert tuning.embeddable(_settings(train={"views": 0})).train.views == 1
    assert tuning.embeddable(_settings(train={"views": 3})).train.views == 3
