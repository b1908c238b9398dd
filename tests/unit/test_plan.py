"""What a search draws: each combination once, or by the number of the trial alone."""

from dataclasses import replace

import optuna
import pytest

from osteon.plan import Plan
from osteon.sections.tuning import Range

GRID = {"head.hidden": ((), (256,), (512, 128)), "head.batch_norm": (False, True)}
PLAN = Plan("plan", GRID, trials=50, epochs=9, least_epochs=1, keep_one_in=3, maximize=True, seed=1)
RANGES = replace(PLAN, axes={
    "head.dropout": Range(low=0.0, high=0.6), "train.batch_size": Range(low=8, high=64, log=True),
    "train.learning_rate": Range(low=1e-5, high=1e-1, log=True)})


def _drawn(plan, count):
    """Draw the values of so many trials as a search does."""
    study = optuna.create_study(sampler=plan.sampler(0))
    found = []
    for number in range(count):
        trial = study.ask()
        study.sampler = plan.sampler(number)
        found.append(plan.draw(trial))
    return found


@pytest.mark.parametrize(("trials", "axes", "total"), [
    pytest.param(50, GRID, 6, id="no more trials than combinations"),
    pytest.param(4, GRID, 4, id="fewer"),
    pytest.param(50, RANGES.axes, 50, id="a range has no end of them"),
])
def test_how_many_trials_are_made(trials, axes, total):
    assert replace(PLAN, axes=axes, trials=trials).total == total


def test_a_small_space_is_tried_whole_each_combination_once():
    found = _drawn(PLAN, 6)
    expected = {(hidden, norm) for hidden in GRID["head.hidden"] for norm in (False, True)}
    assert {(values["head.hidden"], values["head.batch_norm"]) for values in found} == expected


def test_values_lie_on_their_axes_and_whole_numbers_stay_whole():
    found = _drawn(RANGES, 40)
    assert all(0 <= values["head.dropout"] <= 0.6 for values in found)
    assert {type(values["train.batch_size"]) for values in found} == {int}
    assert all(8 <= values["train.batch_size"] <= 64 for values in found)
    rates = [values["train.learning_rate"] for values in found]
    assert all(1e-5 <= rate <= 1e-1 for rate in rates)
    assert 10 < sum(rate < 1e-3 for rate in rates) < 30  # half of them, drawn by the logarithm


def test_values_are_short_enough_to_read():
    assert all(len(f"{values['head.dropout']}") <= 7 for values in _drawn(RANGES, 10))


def test_a_trial_draws_by_its_number_whoever_makes_it():
    whole = _drawn(RANGES, 3)
    study = optuna.create_study(sampler=RANGES.sampler(0))
    trials = [study.ask() for _ in range(3)]
    study.sampler = RANGES.sampler(2)
    assert RANGES.draw(trials[2]) == whole[2]
    assert whole[0] != whole[1] != whole[2]
