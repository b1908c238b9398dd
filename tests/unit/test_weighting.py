"""Weights on the simplex and the best subset, against members planted among noise."""

import numpy as np
import pytest

from osteon.combination import softmax
from osteon.weighting import best_subset, weights

TARGETS = np.tile([0, 1, 2], 40)


def _member(strength, seed):
    """Draw a member that leans to the right class by so much: (rows, classes)."""
    logits = np.random.default_rng(seed).normal(size=(120, 3))
    logits[np.arange(120), TARGETS] += strength
    return softmax(logits)


def _members(*strengths):
    return np.stack([_member(strength, seed) for seed, strength in enumerate(strengths)], axis=1)


@pytest.mark.parametrize("right", [0, 1, 2])
def test_a_planted_member_gets_the_weight(right):
    of_members = _members(*(6 * (number == right) for number in range(3)))
    found = weights(of_members, TARGETS)
    assert found[right] >= 0.8
    assert sum(found) == pytest.approx(1)
    assert best_subset(of_members, TARGETS) == tuple(float(n == right) for n in range(3))


def test_two_members_that_err_apart_are_better_than_one():
    of_members = _members(2, 2, 0)
    assert best_subset(of_members, TARGETS) == (0.5, 0.5, 0.0)
    first, second, noise = weights(of_members, TARGETS)
    assert noise <= 0.1
    assert first == pytest.approx(second, abs=0.25)


def test_equal_members_have_equal_weights_and_the_first_is_subset_enough():
    of_members = np.repeat(_members(2), 4, axis=1)
    assert weights(of_members, TARGETS) == (0.25, 0.25, 0.25, 0.25)
    assert best_subset(of_members, TARGETS) == (1, 0, 0, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 9])
def test_weights_are_hundredths_that_add_up_to_one(count):
    found = weights(_members(*np.linspace(0, 2, count)), TARGETS)
    assert sum(found) == pytest.approx(1, abs=1e-12)
    assert all(0 <= weight == round(weight, 2) for weight in found)


@pytest.mark.parametrize(("of_members", "targets"), [
    pytest.param(np.eye(2)[[[0, 1], [1, 1]]], [0, 1], id="exactly certain"),
    pytest.param(np.eye(2)[[[0, 1], [1, 0]]], [1, 0], id="certain and half of them wrong"),
    pytest.param(np.array([[[0.3, 0.7], [0.4, 0.6]]]), [1], id="one image"),
    pytest.param(np.full((4, 2, 2), 0.5), [0, 0, 0, 0], id="one class, nothing said"),
])
@pytest.mark.filterwarnings("error")
def test_weights_exist_for_any_rows(of_members, targets):
    assert sum(weights(of_members, np.array(targets))) == pytest.approx(1)
    assert sum(best_subset(of_members, np.array(targets))) == pytest.approx(1)
