"""The operating point, worked by hand and by trying every threshold."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from osteon.thresholds import choose

# Two of ten are positive. From .9 on: J = .5 - 0, kappa = (.9 - .74) / .26 = .615.
# From .5 on: J = 1 - .25 = .75, kappa = (.8 - .56) / .44 = .545.
RARE = ([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0.9, 0.5, 0.6, 0.55, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(("rule", "targets", "probabilities", "threshold"), [
    pytest.param("youden", *RARE, 0.35, id="youden takes both rare ones, halfway to .2"),
    pytest.param("kappa", *RARE, 0.75, id="kappa takes the sure one, halfway to .6"),
    pytest.param("youden", [0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9], 0.4, id="between the classes"),
    pytest.param("kappa", [0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9], 0.4, id="kappa agrees there"),
    pytest.param("youden", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 0.6,
                 id="J is .5 from .8 on and from .35 on: the first calls fewer"),
    pytest.param("youden", [0, 1], [0.3, 0.3], 0.15, id="all tied: all are called positive"),
    pytest.param("youden", [0, 1, 1], [0.5, 0.5, 0.9], 0.7, id="a tie is not cut in two"),
    pytest.param("youden", [1, 0], [0.1, 0.9], 0.05, id="worse than chance: call everything"),
    pytest.param("youden", [1, 1], [0.2, 0.9], 0.5, id="positives alone leave no choice"),
    pytest.param("kappa", [0, 0], [0.2, 0.9], 0.5, id="negatives alone leave no choice"),
    pytest.param("sensitivity", [1, 1], [0.2, 0.9], 0.5, id="nor for a sensitivity"),
    pytest.param("youden", [1], [0.9], 0.5, id="one image"),
    pytest.param("kappa", [0, 1, 0, 1], [0.7] * 4, 0.35, id="all one prediction"),
    pytest.param("youden", [0, 0, 1, 1], [0, 0, 1, 1], 0.5, id="exactly certain"),
    pytest.param("youden", [1, 1, 0, 0], [0, 0, 1, 1], 0, id="certain and wrong: call everything"),
])
def test_threshold_by_hand(rule, targets, probabilities, threshold):
    found = choose(np.array(targets), np.array(probabilities), rule, 0.9)
    assert found == pytest.approx(threshold)


# Five positive images at .9, .8, .5, .3, .1 and five negative at .6, .4, .2, .2, .0.
FIVE = ([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0.9, 0.8, 0.5, 0.3, 0.1, 0.6, 0.4, 0.2, 0.2, 0.0])


@pytest.mark.parametrize(("required", "threshold"), [
    pytest.param(1.0, 0.05, id="all five"),
    pytest.param(0.81, 0.05, id="four are not enough"),
    pytest.param(0.8, 0.25, id="four of five, exactly"),
    pytest.param(0.6, 0.45, id="three"),
    pytest.param(0.4, 0.7, id="two, and no negative"),
    pytest.param(0.01, 0.85, id="of equal specificity the one that calls fewest"),
])
def test_a_required_sensitivity_is_reached_at_the_best_specificity(required, threshold):
    targets, probabilities = (np.array(values) for values in FIVE)
    chosen = choose(targets, probabilities, "sensitivity", required)
    assert chosen == pytest.approx(threshold)
    assert (probabilities[targets == 1] >= chosen).mean() >= required


def _youden(targets, verdicts):
    return verdicts[targets == 1].mean() - verdicts[targets == 0].mean()


@pytest.mark.parametrize(("rule", "gain"), [
    pytest.param("youden", _youden, id="youden"),
    pytest.param("kappa", cohen_kappa_score, id="kappa as scikit-learn has it"),
])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_does_better(rule, gain, seed):
    random = np.random.default_rng(seed)
    targets = (random.random(60) < 0.3).astype(np.int64)
    probabilities = np.clip(0.25 * targets + random.random(60), 0, 1).round(2)
    chosen = choose(targets, probabilities, rule, 0.9)
    best = max(gain(targets, probabilities >= value) for value in np.unique(probabilities))
    assert gain(targets, probabilities >= chosen) == pytest.approx(best)
    assert np.abs(probabilities - chosen).min() > 0.004  # halfway between two that occur


@pytest.mark.parametrize("probabilities", [
    pytest.param([1e-12, 4e-10], id="both all but 0"),
    pytest.param([1 - 4e-10, 1 - 1e-12], id="both all but 1"),
])
def test_overconfident_probabilities_are_still_told_apart(probabilities):
    values = np.array(probabilities)
    chosen = choose(np.array([0, 1]), values, "youden", 0.9)
    assert list(values >= chosen) == [False, True]
