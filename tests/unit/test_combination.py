"""Members' probabilities into one, images' into a study's, and one into a verdict, by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from osteon.combination import Combination, Stacking, pooled, softmax, tempered, verdicts

MEMBERS, TWO, THREE = ("a", "b", "c"), ("normal", "abnormal"), ("thin", "middle", "dense")


def _two(last):
    """Add the first class to probabilities of the last."""
    last = np.asarray(last, dtype=float)
    return np.stack([1 - last, last], axis=-1)


OF_TWO = _two([[0.9, 0.6, 0.1], [0.2, 0.3, 0.4]])  # (rows, members, classes)
OF_THREE = np.array([
    [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]],  # each member votes for another
    [[0.5, 0.4, 0.1], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1]],  # two against one
])


def _made(labels=TWO, **changes):
    return replace(Combination.plain(MEMBERS, labels), **changes)


def _named(*values):
    return dict(zip(MEMBERS, values, strict=True))


WEIGHTED = _named(0.5, 0.3, 0.2)
OWN = {"a": {"image": 0.5, "study": 0.1}, "b": {"image": 0.6, "study": 0.2},
       "c": {"image": 0.4, "study": 0.3}}


@pytest.mark.parametrize(("combination", "alone"), [
    (_made(method="single", weights=_named(0, 1, 0)), "b"),
    (_made(method="weighted", weights=_named(0, 0, 1)), "c"),
    (_made(method="calibrated", weights=_named(0, 1, 0), temperatures=_named(1, 2, 1)), None),
    (_made(method="majority", weights=_named(0, 1, 0)), None),
    (_made(method="stacking", weights=_named(0, 0, 0),
           stacking=Stacking(_named(1, 0, 0), {"normal": 0, "abnormal": 0})), None),
    (_made(method="per_part", weights=_named(1, 0, 0), part_weights={"hip": WEIGHTED}), None),
    (_made(), None),
], ids=["single", "all the weight", "softened", "votes", "stacked", "by part", "mean"])
def test_who_decides_alone(combination, alone):
    assert combination.alone == alone


@pytest.mark.parametrize(("combination", "expected"), [
    pytest.param(_made(), [1.6 / 3, 0.9 / 3], id="mean"),
    pytest.param(_made(method="weighted", weights=WEIGHTED),
                 [0.45 + 0.18 + 0.02, 0.1 + 0.09 + 0.08], id="each member by its own weight"),
    pytest.param(_made(method="single", weights=_named(0.0, 1.0, 0.0)), [0.6, 0.3],
                 id="one member"),
    pytest.param(_made(method="majority", member_thresholds=OWN), [2 / 3, 1 / 3],
                 id="share of votes; .6 at .6 and .4 at .4 are votes"),
    # Odds of 9 at temperature 2 are odds of 3, .25 become .5, 1.5 become 1.2247, ...
    pytest.param(_made(method="calibrated", temperatures=_named(2.0, 1.0, 0.5)),
                 [(0.75 + 0.6 + 1 / 82) / 3, (1 / 3 + 0.3 + 4 / 13) / 3], id="each at its own"),
    # Odds 9^.5 * 1.5 / 9 * e^.4: 3 * 1.5 / 9 = .5; row two .25^.5 * (3/7) * (2/3) = 1/7.
    pytest.param(_made(method="stacking", stacking=Stacking(
        _named(0.5, 1.0, 1.0), {"normal": -0.1, "abnormal": 0.3})),
        [0.5 * np.exp(0.4) / (1 + 0.5 * np.exp(0.4)), np.exp(0.4) / (7 + np.exp(0.4))],
        id="logistic stacking on log odds"),
])
def test_probabilities_of_two_classes_by_hand(combination, expected):
    found = combination.probabilities(OF_TWO)
    assert found[:, 1] == pytest.approx(expected)
    assert found.sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize(("combination", "expected"), [
    pytest.param(_made(THREE), [[0.3, 0.3, 0.4], [1.3 / 3, 1.4 / 3, 0.1]], id="mean"),
    pytest.param(_made(THREE, method="majority"), [[0.3, 0.3, 0.4], [2 / 3, 1 / 3, 0]],
                 id="a vote each is broken by the mean; two votes win over the higher mean"),
    pytest.param(_made(THREE, method="weighted", weights=_named(0.0, 0.5, 0.5)),
                 [[0.15, 0.3, 0.55], [0.4, 0.5, 0.1]], id="weighted"),
    # Products over the row: .12 / .15 / .24 of .6*.2, .3*.5, ... without c.
    pytest.param(_made(THREE, method="stacking", stacking=Stacking(
        _named(1.0, 1.0, 0.0), {"thin": 0.0, "middle": 0.0, "dense": 0.0})),
        [[0.4, 0.5, 0.1], [35 / 44, 8 / 44, 1 / 44]], id="stacking multiplies"),
])
def test_probabilities_of_three_classes_by_hand(combination, expected):
    assert combination.probabilities(OF_THREE) == pytest.approx(np.array(expected))


def test_each_body_part_has_its_own_weights_and_others_the_common():
    combination = _made(method="per_part", part_weights={
        "wrist": _named(1.0, 0.0, 0.0), "hand": _named(0.0, 0.5, 0.5)})
    of_members = np.repeat(OF_TWO[:1], 4, axis=0)
    found = combination.probabilities(of_members, ["wrist", "hand", "knee", ""])
    assert found[:, 1] == pytest.approx([0.9, 0.35, 1.6 / 3, 1.6 / 3])
    assert combination.probabilities(of_members)[:, 1] == pytest.approx([1.6 / 3] * 4)


@pytest.mark.parametrize(("level", "expected"), [
    pytest.param("image", [0, 0, 1, 1], id="image from .59 on"),
    pytest.param("study", [0, 1, 1, 1], id="study from .4 on"),
])
def test_a_verdict_at_the_very_threshold_is_the_last_class(level, expected):
    combination = _made(thresholds={"image": 0.59, "study": 0.4})
    assert list(combination.verdicts(_two([0.39, 0.4, 0.59, 0.6]), level)) == expected


def test_a_member_has_a_threshold_of_its_own():
    combination = _made(member_thresholds=OWN)
    assert list(combination.member_verdicts("b", _two([0.59, 0.6]), "image")) == [0, 1]
    assert list(combination.member_verdicts("b", _two([0.19, 0.2]), "study")) == [0, 1]


@pytest.mark.parametrize(("probabilities", "expected"), [
    pytest.param([0.2, 0.5, 0.3], 1, id="the most probable"),
    pytest.param([0.4, 0.2, 0.4], 0, id="of equals the first"),
    pytest.param([0.0, 0.0, 1.0], 2, id="a certain one"),
])
def test_of_three_classes_the_most_probable_is_the_verdict(probabilities, expected):
    assert _made(THREE).thresholds == {"image": None, "study": None}
    assert verdicts(np.array([probabilities]), None) == [expected]


# Two studies: images of .2, .5 and .4 are the first's, of 0, 1 the second's.
STUDIES = np.array([0, 1, 0, 0, 1])


@pytest.mark.parametrize(("rule", "expected"), [
    pytest.param("mean", [1.1 / 3, 0.5], id="mean"),
    pytest.param("max", [0.5, 1], id="largest"),
    pytest.param("noisy_or", [1 - 0.8 * 0.5 * 0.6, 1], id="noisy-or; one certain view is enough"),
])
@pytest.mark.filterwarnings("error")
def test_studies_of_two_classes_by_hand(rule, expected):
    found = pooled(_two([0.2, 0, 0.5, 0.4, 1]), STUDIES, rule)
    assert found == pytest.approx(_two(expected))


@pytest.mark.parametrize(("rule", "expected"), [
    pytest.param("mean", [0.35, 0.25, 0.4], id="mean"),
    pytest.param("max", [0.5 / 1.4, 0.3 / 1.4, 0.6 / 1.4], id="largest, over their sum"),
    pytest.param("noisy_or", [0.6 / 1.72, 0.44 / 1.72, 0.68 / 1.72], id="noisy-or, over the sum"),
])
def test_studies_of_three_classes_by_hand(rule, expected):
    images = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
    assert pooled(images, np.array([0, 0]), rule) == pytest.approx(np.array([expected]))


@pytest.mark.parametrize("rule", ["mean", "max", "noisy_or"])
@pytest.mark.parametrize("last", [0.0, 1e-12, 0.3, 1.0])
@pytest.mark.filterwarnings("error")
def test_a_study_of_one_image_is_that_image(rule, last):
    found = pooled(_two([last]), np.array([0]), rule)
    assert found[0, 1] == pytest.approx(last, rel=1e-9)


@pytest.mark.parametrize(("last", "temperature", "expected"), [
    pytest.param(0.9, 2.0, 0.75, id="odds of 9 become 3"),
    pytest.param(0.9, 1.0, 0.9, id="1 changes nothing"),
    pytest.param(0.75, 0.5, 0.9, id="sharper"),
    pytest.param(1.0, 1.0, 1.0, id="certain stays certain"),
    pytest.param(0.0, 3.0, 1e-5, id="0 counts as 1e-15"),
])
def test_temperature_by_hand(last, temperature, expected):
    assert tempered(_two([last]), temperature)[0, 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("combination", [
    pytest.param(_made(), id="two classes"),
    pytest.param(_made(THREE, method="majority"), id="three classes, no threshold"),
    pytest.param(_made(method="stacking", stacking=Stacking(WEIGHTED, dict.fromkeys(TWO, 0.0))),
                 id="stacking"),
    pytest.param(_made(method="per_part", part_weights={"wrist": WEIGHTED}), id="by body part"),
])
def test_a_combination_survives_json_text(combination):
    text = json.dumps({**combination.to_json(), "why": "what else the file holds"})
    assert Combination.from_json(json.loads(text)) == combination


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 3, 3), (2, 3)])
def test_probabilities_of_other_members_or_labels_are_refused(shape):
    with pytest.raises(ValueError, match="not of 3 members and 2 labels"):
        _made().probabilities(np.zeros(shape))


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


@pytest.mark.parametrize("weights", [
    pytest.param((1 / 9,) * 9, id="nine ninths add up to a little more than 1 in binary"),
    pytest.param((0.2, 0.4, 0.3, 0.1), id="and so do these tenths"),
    pytest.param((0.7, 0.2, 0.1), id="these add up to a little less"),
])
def test_certain_members_combine_to_a_probability(weights):
    members = [str(number) for number in range(len(weights))]
    combination = replace(Combination.plain(members, TWO),
                          weights=dict(zip(members, weights, strict=True)))
    found = combination.probabilities(_two(np.ones((1, len(weights)))))
    assert found[0] == pytest.approx([0, 1])
    assert found.max() <= 1
