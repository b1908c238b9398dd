"""Learning rates step by step, and the optimisers' own arithmetic."""

from math import cos, pi

import pytest
import torch
from torch import nn

from osteon import schedules
from phases import phase


def _rates(settings, steps):
    optimizer = schedules.optimizer([nn.Parameter(torch.zeros(1))], settings)
    schedule = schedules.schedule(optimizer, settings, steps)
    found = []
    for step in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule and step < steps - 1:
            schedule.step()
    return found


def _cosine(steps):
    return [(1 + cos(pi * step / steps)) / 2 for step in range(steps)]


@pytest.mark.parametrize(("changes", "rates"), [
    pytest.param({"schedule": "constant"}, [1.0] * 14, id="constant"),
    pytest.param({"schedule": "cosine"}, _cosine(14), id="cosine over all steps"),
    # 7 epochs of 2 steps: cosines of 1, 2 and 4 epochs.
    pytest.param({"schedule": "warm_restarts", "restart_epochs": 1, "restart_factor": 2},
                 [*_cosine(2), *_cosine(4), *_cosine(8)], id="warm restarts, ever longer"),
    pytest.param({"schedule": "warm_restarts", "restart_epochs": 3, "restart_factor": 1},
                 [*_cosine(6), *_cosine(6), *_cosine(6)[:2]], id="warm restarts, alike"),
])
def test_the_rate_of_each_step(changes, rates):
    settings = phase(epochs=7, learning_rate=1.0, **changes)
    assert _rates(settings, 14) == pytest.approx(rates)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_what_was_added_learns_at_a_rate_of_its_own_all_along(schedule):
    settings = phase(schedule=schedule, learning_rate=0.5, epochs=1)
    own, added = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = schedules.optimizer([own], settings, added=[added], times=10)
    changing = schedules.schedule(optimizer, settings, 5)
    for step in range(5):
        slow, fast = (group["lr"] for group in optimizer.param_groups)
        assert fast == pytest.approx(10 * slow)
        optimizer.step()
        if changing and step < 4:
            changing.step()
    assert [group["params"] for group in optimizer.param_groups] == [[own], [added]]


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_one_cycle_climbs_to_the_rate_and_falls_to_nothing(optimizer):
    rates = _rates(phase(schedule="one_cycle", learning_rate=0.5, optimizer=optimizer), 20)
    assert rates[0] == pytest.approx(0.5 / 25)
    assert max(rates) == pytest.approx(0.5, rel=0.02)
    assert 0 < rates.index(max(rates)) < 7
    assert rates[-1] < 1e-5


@pytest.mark.parametrize(("changes", "weights"), [
    # The gradient is 1 twice. sgd: steps of .1, then .1 (1 + .5).
    pytest.param({"optimizer": "sgd"}, [0.9, 0.75], id="sgd with momentum"),
    # An L2 penalty of .2 adds .2 w to the gradient: .1 (1.2), then .1 (.5 1.2 + 1 + .2 .88).
    pytest.param({"optimizer": "sgd", "weight_decay": 0.2}, [0.88, 0.7024], id="sgd with L2"),
    pytest.param({"optimizer": "adam"}, [0.9, 0.8], id="adam: steps of the rate itself"),
    # Decoupled: first w (1 - .1 .2), then the step.
    pytest.param({"optimizer": "adamw", "weight_decay": 0.2}, [0.88, 0.7624], id="adamw decays"),
])
def test_two_steps_of_each_optimiser(changes, weights):
    weight = nn.Parameter(torch.ones(1))
    optimizer = schedules.optimizer([weight], phase(learning_rate=0.1, momentum=0.5, **changes))
    found = []
    for _ in range(2):
        weight.grad = torch.ones(1)
        optimizer.step()
        found.append(weight.item())
    assert found == pytest.approx(weights, abs=1e-6)


def test_the_penalty_of_adam_is_in_its_gradient():
    """Where the gradient is 0, adam's first step is the whole rate; decoupled decay is not."""
    weight = nn.Parameter(torch.ones(1))
    optimizer = schedules.optimizer([weight], phase(
        optimizer="adam", learning_rate=0.1, weight_decay=0.2))
    weight.grad = torch.zeros(1)
    optimizer.step()
    assert weight.item() == pytest.approx(0.9, abs=1e-6)
