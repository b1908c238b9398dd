"""Spaces of a search: files of conf/tune/ load, and a slip is named with its key."""

import copy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from osteon import params
from osteon.composition import compose
from osteon.errors import UserError
from osteon.sections.tuning import Range

ROOT = Path(__file__).parents[2]
FILES = sorted(file.stem for file in (ROOT / "conf/tune").glob("*.yaml"))


def _composed(tmp_path, *overrides):
    file = tmp_path / "params.yaml"
    compose(file, conf=ROOT / "conf", overrides=list(overrides))
    return params.load(file).tune


@pytest.fixture(scope="module")
def searching(tmp_path_factory):
    """Give the settings of the thesis's search."""
    file = tmp_path_factory.mktemp("settings") / "params.yaml"
    compose(file, conf=ROOT / "conf", overrides=["tune=thesis", "weights=imagenet"])
    return YAML(typ="safe", pure=True).load(file)


def test_nothing_is_searched_unless_asked_for(tmp_path):
    assert _composed(tmp_path).trials == 0
    assert _composed(tmp_path, "tune=off").trials == 0


def test_no_file_of_conf_is_untested():
    assert FILES == ["off", "thesis", "wide"]


def test_the_grid_of_the_thesis(tmp_path):
    found = _composed(tmp_path, "tune=thesis", "weights=imagenet")
    assert (found.trials, found.epochs) == (12, 40)
    assert found.space.axes == {
        "head.output": ("softmax", "sigmoid"), "train.learning_rate": (0.01, 0.001, 0.0001),
        "train.batch_size": (16, 32)}


def test_the_wide_search_varies_all_that_a_head_has(tmp_path):
    axes = _composed(tmp_path, "tune=wide", "weights=imagenet").space.axes
    assert set(axes) == {"head.output", "head.hidden", "head.batch_norm", "head.dropout",
                         "train.learning_rate", "train.batch_size", "train.weight_decay"}
    assert axes["head.hidden"] == ((), (256,), (512, 128), (256, 256, 128))
    assert axes["train.learning_rate"] == Range(low=0.0001, high=0.03, log=True)


def test_an_axis_can_be_given_on_the_command_line(tmp_path):
    found = _composed(tmp_path, "tune=wide", "weights=imagenet", "tune.trials=5",
                      "tune.space.train.batch_size=[8]", "tune.space.head.dropout.high=0.9")
    assert found.trials == 5
    assert found.space.axes["train.batch_size"] == (8,)
    assert found.space.axes["head.dropout"] == Range(low=0.0, high=0.9)


@pytest.mark.parametrize(("key", "value", "words"), [
    pytest.param("tune.trials", -1, "tune.trials: input should be greater than or equal to 0",
                 id="fewer than none"),
    pytest.param("tune.keep_one_in", 1, "greater than or equal to 2", id="all are kept"),
    pytest.param("tune.least_epochs", 41, "tune: least_epochs=41 is more than epochs=40",
                 id="none would be stopped"),
    pytest.param("tune.space", {}, "tune: space: empty; name a file of conf/tune/", id="no space"),
    pytest.param("tune.space.body", {}, "tune.space.body: no such key; allowed here: head, train",
                 id="no such section"),
    pytest.param("tune.space.head", 3, "tune.space.head: keys with a list of choices or a range",
                 id="a number for a section"),
    pytest.param("tune.space.head.width", [1], "tune.space.head.width: no such key; allowed here: "
                 "batch_norm, dropout, hidden, output", id="a slip in a key"),
    pytest.param("tune.space.train.epochs", [1, 2], "tune.space.train: epochs: cannot be searched",
                 id="the length is Hyperband's"),
    pytest.param("tune.space.train.views", [1, 2], "views: cannot be searched on embeddings",
                 id="embeddings are made once"),
    pytest.param("tune.space.head.output", [], "output: a list of choices, or a range", id="none"),
    pytest.param("tune.space.head.dropout", 0.5, "dropout: a list of choices, or a range {low: "
                 "..., high: ...}, not 0.5", id="a number for a list"),
    pytest.param("tune.space.head.output", ["tanh"],
                 "tune.space.head.output: input should be 'softmax' or 'sigmoid', not 'tanh'",
                 id="a choice that cannot be used"),
    pytest.param("tune.space.head.dropout", {"low": 0.0, "high": 1.5},
                 "tune.space.head.dropout: input should be less than 1, not 1.5",
                 id="an end that cannot be used"),
    pytest.param("tune.space.head.dropout", {"low": 0.5, "high": 0.5},
                 "low=0.5 is not below high=0.5", id="an empty range"),
    pytest.param("tune.space.train.l1", {"low": 0.0, "high": 0.1, "log": True},
                 "low=0.0 has no logarithm", id="the logarithm of 0"),
    pytest.param("tune.space.train.l1", {"low": 0.0, "hi": 0.1}, "(high: Field required)",
                 id="a slip in a range"),
    pytest.param("tune.space.train.batch_size", {"low": 8.5, "high": 64.0},
                 "tune.space.train.batch_size: input should be a valid integer", id="half a row"),
    pytest.param("weights", "none", "weights=none leaves no frozen backbone to tune a head on; set "
                 "weights=imagenet or a path, or tune=off", id="nothing pretrained"),
    pytest.param("train.monitor", "loss", "the losses of softmax and sigmoid are not comparable; "
                 "set train.monitor=auroc", id="losses of two kinds"),
])
def test_a_search_that_cannot_be_made_is_refused(tmp_path, searching, key, value, words):
    content = copy.deepcopy(searching)
    *sections, name = key.split(".")
    section = content
    for step in sections:
        section = section[step]
    section[name] = value
    file = tmp_path / "params.yaml"
    YAML().dump(content, file)
    with pytest.raises(UserError) as refused:
        params.load(file)
    assert words in str(refused.value)
