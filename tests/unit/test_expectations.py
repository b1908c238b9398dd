"""A clean table passes; each planted fault is caught by the rule that names its risk."""

import numpy as np
import pandas as pd
import pytest

from osteon.expectations import check
from osteon.params import Dataset
from osteon.records import INDEX, SPLIT, STATISTICS

DATASET = Dataset(layout="mura", root="data", labels=("normal", "abnormal"),
                  body_parts=("hand", "wrist"), block=1, unreadable="fail")


def _clean(suite):
    """Twelve images of twelve patients, four in each part."""
    rows = 12
    names = [f"{row:02d}" for row in range(rows)]
    table = pd.DataFrame({
        "path": [f"{name}.png" for name in names], "label": ["normal", "abnormal"] * 6,
        "patient_id": names, "study_id": names, "body_part": ["hand"] * 6 + ["wrist"] * 6,
        "view": "", "official_split": "", "sha256": [f"hash{name}" for name in names],
        "width_px": 500, "height_px": 400, "bit_depth": 8, "readable": True, "reason": "",
        "group_id": names, "part": np.repeat(["train", "validation", "test"], 4),
        **dict.fromkeys(STATISTICS, 0.3)})
    return table[INDEX if suite == "index" else SPLIT].copy()


def _with(suite, faults):
    """Plant values, given as (row, column): value."""
    table = _clean(suite)
    for (row, column), value in faults.items():
        table.loc[row, column] = value
    return table


def _failed(table, suite, dataset=DATASET):
    return [finding for finding in check(table, suite, dataset) if not finding.passed]


@pytest.mark.parametrize("suite", ["index", "split"])
def test_a_clean_table_passes(suite):
    findings = check(_clean(suite), suite, DATASET)
    assert [finding.risk for finding in findings if not finding.passed] == []
    assert len(findings) >= 7


@pytest.mark.parametrize(("suite", "faults", "risk", "images", "stops"), [
    pytest.param("index", {(3, "readable"): False, (5, "readable"): False}, "cannot be read",
                 ["03.png", "05.png"], True, id="files that cannot be read"),
    pytest.param("index", {(4, "label"): "unsure"}, "a label other than normal, abnormal",
                 ["04.png"], True, id="a label nobody named"),
    pytest.param("index", {(4, "label"): ""}, "a label other than normal, abnormal",
                 ["04.png"], True, id="no label"),
    pytest.param("index", {(7, "body_part"): "hip"}, "a body part that", ["07.png"], True,
                 id="an unknown body part"),
    pytest.param("index", {(2, "patient_id"): ""}, "an image of no patient", ["02.png"], True,
                 id="an empty patient"),
    pytest.param("index", {(1, "study_id"): "00"}, "one study with different labels",
                 ["00.png", "01.png"], True, id="two labels in a study"),
    pytest.param("index", {(9, "path"): "08.png"}, "listed twice", ["08.png", "08.png"], True,
                 id="a path that is listed twice"),
    pytest.param("index", {(1, "sha256"): "hash00"}, "the same file under different labels",
                 ["00.png", "01.png"], False, id="same bytes, two labels: a warning"),
    pytest.param("index", {(6, "width_px"): 40}, "too small", ["06.png"], False,
                 id="a tiny picture: a warning"),
    pytest.param("index", {(6, "sd"): 0.0}, "blank", ["06.png"], False,
                 id="a blank picture: a warning"),
    pytest.param("split", {(4, "patient_id"): "00"}, "a patient in two parts",
                 ["00.png", "04.png"], True, id="a patient in two parts"),
    pytest.param("split", {(8, "sha256"): "hash00"}, "the same file in two parts",
                 ["00.png", "08.png"], True, id="same bytes in two parts"),
    pytest.param("split", {(0, "part"): "holdout"}, "an image in no part", ["00.png"], True,
                 id="a part nobody knows"),
    pytest.param("split", {(5, "readable"): False}, "an unreadable file in a part", ["05.png"],
                 True, id="an unreadable file that slipped through"),
    pytest.param("split", {(1, "path"): "00.png"}, "listed twice", ["00.png", "00.png"], True,
                 id="a path that is cut twice"),
])
def test_a_planted_fault_is_found_with_its_images(suite, faults, risk, images, stops):
    found = _failed(_with(suite, faults), suite)
    assert len(found) == 1
    assert risk in found[0].risk
    assert found[0].images == images
    assert found[0].stops is stops
    for image in images:
        assert image in found[0].describe()
    assert found[0].remedy in found[0].describe()


def test_a_repeated_row_is_found():
    table = pd.concat([_clean("index"), _clean("index").iloc[[4]]], ignore_index=True)
    assert [(finding.risk, finding.images) for finding in _failed(table, "index")] == [
        ("an image is listed twice", ["04.png", "04.png"])]


def test_one_class_alone_is_found_by_the_class_that_is_missing():
    table = _clean("index").assign(label="normal")
    found = _failed(table, "index")
    assert len(found) == 1
    assert "nothing could be learnt" in found[0].risk
    assert found[0].stops
    assert "abnormal" in found[0].describe()


def test_a_part_without_a_class_is_found_by_name():
    table = _clean("split")
    table.loc[table["part"] == "test", "label"] = "normal"
    found = _failed(table, "split")
    assert len(found) == 1
    assert "a part lacks a class" in found[0].risk
    assert "test/abnormal" in found[0].describe()


@pytest.mark.parametrize(("suite", "column"), [
    pytest.param("index", "view", id="index"), pytest.param("split", "group_id", id="split")])
def test_a_missing_column_is_found(suite, column):
    found = _failed(_clean(suite).drop(columns=column), suite)
    assert len(found) == 1
    assert f"columns of the {suite} are missing" in found[0].risk


def test_unreadable_files_only_warn_where_they_may_be_dropped():
    table = _with("index", {(3, "readable"): False})
    # What could not be read has no size and no contrast; that must raise no second warning.
    table.loc[3, ["width_px", "sd"]] = 0
    found = _failed(table, "index", DATASET.model_copy(update={"unreadable": "drop"}))
    assert [(finding.stops, finding.images) for finding in found] == [(False, ["03.png"])]


def test_a_message_names_ten_images_and_counts_the_rest():
    table = _clean("index").assign(patient_id="")
    message = _failed(table, "index")[0].describe()
    assert "09.png and 2 more" in message
    assert "10.png" not in message


def test_faults_of_several_kinds_are_all_found():
    table = _with("index", {(0, "label"): "unsure", (7, "body_part"): "hip"})
    assert [finding.images for finding in _failed(table, "index")] == [["00.png"], ["07.png"]]
