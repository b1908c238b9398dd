"""What a check says of rows, how grave it is, and what it leaves behind."""

import numpy as np
import pandas as pd
import pytest

from checked import NOTHING, broken, broken_index, broken_split, policies
from osteon.expectations import check_index, check_split
from osteon.files import read_json, write_json
from tables import DATASET, clean_index, clean_split, planted


def test_clean_tables_pass_and_every_expectation_names_its_risk_and_its_remedy():
    before = check_index(clean_index(), DATASET)
    after = check_split(clean_split(), clean_index(), NOTHING, DATASET)
    assert [finding.name for finding in broken([*before, *after])] == []
    assert (len(before), len(after)) == (26, 15)
    for finding in (*before, *after):
        assert len(finding.risk) > 10
        assert len(finding.remedy) > 10
        assert finding.severity in {"stop", "warn"}


def test_an_image_that_the_index_set_aside_is_not_missed():
    index = planted(clean_index(), {(7, "reason"): "blank"})
    assert broken_split(clean_split().drop(index=7).reset_index(drop=True), index) == []


def test_an_image_that_the_cut_leaves_out_warns_with_the_cuts_reason():
    left_out = pd.DataFrame([{"path": "007.png", "reason": "its group is in train and test"}],
                            columns=NOTHING.columns)
    found = broken_split(clean_split().drop(index=7).reset_index(drop=True), left_out=left_out)
    assert [(finding.name, finding.severity, finding.rows) for finding in found] == [
        ("left_out", "warn", [{"path": "007.png", "absent": "its group is in train and test",
                               "label": "abnormal"}])]


@pytest.mark.parametrize("told", [0, 60])
def test_views_are_missed_only_where_most_images_have_one(told):
    table = clean_index().assign(view="")
    table.loc[:told - 1, "view"] = "pa"
    assert broken_index(table) == []


def test_where_no_body_part_is_named_any_is_allowed():
    table = planted(clean_index(), {(7, "body_part"): "hip", (8, "body_part"): ""})
    assert broken_index(table, body_parts=()) == []


def test_there_may_be_more_than_two_classes():
    table = clean_index().assign(label=np.repeat(["spiral", "oblique", "avulsion"], 40))
    assert broken_index(table, labels=("spiral", "oblique", "avulsion")) == []
    assert [finding.observed for finding in broken_index(
        table, labels=("spiral", "oblique", "avulsion", "greenstick"))] == [["greenstick"]]


@pytest.mark.parametrize(("reason", "policy", "severity", "said"), [
    pytest.param("unreadable", "drop", "warn", ": left out", id="unreadable, dropped"),
    pytest.param("truncated", "drop", "warn", ": left out", id="truncated, dropped"),
    pytest.param("truncated", "keep", "warn", ": used all the same", id="truncated, kept"),
    pytest.param("blank", "fail", "stop", "dataset.quarantine.blank=drop", id="blank, not borne"),
    pytest.param("size", "fail", "stop", "dataset.quarantine.size=drop", id="size, not borne"),
    pytest.param("shape", "keep", "warn", "dataset.quarantine.shape=drop", id="shape, kept"),
    pytest.param("contradictory_label", "fail", "stop",
                 "dataset.quarantine.contradictory_label=drop", id="label, not borne"),
])
def test_the_policy_decides_whether_a_reason_stops(reason, policy, severity, said):
    table = planted(clean_index(), {(3, "reason"): reason,
                                    (3, "readable"): reason != "unreadable"})
    found = broken_index(table, quarantine=policies(**{reason: policy}))
    assert [(finding.name, finding.severity, finding.images) for finding in found] == [
        (f"quarantine_{reason}", severity, ["003.png"])]
    assert said in found[0].describe()


def test_a_class_that_only_files_left_out_would_have_is_missing():
    table = clean_index()
    table.loc[table["label"] == "abnormal", "reason"] = "blank"
    assert [finding.name for finding in broken_index(table)] == ["class", "quarantine_blank"]


def test_what_cannot_be_read_raises_no_second_warning():
    table = planted(clean_index(), {
        (3, "readable"): False, (3, "reason"): "unreadable", (3, "width_px"): 0, (3, "sd"): 0.0,
        (3, "bit_depth"): 0, (3, "mean"): float("nan"), (3, "view"): "", (3, "pixel_hash"): "",
        (3, "label"): "", (3, "patient_id"): "", (3, "study_id"): "", (3, "body_part"): "",
        (5, "readable"): False, (5, "reason"): "unreadable", (5, "pixel_hash"): ""})
    assert [finding.name for finding in broken_index(table)] == ["quarantine_unreadable"]


def test_twins_under_two_labels_that_the_index_found_are_told_once():
    table = planted(clean_index(), {
        (0, "reason"): "contradictory_label", (2, "reason"): "contradictory_label",
        (2, "sha256"): "bytes000", (2, "pixel_hash"): "pixels000"})
    for policy in ("drop", "keep"):
        found = broken_index(table, quarantine=policies(contradictory_label=policy))
        assert [finding.name for finding in found] == ["quarantine_contradictory_label"]


def test_groups_may_cross_a_published_cut_which_is_called_leaky():
    table = planted(clean_split(), {
        (2, "patient_id"): "p30", (2, "group_id"): "p30", (2, "twin_id"): "060.png",
        (2, "sha256"): "bytes060"})
    found = broken_split(table, leaky=True)
    assert [(finding.name, finding.severity) for finding in found] == [
        ("patient_in_two_parts", "warn"), ("group_in_two_parts", "warn"),
        ("twin_in_two_parts", "warn"), ("bytes_in_two_parts", "warn")]
    assert not any(finding.stops for finding in found)
    assert "split.as_published=false" in found[0].describe()


def test_rows_that_belong_together_stand_together_with_what_explains_them():
    table = planted(clean_split(), {(2, "patient_id"): "p30", (4, "patient_id"): "p50"})
    assert broken_split(table)[0].rows == [
        {"path": "002.png", "patient_id": "p30", "part": "train", "label": "abnormal"},
        {"path": "060.png", "patient_id": "p30", "part": "validation", "label": "normal"},
        {"path": "061.png", "patient_id": "p30", "part": "validation", "label": "normal"},
        {"path": "100.png", "patient_id": "p50", "part": "test", "label": "normal"},
        {"path": "101.png", "patient_id": "p50", "part": "test", "label": "normal"},
        {"path": "004.png", "patient_id": "p50", "part": "train", "label": "normal"}]


def test_a_message_names_ten_images_and_counts_the_rest(tmp_path):
    finding = broken_index(clean_index().assign(patient_id=""))[0]
    message = finding.describe()
    assert "009.png and 110 more. Give it a patient_id." in message
    assert "010.png" not in message
    write_json(tmp_path / "finding.json", finding.to_json())
    assert len(read_json(tmp_path / "finding.json")["rows"]) == 120


def test_faults_of_several_kinds_are_all_found():
    table = planted(clean_index(), {(0, "label"): "unsure", (7, "body_part"): "hip"})
    assert [finding.images for finding in broken_index(table)] == [["000.png"], ["007.png"]]


def test_great_expectations_writes_its_own_pages(tmp_path):
    table = planted(clean_index(), {(7, "body_part"): "hip"})
    check_index(table, DATASET, docs=tmp_path / "docs")
    pages = {page.name: page.read_text() for page in (tmp_path / "docs").rglob("*.html")}
    assert set(pages) == {"index.html", "check@index.html", "pandas-index.html"}
    assert "an image of no patient could leak between the parts" in pages["check@index.html"]


def test_a_check_goes_on_where_those_pages_cannot_be_written(tmp_path, caplog):
    (tmp_path / "file").touch()
    findings = check_index(clean_index(), DATASET, docs=tmp_path / "file" / "docs")
    assert broken(findings) == []
    assert "pages could not be written" in caplog.text
