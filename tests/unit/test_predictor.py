"""The packaged ensemble without its networks: graphs by hand, so that every number is known."""

import json
from dataclasses import replace

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from osteon.combination import Combination
from osteon.files import write_json
from osteon.imaging import ImageError
from osteon.serving.predictor import Predictor, UnknownBodyPartError

SPEC = {"image_size_px": 8, "contrast": "none", "clahe_clip": 2.0, "clahe_grid": 8, "fit": "squash"}
TWO, THREE = ("normal", "abnormal"), ("thin", "middle", "dense")


def _graph(file, slopes, side):
    """Write a graph whose logits are slopes times the picture's mean grey value, 0 to 1."""
    nodes = [helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1, 2, 3], keepdims=0),
             helper.make_node("Unsqueeze", ["grey", "last"], ["column"]),
             helper.make_node("Mul", ["column", "slopes"], ["logits"])]
    graph = helper.make_graph(
        nodes, "mean", [helper.make_tensor_value_info(
            "images", TensorProto.FLOAT, ["batch", 1, side, side])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(slopes)])],
        [numpy_helper.from_array(np.array([1], np.int64), "last"),
         numpy_helper.from_array(np.array([slopes], np.float32), "slopes")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                ir_version=8), file)


def _package(folder, combination, slopes, specs=None, **card):
    (folder / "members").mkdir(parents=True)
    specs = specs or dict.fromkeys(combination.members, SPEC)
    for member, of_member in zip(combination.members, slopes, strict=True):
        _graph(folder / "members" / f"{member}.onnx", of_member, specs[member]["image_size_px"])
    write_json(folder / "ensemble.json", combination.to_json())
    write_json(folder / "preprocess.json", specs)
    write_json(folder / "card.json", {"version": "v1", "body_parts": ["hand", "wrist"], **card})
    return Predictor.load(folder)


def _png(value):
    return cv2.imencode(".png", np.full((20, 30), value, np.uint8))[1].tobytes()


def test_two_classes_answer_with_the_last_and_the_threshold(tmp_path):
    # White: odds of 4 for a, of 1 for b; the mean of .8 and .5.
    combination = replace(Combination.plain("ab", TWO), thresholds={"image": 0.6, "study": 0.1})
    predictor = _package(tmp_path, combination, [(0, np.log(4)), (0, 0)])
    found = predictor.predict(_png(255))
    assert (found.label, found.threshold, found.model_version) == ("abnormal", 0.6, "v1")
    assert found.probability == pytest.approx(0.65)
    assert found.probabilities == pytest.approx({"normal": 0.35, "abnormal": 0.65})
    assert found.members["a"] == pytest.approx({"normal": 0.2, "abnormal": 0.8})
    assert found.members["b"] == pytest.approx({"normal": 0.5, "abnormal": 0.5})
    black = predictor.predict(_png(0))
    assert (black.label, black.probability) == ("normal", pytest.approx(0.5))


def test_of_three_classes_the_probability_is_that_of_the_verdict(tmp_path):
    predictor = _package(tmp_path, Combination.plain("a", THREE), [(0, np.log(6), np.log(3))])
    found = predictor.predict(_png(255))
    assert (found.label, found.threshold) == ("middle", None)
    assert found.probability == pytest.approx(0.6)
    assert found.probabilities == pytest.approx({"thin": 0.1, "middle": 0.6, "dense": 0.3})


def test_each_member_sees_the_picture_of_its_own_spec(tmp_path):
    # Padded to a square, 20 x 30 white pixels have a third of black beside them.
    specs = {"a": SPEC, "b": {**SPEC, "image_size_px": 12, "fit": "pad"}}
    slopes = [(0, np.log(8))] * 2
    found = _package(tmp_path, Combination.plain("ab", TWO), slopes, specs).predict(_png(255))
    assert found.members["a"]["abnormal"] == pytest.approx(8 / 9)
    assert found.members["b"]["abnormal"] == pytest.approx(4 / 5, abs=0.01)  # 8 ** (2 / 3) is 4


@pytest.mark.parametrize(("body_part", "expected"), [
    pytest.param("hand", 0.8, id="its own weights"),
    pytest.param("wrist", 0.65, id="a part without any has the common ones"),
    pytest.param("", 0.65, id="none named"),
])
def test_a_body_part_chooses_the_weights(tmp_path, body_part, expected):
    combination = replace(Combination.plain("ab", TWO), method="per_part",
                          part_weights={"hand": {"a": 1.0, "b": 0.0}})
    predictor = _package(tmp_path, combination, [(0, np.log(4)), (0, 0)])
    assert predictor.predict(_png(255), body_part).probability == pytest.approx(expected)


def test_a_body_part_that_the_model_does_not_know_is_refused(tmp_path):
    predictor = _package(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    with pytest.raises(UnknownBodyPartError, match=r"'skull'.*it knows: hand, wrist"):
        predictor.predict(_png(255), "skull")


@pytest.mark.parametrize(("card", "mark"), [({}, None), ({"mark": "LEAKY"}, "LEAKY")])
def test_the_mark_of_a_leaky_cut_goes_with_every_answer(tmp_path, card, mark):
    predictor = _package(tmp_path, Combination.plain("a", TWO), [(0, 1)], **card)
    found = predictor.predict(_png(9))
    assert found.mark == mark
    json.dumps(vars(found))


def test_what_is_no_image_is_refused(tmp_path):
    with pytest.raises(ImageError):
        _package(tmp_path, Combination.plain("a", TWO), [(0, 1)]).predict(b"hello")


def test_a_folder_without_a_package_names_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `dvc repro`"):
        Predictor.load(tmp_path)
