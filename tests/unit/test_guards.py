"""Each planted fault breaks one expectation alone, the one that names it."""

import pandas as pd
import pytest

from checked import broken_index, broken_split
from tables import clean_index, clean_split, planted

BEFORE = [
    pytest.param({(3, "readable"): False, (3, "reason"): "unreadable"}, "quarantine_unreadable",
                 "cannot be read", ["003.png"], "stop", id="an unreadable file"),
    pytest.param({(3, "reason"): "truncated"}, "quarantine_truncated", "cut short", ["003.png"],
                 "stop", id="a truncated file"),
    pytest.param({(3, "reason"): "contradictory_label"}, "quarantine_contradictory_label",
                 "contradicted by a twin or by a second source: left out", ["003.png"], "warn",
                 id="a layout that contradicts its own table"),
    pytest.param({(3, "reason"): "blank"}, "quarantine_blank", "blank pictures: left out",
                 ["003.png"], "warn", id="a blank picture"),
    pytest.param({(3, "reason"): "size"}, "quarantine_size", "too small to show a finding: used",
                 ["003.png"], "warn", id="a picture of the wrong size"),
    pytest.param({(3, "reason"): "shape"}, "quarantine_shape", "too long and narrow",
                 ["003.png"], "warn", id="a picture of an odd shape"),
    pytest.param({(3, "sd"): 0.009, (4, "height_px"): 63, (4, "width_px"): 200,
                  (5, "height_px"): 80, (5, "width_px"): 481}, "marked",
                 "that the settings set aside", ["003.png", "004.png", "005.png"], "stop",
                 id="blank, small and long pictures that the index lets through"),
    pytest.param({(3, "readable"): False, (4, "reason"): "ugly"}, "reason", "without a reason",
                 ["003.png", "004.png"], "stop",
                 id="a file without a reason, and a reason nobody knows"),
    pytest.param({(2, "label"): "unsure", (4, "label"): ""}, "label",
                 "a label other than normal, abnormal", ["002.png", "004.png"], "stop",
                 id="a new class, and no class"),
    pytest.param({(2, "label"): "normal"}, "label_of_study", "one study with different labels",
                 ["002.png", "003.png"], "stop", id="a label swapped in a study"),
    pytest.param({(2, "sha256"): "bytes000", (2, "pixel_hash"): "pixels000"}, "label_of_bytes",
                 "the same file under different labels", ["000.png", "002.png"], "stop",
                 id="the same bytes under two labels"),
    pytest.param({(2, "pixel_hash"): "pixels000"}, "label_of_pixels",
                 "the same picture under different labels", ["000.png", "002.png"], "stop",
                 id="the same pixels under two labels"),
    pytest.param({(7, "body_part"): "hip"}, "body_part", "a body part that", ["007.png"], "stop",
                 id="a new body part"),
    pytest.param({(2, "patient_id"): "", (4, "patient_id"): " "}, "patient",
                 "an image of no patient", ["002.png", "004.png"], "stop", id="a missing patient"),
    pytest.param({(2, "study_id"): ""}, "study", "images of no study", ["002.png"], "stop",
                 id="a missing study"),
    pytest.param({(2, "group_id"): "", (3, "group_id"): ""}, "group", "an image of no group",
                 ["002.png", "003.png"], "stop", id="a missing group"),
    pytest.param({(2, "group_id"): "p09"}, "group_of_patient", "a patient in two groups",
                 ["002.png", "003.png"], "stop", id="a patient in two groups"),
    pytest.param({(4, "twin_id"): "000.png"}, "group_of_twin", "duplicates in two groups",
                 ["000.png", "004.png"], "stop", id="twins in two groups"),
    pytest.param({(5, "view"): ""}, "view", "name their view", ["005.png"], "warn",
                 id="a missing view"),
    pytest.param({(5, "path"): ""}, "path_below_root", "path does not lead below the root", [""],
                 "stop", id="an empty path"),
    pytest.param({(5, "path"): "/images/5.png", (6, "path"): r"C:\images\6.png",
                  (7, "path"): "hand/../../7.png"}, "path_below_root", "below the root",
                 ["/images/5.png", r"C:\images\6.png", "hand/../../7.png"], "stop",
                 id="absolute paths, and one out of the root"),
    pytest.param({(6, "bit_depth"): 32, (7, "bit_depth"): 1}, "bit_depth",
                 "a depth other than 8 to 16 bits", ["006.png", "007.png"], "stop",
                 id="32 bits, and 1 bit"),
    pytest.param({(6, "bit_depth"): 16, (6, "saturated"): 0.51, (7, "bit_depth"): 8,
                  (7, "saturated"): 0.51}, "overflow", "mostly white", ["006.png"], "warn",
                 id="16 bits that overflow"),
    pytest.param({(6, "mean"): 1.01, (7, "border_sd"): -0.01, (8, "entropy"): 8.01}, "measures",
                 "no picture can have", ["006.png", "007.png", "008.png"], "stop",
                 id="statistics out of range"),
    pytest.param({(6, "p95"): float("nan"), (7, "sharpness"): float("inf")}, "measures",
                 "no picture can have", ["006.png", "007.png"], "stop",
                 id="statistics that are no number"),
]


@pytest.mark.parametrize(("faults", "name", "risk", "images", "severity"), BEFORE)
def test_a_fault_before_the_cut_breaks_the_expectation_that_names_it(
        faults, name, risk, images, severity):
    found = broken_index(planted(clean_index(), faults))
    assert [(finding.name, sorted(finding.images), finding.severity) for finding in found] == [
        (name, images, severity)]
    assert risk in found[0].risk
    assert found[0].stops is (severity == "stop")


AFTER = [
    pytest.param({(2, "patient_id"): "p30"}, "patient_in_two_parts", "know its patients",
                 ["002.png", "060.png", "061.png"], "stop", id="a patient in two parts"),
    pytest.param({(2, "group_id"): "p30"}, "group_in_two_parts", "know its patients",
                 ["002.png", "060.png", "061.png"], "stop", id="a group in two parts"),
    pytest.param({(2, "twin_id"): "060.png"}, "twin_in_two_parts", "know its images",
                 ["002.png", "060.png"], "stop", id="a twin in two parts"),
    pytest.param({(2, "sha256"): "bytes060", (2, "pixel_hash"): "pixels060"},
                 "bytes_in_two_parts", "the same file in two parts", ["002.png", "060.png"],
                 "stop", id="the same bytes in two parts"),
    pytest.param({(2, "pixel_hash"): "pixels060"}, "pixels_in_two_parts",
                 "the same picture in two parts", ["002.png", "060.png"], "stop",
                 id="the same pixels in two parts"),
    pytest.param({(2, "part"): "holdout", (4, "part"): ""}, "part", "an image in no part",
                 ["002.png", "004.png"], "stop", id="a part nobody knows, and none"),
    pytest.param({(5, "readable"): False, (5, "reason"): "unreadable", (6, "reason"): "blank"},
                 "set_aside", "set aside is in a part", ["005.png", "006.png"], "stop",
                 id="quarantined files in a part"),
    pytest.param({(5, "label"): "abnormal"}, "relabelled", "changed since the index", ["005.png"],
                 "stop", id="a label swapped after the index"),
]


@pytest.mark.parametrize(("faults", "name", "risk", "images", "severity"), AFTER)
def test_a_fault_after_the_cut_breaks_the_expectation_that_names_it(
        faults, name, risk, images, severity):
    found = broken_split(planted(clean_split(), faults))
    assert [(finding.name, sorted(finding.images), finding.severity) for finding in found] == [
        (name, images, severity)]
    assert risk in found[0].risk


def test_a_repeated_row_is_found():
    index = clean_index()
    table = pd.concat([index, index.iloc[[4]]], ignore_index=True)
    assert [(finding.name, finding.images) for finding in broken_index(table)] == [
        ("path_twice", ["004.png", "004.png"])]


def test_a_row_that_is_cut_twice_is_found():
    split = clean_split()
    table = pd.concat([split, split.iloc[[4]]], ignore_index=True)
    assert [(finding.name, finding.images) for finding in broken_split(table)] == [
        ("path_twice", ["004.png", "004.png"])]


def test_one_class_alone_is_found_by_the_class_that_is_missing():
    found = broken_index(clean_index().assign(label="normal"))
    assert [(finding.name, finding.observed) for finding in found] == [("class", ["abnormal"])]
    assert "nothing could be learnt: abnormal" in found[0].describe()


def test_a_part_without_a_class_is_found_by_name():
    index = clean_index()
    index.loc[80:, "label"] = "normal"
    split = clean_split().assign(label=index["label"])
    found = broken_split(split, index)
    assert [(finding.name, finding.observed) for finding in found] == [
        ("class_in_part", ["test/abnormal"])]


def test_a_part_without_images_is_found_by_its_classes():
    found = broken_split(clean_split()[:80], clean_index()[:80])
    assert [(finding.name, finding.observed) for finding in found] == [
        ("class_in_part", ["test/abnormal", "test/normal"])]


def test_a_part_with_another_mixture_of_classes_warns_by_how_much():
    index = clean_index()
    # 28 of 40 in test, 68 of 120 in all, 20 of 40 in the others.
    index.loc[[80, 81, 84, 85, 88, 89, 92, 93], "label"] = "abnormal"
    found = broken_split(clean_split().assign(label=index["label"]), index)
    assert [(finding.name, finding.severity, finding.images) for finding in found] == [
        ("even_classes", "warn", [])]
    assert found[0].observed == [
        "test/abnormal: 13.3 points more", "test/normal: 13.3 points less",
        "train/abnormal: 6.7 points less", "train/normal: 6.7 points more",
        "validation/abnormal: 6.7 points less", "validation/normal: 6.7 points more"]


@pytest.mark.parametrize("column", ["view", "label", "path", "readable", "sd"])
def test_a_missing_column_of_the_index_is_found(column):
    found = broken_index(clean_index().drop(columns=column))
    assert [(finding.name, finding.observed) for finding in found] == [("columns", [column])]


@pytest.mark.parametrize("column", ["part", "group_id", "sha256"])
def test_a_missing_column_of_the_split_is_found(column):
    found = broken_split(clean_split().drop(columns=column))
    assert [(finding.name, finding.observed) for finding in found] == [("columns", [column])]


def test_an_image_lost_between_index_and_split_is_found():
    found = broken_split(clean_split().drop(index=7).reset_index(drop=True))
    assert [(finding.name, finding.images) for finding in found] == [("lost", ["007.png"])]


def test_an_image_that_the_index_does_not_know_is_found():
    found = broken_split(clean_split(), clean_index().drop(index=7))
    assert [(finding.name, finding.images) for finding in found] == [("indexed", ["007.png"])]
