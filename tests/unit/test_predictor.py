"""The packaged ensemble without its networks: graphs by hand, so that every number is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handmade import RULE, SPEC, THREE, TWO, packaged, plain, png, reference
from osteon.combination import Combination
from osteon.errors import UserError
from osteon.files import read_json, write_json
from osteon.imaging import ImageError
from osteon.records import STATISTICS
from osteon.serving.predictor import Predictor, Warning  # noqa: A004


def test_two_classes_answer_with_the_last_and_the_threshold(tmp_path):
    # White: odds of 4 for a, of 1 for b; the mean of .8 and .5.
    combination = replace(Combination.plain("ab", TWO), thresholds={"image": 0.6, "study": 0.1})
    predictor = packaged(tmp_path, combination, [(0, np.log(4)), (0, 0)])
    found = predictor.predict(plain(255))
    assert (found.label, found.threshold, found.model_version) == ("abnormal", 0.6, "v1")
    assert found.probability == pytest.approx(0.65)
    assert found.probabilities == pytest.approx({"normal": 0.35, "abnormal": 0.65})
    assert found.members["a"] == pytest.approx({"normal": 0.2, "abnormal": 0.8})
    assert found.members["b"] == pytest.approx({"normal": 0.5, "abnormal": 0.5})
    black = predictor.predict(plain(0))
    assert (black.label, black.probability) == ("normal", pytest.approx(0.5))


def test_of_three_classes_the_probability_is_that_of_the_verdict(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("a", THREE), [(0, np.log(6), np.log(3))])
    found = predictor.predict(plain(255))
    assert (found.label, found.threshold) == ("middle", None)
    assert found.probability == pytest.approx(0.6)
    assert found.probabilities == pytest.approx({"thin": 0.1, "middle": 0.6, "dense": 0.3})


def test_each_member_sees_the_picture_of_its_own_spec(tmp_path):
    # Padded to a square, 20 x 30 white pixels have a third of black beside them.
    specs = {"a": SPEC, "b": {**SPEC, "image_size_px": 12, "fit": "pad"}}
    slopes = [(0, np.log(8))] * 2
    found = packaged(tmp_path, Combination.plain("ab", TWO), slopes, specs).predict(plain(255))
    assert found.members["a"]["abnormal"] == pytest.approx(8 / 9)
    assert found.members["b"]["abnormal"] == pytest.approx(4 / 5, abs=0.01)  # 8 ** (2 / 3) is 4


@pytest.mark.parametrize(("body_part", "expected"), [
    pytest.param("hand", 0.8, id="its own weights"),
    pytest.param("wrist", 0.65, id="a part without any has the common ones"),
    pytest.param("skull", 0.65, id="so has one that the model does not know"),
    pytest.param("", 0.65, id="none named"),
])
def test_a_body_part_chooses_the_weights(tmp_path, body_part, expected):
    combination = replace(Combination.plain("ab", TWO), method="per_part",
                          part_weights={"hand": {"a": 1.0, "b": 0.0}})
    predictor = packaged(tmp_path, combination, [(0, np.log(4)), (0, 0)])
    assert predictor.predict(plain(255), body_part).probability == pytest.approx(expected)


@pytest.mark.parametrize(("rule", "labels", "said"), [
    (RULE, TWO, "youden"),
    ({"threshold_rule": "sensitivity", "required_sensitivity": 0.9}, TWO,
     "sensitivity of at least 0.9"),
    (RULE, THREE, "none: the most probable"),
], ids=["youden", "sensitivity", "three-classes"])
def test_the_rule_of_the_threshold_is_said(tmp_path, rule, labels, said):
    predictor = packaged(tmp_path, Combination.plain("a", labels), [range(len(labels))], rule=rule)
    assert predictor.predict(plain(9)).threshold_rule == said


@pytest.mark.parametrize(("card", "mark"), [({}, None), ({"mark": "LEAKY"}, "LEAKY")])
def test_the_mark_of_a_leaky_cut_goes_with_every_answer(tmp_path, card, mark):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)], **card)
    assert predictor.predict(plain(9)).mark == mark
    assert predictor.study([plain(9)]).mark == mark


# Warnings

def _warned(predictor, picture, body_part=""):
    return {(warning.kind, warning.detail.split(":")[0].split(" ")[0])
            for warning in predictor.predict(png(picture), body_part).warnings}


def test_what_is_like_the_reference_is_warned_of_for_nothing_but_what_it_is(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("ab", TWO), [(0, 1), (0, 2)])
    assert _warned(predictor, np.full((20, 30), 100)) == {("low_quality", "blank")}
    assert _warned(predictor, np.full((10, 30), 100)) == {("low_quality", "tiny"),
                                                          ("low_quality", "blank")}


def test_what_is_unlike_the_reference_is_said_with_the_reason(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("ab", TWO), [(0, 1), (0, 2)])
    noise = np.random.default_rng(0).integers(0, 256, (20, 30))
    assert {("unfamiliar", "sd"), ("unfamiliar", "sharpness")} <= _warned(predictor, noise)


@pytest.mark.parametrize(("body_part", "warned"), [("hand", False), ("", False), ("skull", True)])
def test_a_body_part_that_the_model_does_not_know_is_warned_of(tmp_path, body_part, warned):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    found = predictor.predict(plain(9), body_part).warnings
    expected = Warning("unknown_body_part",
                       "not among the body parts that the model learnt from (hand, wrist)")
    assert (expected in found) is warned


def test_the_log_gets_the_index_statistics_and_the_place_among_the_reference(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("ab", TWO), [(0, 1), (0, 2)])
    found = predictor.predict(plain(51))
    assert list(found.statistics) == STATISTICS
    assert found.statistics["mean"] == 0.2
    assert found.coordinates == pytest.approx(
        reference(2).coordinates([[0.2, 0.2]])[0].tolist(), abs=1e-5)
    assert predictor.familiarity == reference(2).name
    json.dumps(found.coordinates)


# Studies

@pytest.mark.parametrize(("rule", "probability", "label"), [
    ("mean", 0.65, "abnormal"), ("max", 0.8, "abnormal"), ("noisy_or", 0.9, "abnormal"),
])
def test_a_study_is_pooled_by_the_winners_rule_and_held_against_its_threshold(
        tmp_path, rule, probability, label):
    combination = replace(Combination.plain("a", TWO), study_rule=rule,
                          thresholds={"image": 0.9, "study": 0.6})
    predictor = packaged(tmp_path, combination, [(0, np.log(4))])
    found = predictor.study([plain(255), plain(0)])  # .8 and .5
    assert (found.label, found.threshold) == (label, 0.6)
    assert found.probability == pytest.approx(probability)
    assert found.probabilities["normal"] == pytest.approx(1 - probability)
    assert found.members["a"]["abnormal"] == pytest.approx(probability)
    assert [view.label for view in found.views] == ["normal", "normal"]  # by the image's threshold
    assert [view.probability for view in found.views] == pytest.approx([0.8, 0.5])


def test_a_study_says_which_view_a_warning_is_of_and_what_is_of_all_once(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    found = predictor.study([plain(9), png(np.full((10, 30), 9))], "skull")
    assert [f"{warning.kind}: {warning.detail}" for warning in found.warnings] == [
        "unknown_body_part: not among the body parts that the model learnt from (hand, wrist)",
        "low_quality: image 1: blank: nearly the same grey everywhere",
        "low_quality: image 2: tiny: 30 x 10 pixels, where 16 on the short side are the least",
        "low_quality: image 2: blank: nearly the same grey everywhere"]


def test_a_study_names_the_image_that_is_none(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    with pytest.raises(ImageError, match=r"^image 2: "):
        predictor.study([plain(9), b"hello"])


# Files

def test_what_is_no_image_is_refused(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    for ask in (predictor.predict, predictor.explain, lambda content: predictor.study([content])):
        with pytest.raises(ImageError):
            ask(b"hello")


@pytest.mark.parametrize("missing", ["card.json", "ensemble.json", "preprocess.json",
                                     "familiarity.npz"])
def test_a_folder_without_a_whole_package_names_the_remedy(tmp_path, missing):
    packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match=f"lacks {missing}; run `dvc repro`"):
        Predictor.load(tmp_path)


@pytest.mark.parametrize(("number", "said"), [
    pytest.param({}, "a package without a format number, of an earlier version", id="older"),
    pytest.param({"format": 2}, "a package of format 2", id="newer"),
])
def test_a_package_of_another_format_names_the_remedy(tmp_path, number, said):
    packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    card = read_json(tmp_path / "card.json")
    del card["format"]
    write_json(tmp_path / "card.json", {**card, **number})
    with pytest.raises(UserError) as refused:
        Predictor.load(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: {said}; format 1 is wanted. Run `dvc repro package`, or serve it with the "
        "version of osteon that made it")


def _cut(file):
    file.write_bytes(file.read_bytes()[:file.stat().st_size // 2])


def _without(name):
    return lambda file: write_json(file, {key: value for key, value in read_json(file).items()
                                          if key != name})


DAMAGED = [
    pytest.param("members/one.onnx", _cut, "InvalidProtobuf", id="graph cut short"),
    pytest.param("members/one.onnx", Path.unlink, "NoSuchFile", id="no graph"),
    pytest.param("card.json", _cut, "JSONDecodeError", id="card cut short"),
    pytest.param("card.json", lambda file: write_json(file, []), "AttributeError",
                 id="card of another shape"),
    pytest.param("card.json", _without("version"), "KeyError: 'version'",
                 id="card without version"),
    pytest.param("ensemble.json", _without("thresholds"), "KeyError: 'thresholds'",
                 id="no thresholds"),
    pytest.param("ensemble.json", lambda file: file.write_bytes(b"\xff"), "UnicodeDecodeError",
                 id="ensemble that is no text"),
    pytest.param("preprocess.json", _without("one"), "KeyError: 'one'", id="no preprocessing"),
    pytest.param("preprocess.json", lambda file: write_json(file, {
        name: {**spec, "gamma": 2.0} for name, spec in read_json(file).items()}), "TypeError",
        id="preprocessing that this version does not know"),
    pytest.param("familiarity.npz", _cut, "BadZipFile", id="reference cut short"),
]


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGED)
def test_a_file_that_cannot_be_used_is_named_in_one_line(tmp_path, name, damage, said):
    packaged(tmp_path, Combination.plain(["one"], TWO), [[0, 4]])
    damage(tmp_path / name)
    with pytest.raises(UserError) as refused:
        Predictor.load(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / name}: cannot be used ({said}")
    assert "\n" not in str(refused.value)
