"""Where a packaged ensemble looks: graphs by hand, so that every colour is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from dicoms import dicom_file, drawn
from handmade import SPEC, THREE, TWO, packaged, png, write_graph
from osteon.combination import Combination, Stacking
from osteon.imaging import decode
from osteon.serving.predictor import Predictor


def _heat(predictor, picture, *arguments):
    content = predictor.explain(png(picture), *arguments, layer="heat")
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)


# Black, but for a white quarter at the top left.
CORNER = np.zeros((160, 320), np.uint8)
CORNER[:80, :160] = 255
ORANGE, BLUE = [0, 159, 230], [233, 180, 86]


@pytest.mark.parametrize(("label", "colour"), [("abnormal", ORANGE), ("normal", BLUE),
                                               ("", ORANGE)])
def test_heat_lies_where_the_logits_come_from_and_is_as_the_label_sees_it(tmp_path, label, colour):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])  # verdict: abnormal
    found = _heat(predictor, CORNER, "", label)
    assert found.shape == (224, 448, 4)
    assert found[20, 20].tolist() == [*colour, 255]
    assert found[20, 420, 3] == found[200, 20, 3] == 0


def test_of_three_classes_the_others_count_by_what_they_claim(tmp_path):
    # log(p / (1 - p)) of the last: 3 less the others' mean of 1 and 2, weighted by their softmax.
    predictor = packaged(tmp_path, Combination.plain("a", THREE), [(1, 2, 3)])
    evidence = {name: member.explain({member.spec: np.ones((1, 1, 8, 8), np.float32)})
                for name, member in predictor.members.items()}
    mean = (1 + 2 * np.e) / (1 + np.e)
    assert evidence["a"].heat(2) == pytest.approx(np.full((8, 8), (3 - mean) / 64), rel=1e-5)
    content = png(CORNER)
    assert predictor.explain(content, label="thin") != predictor.explain(content, label="dense")


@pytest.mark.parametrize(("quiet", "tinted"), [
    pytest.param(255, False, id="all alike"), pytest.param(128, False, id="half as strong"),
    pytest.param(64, True, id="a quarter as strong")])
def test_heat_that_points_nowhere_tints_nothing(tmp_path, quiet, tinted):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    picture = np.where(CORNER, 255, quiet)
    assert (_heat(predictor, picture)[..., 3].max() == 255) == tinted
    drawn = cv2.imdecode(np.frombuffer(predictor.explain(png(picture)), np.uint8),
                         cv2.IMREAD_UNCHANGED)
    assert np.array_equal(drawn, np.repeat(picture[..., np.newaxis], 3, axis=2)) != tinted


@pytest.mark.parametrize(("changes", "body_part", "colour"), [
    pytest.param({}, "", BLUE, id="mean"),
    pytest.param({"method": "majority", "weights": {"a": 0.9, "b": 0.1}}, "", BLUE, id="majority"),
    pytest.param({"method": "single", "weights": {"a": 1.0, "b": 0.0}}, "", ORANGE, id="single"),
    pytest.param({"method": "weighted", "weights": {"a": 0.9, "b": 0.1}}, "", ORANGE,
                 id="weighted"),
    pytest.param({"temperatures": {"a": 0.1, "b": 1.0}}, "", ORANGE, id="calibrated"),
    pytest.param({"method": "per_part", "part_weights": {"hand": {"a": 1.0, "b": 0.0}}}, "hand",
                 ORANGE, id="per part"),
    pytest.param({"method": "per_part", "part_weights": {"hand": {"a": 1.0, "b": 0.0}}}, "wrist",
                 BLUE, id="per part, of another"),
    pytest.param({"method": "stacking", "stacking": Stacking(
        {"a": 4.0, "b": 1.0}, {"normal": 0.0, "abnormal": 0.0})}, "", ORANGE, id="stacking"),
])
def test_members_weigh_in_the_heat_as_in_the_verdict(tmp_path, changes, body_part, colour):
    # Of the same corner a says that it is abnormal, and b three times as strongly that it is not.
    combination = replace(Combination.plain("ab", TWO), **changes)
    predictor = packaged(tmp_path, combination, [(0, 1), (0, -3)])
    assert _heat(predictor, CORNER, body_part, "abnormal")[20, 20].tolist() == [*colour, 255]


def test_a_member_without_weight_is_not_asked(tmp_path):
    combination = replace(Combination.plain("ab", TWO), method="single",
                          weights={"a": 1.0, "b": 0.0})
    alone = _heat(packaged(tmp_path / "1", combination, [(0, 1), (0, 0)]), CORNER)
    packaged(tmp_path / "2", combination, [(0, 1), (0, 0)])
    write_graph(tmp_path / "2/members/b.onnx", (0, np.nan), 8)
    assert np.array_equal(_heat(Predictor.load(tmp_path / "2"), CORNER), alone)


def test_the_overlay_is_the_picture_with_its_heat_as_large_as_a_screen_shows(tmp_path):
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    content = predictor.explain(png(np.kron(CORNER, np.ones((10, 10)))), label="abnormal")
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).astype(int)
    assert found.shape == (512, 1024, 3)
    assert found[40, 40].tolist() == [63, 183, 236]  # a quarter of white, three of orange
    assert found[500, 1000].tolist() == [0, 0, 0]


def test_the_picture_that_heat_lies_over_is_grey_and_no_member_is_asked_for_it(tmp_path):
    packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)])
    write_graph(tmp_path / "members/a.onnx", (0, 1), 16)  # of another size: it cannot be run
    predictor = Predictor.load(tmp_path)
    content = predictor.explain(png(np.kron(CORNER, np.ones((10, 10)))), layer="picture")
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (found.shape, found.dtype) == ((512, 1024), np.uint8)
    assert (found[40, 40], found[500, 1000]) == (255, 0)
    small = predictor.explain(dicom_file(drawn()), layer="picture")
    assert np.array_equal(cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_UNCHANGED),
                          decode(dicom_file(drawn())).picture)


def test_padding_is_cut_off_the_heat(tmp_path):
    specs = {"a": {**SPEC, "fit": "pad"}}
    predictor = packaged(tmp_path, Combination.plain("a", TWO), [(0, 1)], specs)
    found = _heat(predictor, CORNER)
    assert found.shape == (224, 448, 4)
    assert found[20, 420, 3] == found[200, 20, 3] == 0
    assert found[60, 100, :3].tolist() == ORANGE
