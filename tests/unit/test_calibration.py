"""Temperatures and stacking coefficients, against what was planted and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from osteon.calibration import stacking, temperature
from osteon.combination import logarithms, softmax


def _planted(classes, rows=4000, seed=0):
    """Draw labels from probabilities, so that these are calibrated: (rows, classes), (rows,)."""
    random = np.random.default_rng(seed)
    true = softmax(random.normal(0, 1.5, (rows, classes)))
    drawn = (random.random((rows, 1)) > true.cumsum(axis=1)).sum(axis=1)
    return true, np.minimum(drawn, classes - 1)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("planted", [0.5, 1.0, 3.0], ids=["timid", "honest", "overconfident"])
def test_the_planted_temperature_is_found(classes, planted):
    true, targets = _planted(classes)
    said = softmax(planted * logarithms(true))
    assert temperature(said, targets) == pytest.approx(planted, rel=0.1)


SEPARATED = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])


@pytest.mark.parametrize(("probabilities", "targets", "low", "high"), [
    pytest.param(SEPARATED, [0, 0, 1], 0.4, 1.0, id="told apart without fault"),
    pytest.param(SEPARATED, [1, 1, 0], 1.5, 20, id="always wrong"),
    pytest.param(np.eye(2)[[0, 1, 0, 1]], [0, 1, 0, 1], 0.5, 1.01, id="certain and right"),
    pytest.param(np.eye(2)[[0, 1] * 5], [1, 0] * 5, 20, 20, id="certain and wrong"),
    pytest.param(np.eye(2)[[0, 1] * 5], [0, 1] * 4 + [1, 0], 10, 30, id="certain, wrong at times"),
    pytest.param(SEPARATED[:1], [0], 0.5, 1.0, id="one image"),
    pytest.param(SEPARATED[[0, 0, 0]], [0, 0, 0], 0.3, 1.0, id="one class alone"),
    pytest.param(np.full((5, 3), 1 / 3), [0, 1, 2, 0, 0], 1, 1, id="says nothing"),
])
@pytest.mark.filterwarnings("error")
def test_a_temperature_exists_for_any_rows(probabilities, targets, low, high):
    assert low <= temperature(np.asarray(probabilities), np.array(targets)) <= high


def test_stacking_of_two_classes_is_logistic_regression_on_log_odds():
    random = np.random.default_rng(1)
    targets = (random.random(3000) < 0.4).astype(np.int64)
    odds = random.normal(0, 1, (3000, 2)) + targets[:, np.newaxis] * [1.0, 2.0]
    of_members = softmax(np.stack([np.zeros_like(odds), odds], axis=2))
    found = stacking(of_members, targets, ["a", "b"], ["normal", "abnormal"])
    reference = LogisticRegression(C=1e6).fit(odds, targets)
    assert list(found.slopes.values()) == pytest.approx(reference.coef_[0], abs=0.03)
    assert found.biases["abnormal"] - found.biases["normal"] == pytest.approx(
        reference.intercept_[0], abs=0.03)


def test_a_member_of_noise_and_one_that_is_wrong_get_no_slope():
    true, targets = _planted(3)
    noise = softmax(np.random.default_rng(5).normal(size=true.shape))
    wrong = softmax(-logarithms(true))
    found = stacking(np.stack([true, noise, wrong], axis=1), targets, "abc", "xyz")
    assert found.slopes["b"] == pytest.approx(0, abs=0.06)
    assert found.slopes["c"] == 0
    assert found.slopes["a"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("targets", [[0, 0, 0], [2, 2, 2], [0, 1, 0]],
                         ids=["one class", "another", "the third is missing"])
@pytest.mark.filterwarnings("error")
def test_stacking_exists_where_classes_are_missing(targets):
    certain = np.eye(3)[[[0, 1], [1, 1], [0, 2]]]  # (rows, members, classes) of exactly 0 and 1
    found = stacking(certain, np.array(targets), "ab", "xyz")
    assert np.isfinite([*found.slopes.values(), *found.biases.values()]).all()
    present = {"xyz"[target] for target in targets}
    assert max(found.biases, key=found.biases.get) in present
