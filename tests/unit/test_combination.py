"""Members' probabilities into one, and one into a verdict, by hand."""

import json

import numpy as np
import pytest

from osteon.combination import Combination, softmax

OF_MEMBERS = np.array([[0.9, 0.6, 0.1], [0.2, 0.3, 0.4]])


def _combination(method, weights=(0.5, 0.3, 0.2)):
    return Combination(
        method=method, members=("a", "b", "c"), weights=weights,
        member_thresholds={"image": (0.5, 0.6, 0.4), "study": (0.1, 0.2, 0.3)},
        thresholds={"image": 0.59, "study": 0.4})


@pytest.mark.parametrize(("combination", "expected"), [
    pytest.param(_combination("mean", (1 / 3, 1 / 3, 1 / 3)), [1.6 / 3, 0.9 / 3], id="mean"),
    pytest.param(_combination("weighted"), [0.45 + 0.18 + 0.02, 0.1 + 0.09 + 0.08],
                 id="each member by its own weight"),
    pytest.param(_combination("majority"), [2 / 3, 1 / 3],
                 id="share of votes; .6 at .6 and .4 at .4 are votes"),
])
def test_probabilities_by_hand(combination, expected):
    assert combination.probabilities(OF_MEMBERS) == pytest.approx(expected)


@pytest.mark.parametrize(("level", "expected"), [
    pytest.param("image", [False, False, True, True], id="image from .59 on"),
    pytest.param("study", [False, True, True, True], id="study from .4 on"),
])
def test_a_verdict_at_the_very_threshold_is_positive(level, expected):
    probabilities = np.array([0.39, 0.4, 0.59, 0.6])
    assert list(_combination("mean").verdicts(probabilities, level)) == expected


@pytest.mark.parametrize("method", ["mean", "majority", "weighted"])
def test_a_combination_survives_json_text(method):
    original = _combination(method)
    text = json.dumps({**original.to_json(), "why": "what else the file holds"})
    assert Combination.from_json(json.loads(text)) == original


@pytest.mark.parametrize(("logits", "expected"), [
    pytest.param([0, 0], [0.5, 0.5], id="no evidence"),
    pytest.param([0, np.log(3)], [0.25, 0.75], id="odds of 3"),
    pytest.param([1000, 1000 + np.log(4)], [0.2, 0.8], id="large ones do not overflow"),
    pytest.param([-1000, 1000], [0, 1], id="far apart is certain"),
])
@pytest.mark.filterwarnings("error")
def test_softmax_by_hand(logits, expected):
    found = softmax(np.array([logits, [0, 0]], np.float32))
    assert found[0] == pytest.approx(expected, abs=1e-4)
    assert found[1] == pytest.approx([0.5, 0.5])
    assert found.dtype == np.float64


@pytest.mark.parametrize(("method", "weights"), [
    pytest.param("mean", (1 / 9,) * 9, id="nine ninths add up to a little more than 1 in binary"),
    pytest.param("weighted", (0.2, 0.4, 0.3, 0.1), id="and so do these tenths"),
    pytest.param("weighted", (0.7, 0.2, 0.1), id="these add up to a little less"),
])
def test_certain_members_combine_to_a_probability(method, weights):
    found = _combination(method, weights).probabilities(np.ones((1, len(weights))))
    assert found == pytest.approx([1])
    assert found.max() <= 1
