"""The test part's figures, on six images of three studies worked by hand."""

import json

import pandas as pd
import pytest

from osteon.combination import Combination
from osteon.evaluation import evaluate, with_verdicts
from osteon.splits import LeakySplits, Splits

_CUT = pd.DataFrame({"patient_id": ["p"], "twin_id": ["t"], "group_id": ["p"], "part": ["test"]})
WINNER = Combination(
    method="weighted", members=("a", "b"), weights=(0.75, 0.25),
    member_thresholds={"image": (0.5, 0.7), "study": (0.25, 0.7)},
    thresholds={"image": 0.5, "study": 0.45})

IMAGES = pd.DataFrame({
    "study_id": ["s1", "s1", "s2", "s2", "s3", "s3"],
    "group_id": ["p1", "p1", "p2", "p2", "p2", "p2"],
    "body_part": "hand",
    "target": [1, 1, 0, 0, 0, 0],
    "probability_a": [0.8, 0.4, 0.2, 0.6, 0.0, 0.0],
    "probability_b": [0.8, 0.0, 0.2, 0.6, 0.0, 0.4],
})
# Combined: .8 .3 .2 .6 .0 .1; verdicts at .5: 1 0 0 1 0 0; studies: .55 .4 .05.


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(with_verdicts(IMAGES, WINNER), WINNER, resamples=100, seed=0)


def test_verdicts_follow_the_weights_and_the_threshold():
    table = with_verdicts(IMAGES, WINNER)
    assert list(table["probability"]) == pytest.approx([0.8, 0.3, 0.2, 0.6, 0, 0.1])
    assert list(table["verdict"]) == [True, False, False, True, False, False]


@pytest.mark.parametrize(("level", "figures"), [
    # One of two found, three of four spared; .8 beats four and .3 three of the negatives.
    pytest.param("image", {"accuracy": 4 / 6, "sensitivity": 1 / 2, "specificity": 3 / 4,
                           "auroc": 7 / 8, "f1": 2 / 4, "kappa": 1 / 4}, id="six images"),
    pytest.param("study", {"accuracy": 1, "sensitivity": 1, "specificity": 1, "auroc": 1,
                           "f1": 1, "kappa": 1}, id="three studies, .55 against .4 and .05"),
])
def test_figures_of_the_winner(evaluation, level, figures):
    found = {name: score.value for name, score in evaluation.winner[level].items()}
    assert found == pytest.approx(figures, abs=1e-6)


@pytest.mark.parametrize(("member", "level", "sensitivity", "specificity"), [
    pytest.param("a", "image", 1 / 2, 3 / 4, id="a from .5 on"),
    pytest.param("a", "study", 1, 1 / 2, id="studies of a: .6 .4 0, from .25 on"),
    pytest.param("b", "image", 1 / 2, 1, id="b from .7 on"),
    pytest.param("b", "study", 0, 1, id="studies of b: .4 .4 .2, from .7 on"),
])
def test_members_are_measured_at_their_own_thresholds(
        evaluation, member, level, sensitivity, specificity):
    found = evaluation.members[member][level]
    assert found["sensitivity"].value == pytest.approx(sensitivity)
    assert found["specificity"].value == pytest.approx(specificity)


def test_counts_say_how_much_was_measured(evaluation):
    assert evaluation.counts == {"images": 6, "studies": 3, "groups": 2, "positive_images": 2}


def test_figures_are_plain_json(evaluation):
    cut = Splits(_CUT, "ratio")
    content = json.loads(json.dumps(evaluation.to_json(cut), allow_nan=False))
    assert content["winner"]["image"]["auroc"]["value"] == 0.875
    assert list(content["members"]) == ["a", "b"]
    assert content["protocol"] == {"name": "ratio", "leaky": False, "reasons": []}
    assert "mark" not in content


def test_figures_of_a_leaky_cut_say_so_before_all_else(evaluation):
    content = evaluation.to_json(LeakySplits(_CUT, ("cut by image, as published",), "ratio"))
    assert list(content.items())[:2] == [("mark", "LEAKY"), ("protocol", {
        "name": "ratio", "leaky": True, "reasons": ["cut by image, as published"]})]
