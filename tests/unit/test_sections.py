"""Settings of heads and of frozen blocks: what is allowed."""

import pytest
from pydantic import ValidationError

from osteon.sections.training import Finetune
from phases import head, phase


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({"hidden": [0]}, "greater than or equal to 1", id="a layer of no width"),
    pytest.param({"hidden": [2.5]}, "valid integer", id="half a unit"),
    pytest.param({"hidden": 256}, "valid tuple", id="a number for a list"),
    pytest.param({"dropout": 1.0}, "less than 1", id="all dropped"),
    pytest.param({"output": "tanh"}, "'softmax' or 'sigmoid'", id="an output nobody wrote"),
    pytest.param({"batch_norm": 1}, "valid boolean", id="a number is no truth"),
])
def test_an_impossible_head_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        head(**changes)


def test_widths_may_come_as_a_list():
    assert head(hidden=[512, 128]).hidden == (512, 128)


@pytest.mark.parametrize("value", ["all", 1, 7])
def test_blocks_are_all_or_a_number(value):
    assert _finetune(value).unfreeze == value


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "2", "none", None])
def test_other_blocks_are_refused_in_one_line(value):
    with pytest.raises(ValidationError, match=r"'all', or how many of the last") as refused:
        _finetune(value)
    assert refused.value.error_count() == 1


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({"optimizer": "lamb"}, "'adam', 'adamw' or 'sgd'", id="optimiser"),
    pytest.param({"schedule": "step"}, "'warm_restarts' or 'one_cycle'", id="schedule"),
    pytest.param({"momentum": 0.0}, "greater than 0", id="no momentum: one_cycle needs some"),
    pytest.param({"momentum": 1.0}, "less than 1", id="momentum that never fades"),
    pytest.param({"restart_epochs": 0}, "greater than or equal to 1", id="no cycle"),
    pytest.param({"restart_factor": 0}, "greater than or equal to 1", id="no next cycle"),
    pytest.param({"l1": -1.0}, "greater than or equal to 0", id="a reward for weights"),
    pytest.param({"label_smoothing": 1.0}, "less than 1", id="nothing left to learn"),
    pytest.param({"ema": 1.0}, "less than 1", id="an average that never moves"),
    pytest.param({"ema": 0.0}, "greater than 0", id="no average"),
    pytest.param({"monitor": "f1"}, "'accuracy', 'auroc', 'loss' or 'last'", id="monitor"),
    pytest.param({"monitor": "last", "patience": 3}, "monitor=last measures nothing; set patience",
                 id="patience with nothing measured"),
    pytest.param({"sampling": "balanced"}, "class_weights=true would balance the classes a second",
                 id="balanced twice"),
    pytest.param({"sampling": "rare"}, "'natural' or 'balanced'", id="sampling"),
])
def test_an_impossible_phase_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        phase(**changes)


def _finetune(unfreeze):
    return Finetune.model_validate({**phase().model_dump(), "unfreeze": unfreeze})
