"""Two runs side by side: paired where they tested the same images, and plain where they did not."""

import numpy as np
import pandas as pd
import pytest

import ran
from osteon import compare
from osteon.compare import Side
from osteon.report.document import Table
from osteon.report.run import estimate

LABELS = ("normal", "abnormal")
ROWS = 80


def _side(name, probabilities, *, labels=LABELS, settings=None, rows=ROWS, reasons=(), flip=None):
    """Give a run whose image `n` of two a group is abnormal where `n` is odd."""
    target = np.arange(rows) % 2
    if flip is not None:
        target[flip] = 1 - target[flip]
    table = pd.DataFrame({
        "path": [f"{row:03d}.png" for row in range(rows)],
        "study_id": [f"s{row:03d}" for row in range(rows)],
        "group_id": [f"g{row // 2}" for row in range(rows)],
        "target": target, "verdict": (probabilities >= 0.5).astype(int),
        "ensemble:normal": 1 - probabilities, "ensemble:abnormal": probabilities})
    evaluation = {**ran.evaluation(labels), "resamples": 500, "seed": 1}
    if reasons:
        evaluation |= {"mark": "LEAKY", "protocol": {"reasons": list(reasons)}}
    return Side(name, settings or {}, evaluation, {"image": table, "study": table})


@pytest.fixture
def good():
    return np.where(np.arange(ROWS) % 2, 0.9, 0.1)


@pytest.fixture
def coin():
    return np.random.default_rng(0).random(ROWS)


def _said(document):
    return " ".join(block.text for block in document.verdict)


def test_a_run_that_is_better_is_said_to_be_above(good, coin):
    said = _said(compare.compose(_side("a", coin), _side("b", good)))
    assert "Both were tested on the same 40 images of 20 groups." in said
    assert "By image, the AUROC of b is above that of a: +0." in said
    below = _said(compare.compose(_side("b", good), _side("a", coin)))
    assert "By study, the AUROC of a is below that of b: -0." in below


def test_verdicts_that_differ_are_told_where_the_ranks_do_not(good):
    """One threshold lets a quarter of the normal images through, and ranks are the same."""
    one, other = _side("a", good), _side("b", good)
    for table in one.tables.values():
        table["verdict"] = np.where(np.arange(ROWS) % 8 == 0, 1, table["verdict"])
    said = _said(compare.compose(one, other))
    assert "the AUROC of b is not told apart from that of a: +0.000" in said
    assert "the accuracy of b is above that of a: +0.125 [+0." in said
    others = said.split("By study")[0].split("Of the other figures, clearly above: ")[1]
    for words in ("kappa +0.250 [", "specificity +0.250 [", "PPV +"):
        assert words in others
    assert "sensitivity" not in others


def test_a_run_against_itself_is_not_told_apart(coin):
    document = compare.compose(_side("a", coin), _side("b", coin))
    said = _said(document)
    assert "the AUROC of b is not told apart from that of a: +0.000 [+0.000, +0.000]" in said
    assert "Of the other figures, none is told apart." in said


def test_the_paired_difference_of_accuracies_is_that_of_the_verdicts(good):
    worse = good.copy()
    worse[:20] = 0.5  # ten normal images are now called abnormal, of eighty
    found = compare.paired(_side("a", good), _side("b", worse), "image")["accuracy"]
    assert found.value == -0.125
    assert found.low < -0.125 < found.high < 0


@pytest.mark.parametrize(("other", "words"), [
    ({"rows": 70}, "The test parts differ: 80 images in a, 70 images in b, 70 in both."),
    ({"flip": [3]}, "1 test image changed its label between the two."),
    ({"labels": ("intact", "broken")},
     "The classes differ: normal, abnormal in a, intact, broken in b."),
], ids=["other images", "other labels", "other classes"])
def test_runs_on_different_tests_get_no_difference(coin, other, words):
    rows = other.get("rows", ROWS)
    document = compare.compose(_side("a", coin), _side("b", coin[:rows], **other))
    assert words in _said(document)
    assert "No paired difference can be told" in _said(document)
    table = next(block for block in document.sections[0].blocks if isinstance(block, Table))
    assert {row[-1] for row in table.rows} == {None}


def test_both_figures_stand_in_the_table(coin):
    document = compare.compose(_side("a", coin), _side("b", coin))
    table = next(block for block in document.sections[0].blocks if isinstance(block, Table))
    row = next(row for row in table.rows if row[0] == "AUROC")
    assert row[1] == row[2] == estimate(ran.figure(0.815))
    assert row[3] == "+0.000 [+0.000, +0.000]"


def test_each_run_stands_beside_its_shortcuts(coin):
    table = next(block for block in compare.compose(_side("a", coin), _side("b", coin))
                 .sections[0].blocks if isinstance(block, Table))
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["shortcuts alone, AUROC"] == [estimate(ran.figure(0.61))] * 2 + [None]
    assert rows["AUROC above shortcuts"] == ["+0.200 [+0.100, +0.300]"] * 2 + [None]


def test_settings_that_differ_are_named_and_others_are_not(coin):
    one = _side("a", coin, settings={"seed": 1, "train.epochs": 3, "model.members": ["x"]})
    other = _side("b", coin, settings={"seed": 1, "train.epochs": 4, "weights": "none"})
    assert compare.differing(one, other) == [
        ("model.members", ["x"], None), ("train.epochs", 3, 4), ("weights", None, "none")]
    table = compare.compose(one, other).sections[1].blocks[0]
    assert list(table.rows[0]) == ["model.members", '["x"]', "-"]


def test_a_leaky_run_marks_the_page(coin):
    document = compare.compose(_side("a", coin), _side("b", coin, reasons=["cut by image"]))
    assert document.mark == "b is LEAKY: cut by image"


def test_studies_of_one_image_each_are_told_once(coin):
    sides = [_side(name, coin) for name in "ab"]
    for side in sides:
        side.evaluation["levels"]["study"]["counts"]["rows"] = 40
    document = compare.compose(*sides)
    assert "Each study holds one image" in _said(document)
    assert "By study" not in _said(document)
    assert sum(isinstance(block, Table) for block in document.sections[0].blocks) == 1
