"""The test part's figures, on six images of three studies worked by hand, and degenerate parts."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osteon.aggregation import SHORTCUTS
from osteon.combination import Combination
from osteon.evaluation import About, evaluate, tables
from osteon.splits import LeakySplits, Splits

LABELS = ("normal", "abnormal")
_CUT = pd.DataFrame({"patient_id": ["p"], "twin_id": ["t"], "group_id": ["p"], "part": ["test"]})
WINNER = replace(
    Combination.plain(("a", "b"), LABELS), method="weighted", weights={"a": 0.75, "b": 0.25},
    member_thresholds={"a": {"image": 0.5, "study": 0.25}, "b": {"image": 0.7, "study": 0.7}},
    thresholds={"image": 0.5, "study": 0.45})
ABOUT = About(LABELS, WINNER.members, WINNER.method, WINNER.thresholds, None, 100, 0)


def _table(targets, probabilities, labels=LABELS, **columns):
    """Give images with a column of probability for each name and label."""
    rows = len(targets)
    table = {"study_id": [f"s{row}" for row in range(rows)],
             "group_id": [f"p{row}" for row in range(rows)], "body_part": "hand", "view": "",
             "target": targets, "label": [labels[number] for number in targets], **columns}
    for name, found in probabilities.items():
        table |= dict(zip([f"{name}:{label}" for label in labels], np.asarray(found, float).T,
                          strict=True))
    return pd.DataFrame(table)


def _of(positive):
    return [[1 - p, p] for p in positive]


# Combined: .8 .3 .2 .6 .0 .1; verdicts at .5: 1 0 0 1 0 0; studies: .55 .4 .05.
IMAGES = _table(
    [1, 1, 0, 0, 0, 0], {"a": _of([0.8, 0.4, 0.2, 0.6, 0, 0]), "b": _of([0.8, 0, 0.2, 0.6, 0, 0.4]),
                         SHORTCUTS: _of([0.6, 0.2, 0.2, 0.6, 0.4, 0])},
    study_id=["s1", "s1", "s2", "s2", "s3", "s3"], group_id=["p1", "p1", "p2", "p2", "p2", "p2"],
    view=["frontal", "lateral"] * 3, width_px=[400, 400, 400, 400, 900, 900], height_px=300)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(tables(IMAGES, WINNER), replace(ABOUT, shortcut="sizes"))


@pytest.mark.parametrize(("level", "figures"), [
    # One of two found, three of four spared; .8 beats four and .3 three of the negatives.
    pytest.param("image", {"accuracy": 4 / 6, "balanced_accuracy": 5 / 8, "kappa": 1 / 4,
                           "auroc": 7 / 8, "average_precision": 1 / 2 + 1 / 3,
                           "sensitivity": 1 / 2, "specificity": 3 / 4, "ppv": 1 / 2, "npv": 3 / 4,
                           "f1": 1 / 2, "sensitivity_at_90_specificity": 1 / 2,
                           "brier": (0.2**2 + 0.7**2 + 0.2**2 + 0.6**2 + 0.1**2) / 6,
                           "ece": (0.2 + 0.7 + 0.2 + 0.6 + 0.1) / 6}, id="six images"),
    pytest.param("study", {"accuracy": 1, "kappa": 1, "auroc": 1, "sensitivity": 1,
                           "specificity": 1, "f1": 1, "ece": (0.45 + 0.4 + 0.05) / 3},
                 id="three studies, .55 against .4 and .05"),
])
def test_figures_of_the_ensemble(evaluation, level, figures):
    found = evaluation.levels[level].figures["ensemble"]
    assert {name: found[name].value for name in figures} == pytest.approx(figures, abs=1e-6)


@pytest.mark.parametrize(("member", "level", "sensitivity", "specificity"), [
    pytest.param("a", "image", 1 / 2, 3 / 4, id="a from .5 on"),
    pytest.param("a", "study", 1, 1 / 2, id="studies of a: .6 .4 0, from .25 on"),
    pytest.param("b", "image", 1 / 2, 1, id="b from .7 on"),
    pytest.param("b", "study", 0, 1, id="studies of b: .4 .4 .2, from .7 on"),
])
def test_members_are_measured_at_their_own_thresholds(
        evaluation, member, level, sensitivity, specificity):
    found = evaluation.levels[level].figures[member]
    assert found["sensitivity"].value == pytest.approx(sensitivity)
    assert found["specificity"].value == pytest.approx(specificity)


def test_members_are_compared_with_the_ensemble(evaluation):
    # By image b alone is right about the fourth; by study it alone is wrong about the first.
    image, study = (evaluation.levels[level].members["b"] for level in ("image", "study"))
    assert (image.mcnemar.only_ensemble_right, image.mcnemar.only_member_right) == (0, 1)
    assert (study.mcnemar.only_ensemble_right, study.mcnemar.only_member_right) == (1, 0)
    assert image.above["accuracy"].value == pytest.approx(-1 / 6, abs=1e-6)


def test_a_member_that_was_chosen_alone_is_not_compared_with_itself():
    alone = replace(WINNER, method="single", weights={"a": 1.0, "b": 0.0})
    found = evaluate(tables(IMAGES, alone), ABOUT)
    assert [*found.levels["image"].members, *found.levels["study"].members] == ["b", "b"]


def test_the_shortcut_baseline_stands_beside(evaluation):
    # Its studies, the mean of two images: .4 .4 .2; by image .6 beats three and ties with one.
    image, study = (evaluation.levels[level].shortcut for level in ("image", "study"))
    assert image.figures["auroc"].value == pytest.approx((3.5 + 1.5) / 8)
    assert image.above["auroc"].value == pytest.approx(7 / 8 - 5 / 8)
    assert study.figures["auroc"].value == pytest.approx(1.5 / 2)
    assert study.columns == "sizes"
    assert image.beaten is None  # of two groups no interval can be told
    assert evaluation.says()[:2] == [image.says, study.says]
    assert image.says.startswith("By image, ")
    assert study.says.startswith("By study, ")


FIRST = _table(IMAGES["target"], {"b_before": _of([0.1, 0.1, 0.9, 0.9, 0.9, 0.1])}).filter(like=":")


def test_a_member_before_fine_tuning_stands_beside_and_decides_nothing(evaluation):
    # .1 ties with one of four and is below three; its studies, .1 .9 .5, are ranked the wrong way.
    images = pd.concat([IMAGES, FIRST], axis=1)
    found = evaluate(tables(images, WINNER), replace(ABOUT, shortcut="sizes", before=("b",)))
    image, study = (found.levels[level] for level in ("image", "study"))
    assert image.before["b"].figures["auroc"].value == pytest.approx(0.125)
    assert image.before["b"].above["auroc"].value == pytest.approx(7 / 8 - 1 / 8)
    assert study.before["b"].figures["auroc"].value == 0
    assert list(image.before["b"].figures) == [
        "auroc", "average_precision", "sensitivity_at_90_specificity"]
    assert "ensemble ranks better than b before fine-tuning" in image.before["b"].says
    assert found.says()[-1] == study.before["b"].says
    assert (image.figures, image.members) == (
        evaluation.levels["image"].figures, evaluation.levels["image"].members)


def test_parts_classes_and_members_stand_beside_the_shortcuts(evaluation):
    # Lateral: .3 against .6 and .1; shortcuts .2 against .6 and 0: each beats one of two.
    lateral = evaluation.levels["image"].subgroups["view"]["lateral"]["shortcut"]
    assert lateral.figures["auroc"].value == 0.5
    assert lateral.above["auroc"].value == 0
    # Frontal: .8 before .2 and 0; shortcuts .6 before .2 and .4.
    frontal = evaluation.levels["image"].subgroups["view"]["frontal"]["shortcut"]
    assert (frontal.figures["auroc"].value, frontal.above["auroc"].value) == (1, 0)
    # a: .8 .4 against .2 .6 0 0 is 7 of 8, the shortcuts' 5 of 8.
    member = evaluation.levels["image"].members["a"].shortcut
    assert member.above["auroc"].value == pytest.approx(7 / 8 - 5 / 8)
    assert member.says.startswith("By image, the AUROC of a is 0.875;")
    normal = evaluation.levels["image"].class_shortcuts["normal"]
    assert normal.above["auroc"].value == pytest.approx(7 / 8 - 5 / 8)


def test_a_headline_has_the_baseline_at_both_levels_and_for_every_part(evaluation):
    headline = evaluation.headline(Splits(_CUT, "ratio"))
    content = json.loads(json.dumps(headline, allow_nan=False))["shortcut"]
    assert content["image"]["above"]["auroc"]["value"] == 0.25
    assert list(content["image"]["parts"]) == [
        "view frontal", "view lateral", "size 400 px", "size 900 px", "member a", "member b"]
    assert list(content["study"]["parts"]) == ["member a", "member b"]
    assert content["image"]["parts"]["member a"] == {
        "auroc": {"value": 0.625, "low": None, "high": None},
        "above": {"value": 0.25, "low": None, "high": None}, "beaten": None}
    without = evaluate(tables(IMAGES, WINNER), ABOUT)
    assert without.headline(Splits(_CUT))["shortcut"] == {"image": None, "study": None}


def test_one_member_that_decides_alone_is_named():
    alone = replace(WINNER, method="single", weights={"a": 1.0, "b": 0.0})
    about = replace(ABOUT, shortcut="sizes", alone=alone.alone)
    said = evaluate(tables(IMAGES, alone), about).says()
    assert said[0].startswith("By image, the AUROC of a is ")
    assert not any("the ensemble" in sentence for sentence in said)


def test_counts_confusion_and_reliability(evaluation):
    image, study = evaluation.levels["image"], evaluation.levels["study"]
    assert image.counts == {"rows": 6, "groups": 2, "labels": {"normal": 4, "abnormal": 2}}
    assert study.counts == {"rows": 3, "groups": 2, "labels": {"normal": 2, "abnormal": 1}}
    assert image.confusion == [[3, 1], [1, 1]]
    assert study.confusion == [[2, 0], [0, 1]]
    assert [(of.rows, of.said, of.happens) for of in study.reliability] == [
        (1, 0.05, 0), (1, 0.4, 0), (1, 0.55, 1)]
    assert (image.threshold, study.threshold) == (0.5, 0.45)


def test_subgroups_have_figures_or_say_that_these_cannot_be_told(evaluation):
    image = evaluation.levels["image"].subgroups
    assert {kind: list(parts) for kind, parts in image.items()} == {
        "view": ["frontal", "lateral"], "size": ["400 px", "900 px"]}
    frontal, large = image["view"]["frontal"], image["size"]["900 px"]
    assert frontal["rows"] == 3
    assert frontal["figures"]["accuracy"].value == 1  # .8 .2 .0
    assert frontal["figures"]["auroc"].value == 1
    assert large["labels"] == {"normal": 2, "abnormal": 0}
    assert large["figures"]["specificity"].value == 1
    assert str(large["figures"]["auroc"]) == str(large["figures"]["sensitivity"]) == "undefined"
    assert evaluation.levels["study"].subgroups == {}


def test_everything_is_plain_json(evaluation):
    content = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert content["looked_for"] == "abnormal"
    image = content["levels"]["image"]
    assert image["figures"]["ensemble"]["auroc"] == {"value": 0.875, "low": None, "high": None}
    assert image["classes"]["normal"]["sensitivity"]["value"] == 0.75
    assert set(image["figures"]["a"]) == set(content["titles"])
    assert set(image) == {"counts", "threshold", "figures", "classes", "confusion", "reliability",
                          "subgroups", "members", "before", "shortcut", "class_shortcuts"}


def test_the_headline_is_short_and_bears_its_protocol(evaluation):
    content = json.loads(json.dumps(evaluation.headline(Splits(_CUT, "ratio")), allow_nan=False))
    assert content["protocol"] == {"name": "ratio", "leaky": False, "reasons": []}
    assert content["test"] == {"images": 6, "studies": 3, "groups": 2}
    assert list(content["winner"]["study"]) == [
        "accuracy", "balanced_accuracy", "kappa", "auroc", "average_precision", "sensitivity",
        "specificity", "ppv", "npv", "f1", "ece", "brier"]
    leaky = evaluation.headline(LeakySplits(_CUT, ("cut by image, as published",), "ratio"))
    assert list(leaky.items())[:2] == [("mark", "LEAKY"), ("protocol", {
        "name": "ratio", "leaky": True, "reasons": ["cut by image, as published"]})]


def test_few_figures_are_chosen_to_compare_runs_by(evaluation):
    assert evaluation.chosen() == {
        "auroc": 0.875, "average_precision": pytest.approx(5 / 6, abs=1e-6), "kappa": 0.25,
        "study_auroc": 1}


THREE = ("simple", "comminuted", "greenstick")
OF_THREE = Combination.plain(("a",), THREE)


def _three(targets, probabilities):
    about = About(THREE, ("a",), "single", OF_THREE.thresholds, None, 100, 0)
    return evaluate(tables(_table(targets, {"a": probabilities}, THREE), OF_THREE), about)


def test_three_classes_are_called_by_the_highest_probability():
    found = _three([0, 1, 2, 2], [[0.6, 0.3, 0.1], [0.4, 0.4, 0.2], [0, 0, 1], [0.1, 0.5, 0.4]])
    image = found.levels["image"]
    assert image.confusion == [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    assert image.figures["ensemble"]["accuracy"].value == 0.5
    assert image.figures["ensemble"]["f1"].value == pytest.approx((2 / 3 + 0 + 2 / 3) / 3, abs=1e-6)
    assert image.classes["greenstick"]["auroc"].value == 1
    assert image.threshold is None
    assert image.members == {}  # the ensemble is its one member
    assert found.to_json()["looked_for"] is None
    headline = found.headline(Splits(_CUT))["winner"]["image"]
    assert "sensitivity" not in headline
    assert headline["f1"]["value"] == found.chosen()["f1"]
    assert list(found.chosen()) == ["accuracy", "f1", "auroc", "study_accuracy"]
    # Of what was most probable, .4 came true not at all, .5 not, .6 and 1 did.
    assert [(of.said, of.happens) for of in image.reliability] == [
        (0.4, 0), (0.5, 0), (0.6, 1), (1, 1)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("targets", "probabilities", "known", "undefined"), [
    pytest.param([0, 0, 1, 1], [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
                 {"accuracy": 0.75, "auroc": (1 + 0.75) / 2, "sensitivity": 0.75}, set(),
                 id="a class absent in test, and called"),
    pytest.param([2], [[0, 0, 1]], {"accuracy": 1, "brier": 0}, {"kappa", "auroc", "sensitivity"},
                 id="one image, certain"),
    pytest.param([0, 1, 2, 2], [[0.5, 0.3, 0.2]] * 4, {"accuracy": 0.25, "auroc": 0.5, "kappa": 0,
                                                       "ppv": 0.25 / 3}, set(),
                 id="one prediction for all"),
])
def test_degenerate_parts_of_three_classes(targets, probabilities, known, undefined):
    figures = _three(targets, probabilities).levels["image"].figures["ensemble"]
    assert {name: figures[name].value for name in known} == pytest.approx(known, abs=1e-6)
    for name in undefined:
        assert figures[name].value is None, name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("positive", [
    pytest.param([1.0], id="one image"), pytest.param([0.0, 0.0, 0.0], id="one class, one verdict"),
    pytest.param([0.5] * 6, id="all tied"), pytest.param([0.0, 1.0] * 3, id="exactly 0 and 1")])
def test_degenerate_parts_of_two_classes_are_measured_and_written(positive):
    targets = [round(p) for p in positive]
    images = _table(targets, {"a": _of(positive), "b": _of(positive), SHORTCUTS: _of(positive)})
    found = evaluate(tables(images, WINNER), replace(ABOUT, shortcut="sizes"))
    json.dumps(found.to_json(), allow_nan=False)
    json.dumps([found.headline(Splits(_CUT)), found.chosen()], allow_nan=False)
    assert found.levels["study"].counts["rows"] == len(positive)
