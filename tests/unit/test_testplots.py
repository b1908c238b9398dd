"""Pictures of the test part: every one is drawn, bears its mark, and its tables are right."""

import cv2
import numpy as np
import pandas as pd
import pytest

from osteon import testplots
from osteon.combination import Combination
from osteon.evaluation import About, evaluate, tables

PICTURES = ["confusion.png", "precision_recall.png", "reliability.png", "roc.png", "subgroups.png"]
MARK = "LEAKY: cut by image, as published"


def _part(targets, labels):
    """Give the tables and the evaluation of images that two members see something in."""
    random, classes = np.random.default_rng(0), len(labels)
    y = np.array(targets)
    images = pd.DataFrame({
        "study_id": [f"s{row // 2:02}" for row in range(len(y))],
        "group_id": [f"g{row // 2:02}" for row in range(len(y))],
        "body_part": np.where(np.arange(len(y)) % 4 < 2, "hand", "hip"), "view": "",
        "width_px": np.arange(len(y)) + 300, "height_px": 200, "target": y,
        "label": [labels[number] for number in y]})
    for name in ("a", "b"):
        drawn = random.random((len(y), classes)) + 0.5 * np.eye(classes)[y]
        images[[f"{name}:{label}" for label in labels]] = drawn / drawn.sum(axis=1, keepdims=True)
    winner = Combination.plain(("a", "b"), labels)
    found = tables(images, winner)
    return found, evaluate(found, About(labels, winner.members, winner.method, winner.thresholds,
                                        None, 100, 0))


TWO = ("normal", "abnormal")
PARTS = [
    pytest.param([0, 0, 1, 1] * 8, TWO, id="two classes"),
    pytest.param([0, 0, 2, 2] * 5, ("a", "absent", "c"), id="three classes, one of them absent"),
    pytest.param([0], TWO, id="one image"),
]


def _red_pixels(file):
    blue, green, red = np.moveaxis(cv2.imread(str(file)).astype(int), 2, 0)
    return int(((red > 190) & (green < 40) & (blue < 40)).sum())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("targets", "labels"), PARTS)
def test_every_picture_is_drawn_of_every_part(tmp_path, targets, labels):
    testplots.write(tmp_path, *_part(targets, labels), mark="")
    assert sorted(file.name for file in tmp_path.iterdir()) == PICTURES
    for file in tmp_path.iterdir():
        assert cv2.imread(str(file)).std() > 10, file.name
        assert _red_pixels(file) == 0, file.name


def test_every_picture_bears_the_mark_of_its_cut_and_depends_on_the_data_alone(tmp_path):
    part = _part([0, 0, 1, 1] * 8, TWO)
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        testplots.write(tmp_path / name, *part, mark=MARK)
    for name in PICTURES:
        once, again = tmp_path / "once" / name, tmp_path / "again" / name
        assert _red_pixels(once) > 200, name
        assert once.read_bytes() == again.read_bytes(), name


def test_the_roc_table_is_the_curve_of_the_ensemble():
    # Positives .9 and .4, negatives .6 and .1: half is found before any alarm, all at one of two.
    found, evaluation = _part([1, 0, 1, 0], TWO)
    found["image"]["ensemble:abnormal"] = [0.9, 0.6, 0.4, 0.1]
    curve = testplots.roc_table(found, evaluation).set_index("one_minus_specificity")["sensitivity"]
    assert list(curve[[0.0, 0.495, 0.5, 1.0]]) == [0.5, 0.5, 1, 1]
    assert len(curve) == 201


def test_the_roc_of_more_classes_is_their_mean():
    found, evaluation = _part([0, 1, 2, 2], ("a", "b", "c"))
    ranks = {"a": [0.9, 0.1, 0.1, 0.1], "b": [0.9, 0.5, 0.1, 0.1], "c": [0.1, 0.1, 0.9, 0.9]}
    found["image"] = found["image"].assign(**{f"ensemble:{name}": p for name, p in ranks.items()})
    curve = testplots.roc_table(found, evaluation).set_index("one_minus_specificity")["sensitivity"]
    # b stands behind one of three; the others before all.
    assert list(curve[[0.0, 0.33, 0.335, 1.0]]) == pytest.approx([2 / 3, 2 / 3, 1, 1], abs=1e-6)


def test_one_class_alone_has_an_empty_roc():
    assert testplots.roc_table(*_part([1, 1], TWO))["sensitivity"].isna().all()


def test_the_confusion_table_has_label_and_verdict_of_each_image_in_words():
    found, evaluation = _part([1, 0, 1, 0], TWO)
    found["image"]["verdict"] = [1, 1, 0, 0]
    table = testplots.confusion_table(found, evaluation)
    assert table.to_dict("list") == {"label": ["abnormal", "normal"] * 2,
                                     "verdict": ["abnormal", "abnormal", "normal", "normal"]}
