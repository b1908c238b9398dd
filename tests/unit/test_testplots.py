"""Pictures of the test part: every one is drawn, bears its mark, and its tables are right."""

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from ruamel.yaml import YAML

from house import ROOT
from osteon import testplots
from osteon.aggregation import SHORTCUTS
from osteon.combination import Combination
from osteon.evaluation import About, evaluate, tables

PICTURES = ["confusion.png", "precision_recall.png", "reliability.png", "roc.png", "subgroups.png"]
MARK = "LEAKY: cut by image, as published"


def _part(targets, labels, *, alone=None, images_of_a_study=2, shortcut=None):
    """Give the tables and the evaluation of images that two members see something in."""
    random, classes = np.random.default_rng(0), len(labels)
    y = np.array(targets)
    images = pd.DataFrame({
        "study_id": [f"s{row // images_of_a_study:02}" for row in range(len(y))],
        "group_id": [f"g{row // 2:02}" for row in range(len(y))],
        "body_part": np.where(np.arange(len(y)) % 4 < 2, "hand", "hip"), "view": "",
        "width_px": np.arange(len(y)) + 300, "height_px": 200, "target": y,
        "label": [labels[number] for number in y]})
    for name in ("a", "b", *([SHORTCUTS] if shortcut else [])):
        drawn = random.random((len(y), classes)) + 0.5 * np.eye(classes)[y]
        images[[f"{name}:{label}" for label in labels]] = drawn / drawn.sum(axis=1, keepdims=True)
    winner = Combination.plain(("a", "b"), labels)
    found = tables(images, winner)
    return found, evaluate(found, About(labels, winner.members, winner.method, winner.thresholds,
                                        shortcut, 100, 0, alone))


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


def _roc(found, evaluation):
    table = testplots.points(found, evaluation)["roc"]
    return table.set_index("one_minus_specificity")["sensitivity"]


def test_the_roc_table_is_the_curve_of_the_ensemble():
    # Positives .9 and .4, negatives .6 and .1: half is found before any alarm, all at one of two.
    found, evaluation = _part([1, 0, 1, 0], TWO)
    found["image"]["ensemble:abnormal"] = [0.9, 0.6, 0.4, 0.1]
    curve = _roc(found, evaluation)
    assert list(curve[[0.0, 0.495, 0.5, 1.0]]) == [0.5, 0.5, 1, 1]
    assert len(curve) == 201


def test_the_roc_of_more_classes_is_their_mean():
    found, evaluation = _part([0, 1, 2, 2], ("a", "b", "c"))
    ranks = {"a": [0.9, 0.1, 0.1, 0.1], "b": [0.9, 0.5, 0.1, 0.1], "c": [0.1, 0.1, 0.9, 0.9]}
    found["image"] = found["image"].assign(**{f"ensemble:{name}": p for name, p in ranks.items()})
    curve = _roc(found, evaluation)
    # b stands behind one of three; the others before all.
    assert list(curve[[0.0, 0.33, 0.335, 1.0]]) == pytest.approx([2 / 3, 2 / 3, 1, 1], abs=1e-6)


def test_one_class_alone_has_an_empty_roc():
    assert testplots.points(*_part([1, 1], TWO))["roc"]["sensitivity"].isna().all()


def test_the_confusion_table_has_label_and_verdict_of_each_image_in_words():
    found, evaluation = _part([1, 0, 1, 0], TWO)
    found["image"]["verdict"] = [1, 1, 0, 0]
    table = testplots.confusion_table(found, evaluation)
    assert table.to_dict("list") == {"label": ["abnormal", "normal"] * 2,
                                     "verdict": ["abnormal", "abnormal", "normal", "normal"]}


def test_precision_is_that_of_the_highest_threshold_that_reaches_a_recall():
    # From the highest: a positive, a negative, a positive: precision 1, then 2 of 3.
    found, evaluation = _part([1, 0, 1, 0], TWO)
    found["image"]["ensemble:abnormal"] = [0.9, 0.6, 0.4, 0.1]
    curve = testplots.points(found, evaluation)["precision_recall"].set_index("recall")["precision"]
    assert list(curve[[0.0, 0.5, 0.505, 1.0]]) == pytest.approx([1, 1, 2 / 3, 2 / 3], abs=1e-6)


def test_reliability_has_a_row_for_each_bin_that_holds_images():
    table = testplots.points(*_part([0, 1] * 8, TWO))["reliability"]
    assert list(table) == ["said", "happens", "rows"]
    assert table["rows"].sum() == 16
    assert table["said"].is_monotonic_increasing


def test_dvc_shows_every_table_of_points_by_columns_that_it_has():
    tables = testplots.points(*_part([0, 1] * 8, TWO))
    entries = [entry for of in YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["plots"]
               for entry in of.values()]
    shown = {file.removeprefix("plots/evaluate/").removesuffix(".csv"): {entry["x"], column}
             for entry in entries if isinstance(entry["y"], dict)
             for file, column in entry["y"].items()}
    assert set(shown) == set(tables)
    for name, columns in shown.items():
        assert columns <= set(tables[name]), name


@pytest.fixture
def draw():
    """Draw a part, and close its figures after the test."""
    yield testplots.draw
    plt.close("all")


def _legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("labels", [TWO, ("thin", "middle", "dense")], ids=["two", "three"])
@pytest.mark.parametrize("name", ["roc", "precision_recall", "subgroups"])
def test_the_shortcut_baseline_is_drawn_beside_every_curve_and_part(draw, labels, name):
    targets = [0, 0, 1, 1] * 8 if len(labels) == 2 else [0, 1, 2] * 10
    without, beside = (draw(*_part(targets, labels, shortcut=read))[name].axes[0]
                       for read in (None, "sizes"))
    lines = [line for line in beside.lines if line.get_color() == "grey"]
    assert len(lines) > len([line for line in without.lines if line.get_color() == "grey"])
    assert any(text.get_text().startswith("shortcuts alone")
               for text in beside.get_legend().get_texts())


@pytest.mark.parametrize("name", ["roc", "precision_recall", "subgroups"])
def test_no_legend_lies_over_what_is_drawn_even_of_ten_classes(draw, name):
    labels = tuple(f"a fracture of kind {number}" for number in range(10))
    drawn = draw(*_part(list(range(10)) * 4, labels, shortcut="sizes"))[name]
    drawn.canvas.draw()
    legends = [axis.get_legend().get_window_extent() for axis in drawn.axes]
    assert not any(legend.overlaps(axis.bbox) for legend in legends for axis in drawn.axes)
    assert all(drawn.bbox.containsx(edge) for legend in legends for edge in (legend.x0, legend.x1))
    assert all(drawn.bbox.containsy(edge) for legend in legends for edge in (legend.y0, legend.y1))
    assert all(axis.bbox.height > drawn.bbox.height / 2 for axis in drawn.axes)


def test_a_roc_has_intervals_chance_and_the_operating_point(draw):
    part = _part([0, 0, 1, 1] * 8, TWO)
    drawn = draw(*part)
    figures = part[1].levels["image"].figures
    assert _legend(drawn["roc"]) == [
        f"ensemble {figures['ensemble']['auroc']}", f"a {figures['a']['auroc']}",
        f"b {figures['b']['auroc']}", "chance", "threshold 0.500"]
    assert "[" in _legend(drawn["roc"])[0]
    chance, point = drawn["roc"].axes[0].lines[-2:]
    assert chance.get_xydata().tolist() == [[0, 0], [1, 1]]
    of = figures["ensemble"]
    assert point.get_xydata()[0] == pytest.approx(
        [1 - of["specificity"].value, of["sensitivity"].value])
    level = drawn["precision_recall"].axes[0].lines[-2]
    assert level.get_xydata().tolist() == [[0, 0.5], [1, 0.5]]


def test_a_member_that_decides_alone_is_drawn_once(draw):
    drawn = draw(*_part([0, 0, 1, 1] * 8, TWO, alone="b"))
    assert [line.split(" ")[0] for line in _legend(drawn["roc"])] == [
        "b", "a", "chance", "threshold"]


@pytest.mark.parametrize(("images", "panels"), [(1, 1), (2, 2)], ids=["one image", "two images"])
def test_studies_of_one_image_each_have_no_panel_of_their_own(draw, images, panels):
    drawn = draw(*_part([0, 0, 1, 1] * 8, TWO, images_of_a_study=images))
    assert {len(drawn[name].axes) for name in ("roc", "confusion", "reliability")} == {panels}
    assert any("by study" in label.get_text() for label in
               drawn["subgroups"].axes[0].get_yticklabels()) == (panels == 2)
