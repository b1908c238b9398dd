"""Shortcuts that are planted are found, by their name and by no other."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from osteon import metrics
from osteon.audit import shortcuts
from osteon.audit.protocols import Facts, protocols
from osteon.audit.shortcuts import ORDER, TOGETHER, features, order_of
from osteon.records import BORDER, SIZE, STATISTICS


def _table(rows=200, **columns):
    random = np.random.default_rng(0)
    measured = {name: random.random(rows) for name in [*STATISTICS, *BORDER]}
    sizes = {"width_px": random.integers(400, 600, rows),
             "height_px": random.integers(400, 600, rows), "bit_depth": 8}
    names = [f"image{number}.png" for number in random.permutation(rows)]
    return pd.DataFrame({
        "path": names, "patient_id": names, "body_part": "hand", "view": "", "laterality": "",
        **sizes, **measured, **columns})


TARGETS = np.random.default_rng(1).integers(0, 2, 200)


def _aurocs(table):
    facts = Facts(TARGETS, np.arange(200).astype(str).astype(object), np.full(200, "", object))
    folds = protocols(facts, views=1, folds=5, seed=0)[0].folds
    found = shortcuts.predict(features(table), TARGETS, folds, 2, seed=0)
    return {name: metrics.measure_classes(
        TARGETS[of.rows], of.scores, of.rows, resamples=100, seed=0).values["auroc"][0]
        for name, of in found.items()}


def test_a_shortcut_in_the_width_is_found_in_the_size_and_nowhere_else():
    width = 400 + 100 * TARGETS + np.random.default_rng(2).integers(0, 100, 200)
    found = _aurocs(_table(width_px=width))
    assert list(found) == ["size", "borders", "intensity", ORDER, "statistics", TOGETHER]
    for name in ("size", "statistics", TOGETHER):
        assert found.pop(name) > 0.98, name
    assert all(0.35 < auroc < 0.65 for auroc in found.values()), found


def test_a_shortcut_in_words_and_one_in_the_order_are_found():
    hardware = np.where(TARGETS == 1, "1", "0")
    names = [f"IMG{1000 * target + row:07}.jpg" for row, target in enumerate(TARGETS)]
    found = _aurocs(_table(meta_hardware=hardware, path=names))
    for name in ("hardware", ORDER, "statistics and metadata"):
        assert found[name] > 0.98, name
    assert all(0.35 < found[name] < 0.65 for name in ("size", "borders", "statistics"))


@pytest.mark.parametrize(("columns", "there", "not_there"), [
    pytest.param({}, set(), {"body part", "view", "statistics and metadata"},
                 id="what does not vary is left out"),
    pytest.param({"body_part": ["hand", "wrist"] * 100},
                 {"body part", "statistics and metadata"}, {"view"}, id="what varies is in"),
    pytest.param({"meta_age_years": ["", "7"] * 100}, {"age years"}, set(),
                 id="a missing number is a value of its own"),
    pytest.param({"path": ["image.png"] * 200, "patient_id": ["p"] * 200},
                 {"statistics"}, {ORDER, TOGETHER}, id="without numbers no order, and no more "
                                                       "together than the statistics")])
def test_sets_are_those_that_vary(columns, there, not_there):
    names = set(features(_table(**columns)))
    assert there <= names
    assert not not_there & names


def test_size_has_aspect_and_only_what_varies():
    assert list(features(_table())["size"]) == ["width_px", "height_px", "aspect"]
    assert SIZE[-1] not in features(_table())["statistics"]


@pytest.mark.parametrize(("cells", "values"), [
    pytest.param(["3", "10", "", "2.5"], [3.0, 10.0, None, 2.5], id="numbers"),
    pytest.param(["a", "10", "", "a"], ["a", "10", None, "a"], id="words among numbers"),
])
def test_metadata_are_numbers_where_all_are(cells, values):
    column = features(_table(4, meta_x=cells))["x"]["meta_x"]
    assert [None if pd.isna(value) else value for value in column] == values


def test_rare_words_count_as_missing():
    cells = [f"word{row:03}" for row in range(300)] * 2 + ["common"] * 3
    column = features(_table(603, meta_x=cells))["x"]["meta_x"]
    assert len(column.cat.categories) == 200
    assert "common" in column.cat.categories


@pytest.mark.parametrize(("paths", "patients", "ranks"), [
    pytest.param(["a/IMG0000263.jpg", "b/IMG0000264.jpg", "a/IMG0000100.jpg"], ["", "", ""],
                 [1, 2, 0], id="the image's number, whatever its folder"),
    pytest.param(["image10.png", "image9.png", "image2.png"], ["", "", ""], [2, 1, 0],
                 id="compared as numbers"),
    pytest.param(["fractured_2.png", "normal_1.png", "fractured_3.png"], ["", "", ""], [1, 0, 2],
                 id="letters may spell the label: they count for nothing"),
    pytest.param(["p2_s1_i1.png", "p1_s2_i9.png", "p1_s10_i1.png"], ["", "", ""], [2, 0, 1],
                 id="several numbers, the first one first"),
    pytest.param(["p/study1_positive/image1.png", "q/study1_negative/image1.png",
                  "r/study1_positive/image1.png"],
                 ["patient00031", "patient00007", "patient00031"], [1, 0, 1],
                 id="names that repeat: the patient's number"),
    pytest.param(["1/image1.png", "0/image1.png", "1/image1.png"],
                 ["1/image1.png", "0/image1.png", "1/image1.png"], [0, 0, 0],
                 id="a patient named by a path: folders count for nothing"),
    pytest.param(["scan.png", "7.png", "3.png"], ["", "", ""], [None, 1, 0],
                 id="a name without a number"),
])
def test_the_order_of_files_is_told_by_numbers(paths, patients, ranks):
    found = order_of(pd.DataFrame({"path": paths, "patient_id": patients}))
    assert [None if np.isnan(rank) else rank for rank in found] == ranks


def _baseline(table, targets=TARGETS, classes=2):
    fold = np.arange(120), np.arange(120, 200)
    return shortcuts.baseline(table, targets, fold, classes, seed=0)


def test_the_baseline_reads_statistics_and_metadata_together_and_never_the_order():
    names = [f"IMG{1000 * target + row:07}.jpg" for row, target in enumerate(TARGETS)]
    read, scores = _baseline(_table(path=names, view=["a", "b"] * 100))
    assert read == "statistics and metadata"
    assert scores.shape == (80, 2)
    assert scores.sum(axis=1) == pytest.approx(1)
    assert 0.3 < roc_auc_score(TARGETS[120:], scores[:, 1]) < 0.7  # the order would tell all
    _, told = _baseline(_table(meta_hardware=TARGETS.astype(str), path=names))
    assert roc_auc_score(TARGETS[120:], told[:, 1]) > 0.98


def test_the_baseline_is_trained_on_the_first_rows_of_a_fold_alone():
    # Of the tested rows every label is turned round: it must not be seen.
    turned = np.where(np.arange(200) < 120, TARGETS, 1 - TARGETS)
    table = _table(width_px=400 + 100 * TARGETS)
    assert (_baseline(table)[1] == _baseline(table, turned)[1]).all()


@pytest.mark.parametrize(("columns", "read"), [
    pytest.param({}, "statistics", id="no words"),
    pytest.param(dict.fromkeys([*STATISTICS, *BORDER], 0.5), "size", id="sizes alone vary"),
    pytest.param(dict.fromkeys([*STATISTICS, *BORDER], 0.5)
                 | {"width_px": 500, "height_px": 500, "view": ["a", "b"] * 100}, "view",
                 id="a view alone varies"),
    pytest.param(dict.fromkeys([*STATISTICS, *BORDER], 0.5) | {"width_px": 500, "height_px": 500},
                 None, id="nothing varies"),
])
def test_the_baseline_says_what_it_has_read(columns, read):
    found = _baseline(_table(**columns))
    assert (found and found[0]) == read


def test_a_class_that_was_never_seen_has_no_probability():
    _, scores = _baseline(_table(), classes=3)
    assert scores.shape == (80, 3)
    assert (scores[:, 2] == 0).all()
