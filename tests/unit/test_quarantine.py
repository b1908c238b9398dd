"""Each file set aside has one reason, the gravest, and its policy decides."""

import pandas as pd
import pytest

from osteon.quarantine import quarantine, usable, with_reasons
from osteon.sections.data import Quarantine

POLICIES = {"unreadable": "fail", "truncated": "keep", "contradictory_label": "drop",
            "blank": "drop", "size": "keep", "shape": "keep"}
SETTINGS = Quarantine(**POLICIES, blank_sd=0.01, least_side_px=64, most_elongated=6.0)


def _rows(**changes):
    """Four good rows; a change gives a column's value for row 1."""
    rows = pd.DataFrame({
        "path": list("abcd"), "twin_id": list("abcd"), "label": "x", "reason": "", "detail": "",
        "readable": True, "width_px": 200, "height_px": 300, "sd": 0.2})
    for column, value in changes.items():
        rows[column] = rows[column].astype(object)
        rows.loc[1, column] = value
        rows[column] = rows[column].infer_objects()
    return rows


def _reasons(rows, doubts=("", "", "", "")):
    return with_reasons(rows, pd.Series(doubts), SETTINGS)[["reason", "detail"]].to_numpy().tolist()


GOOD = ["", ""]


def test_good_rows_have_no_reason():
    assert _reasons(_rows()) == [GOOD] * 4


@pytest.mark.parametrize(("changes", "reason", "detail"), [
    pytest.param({"sd": 0.004}, "blank", "grey values vary by 0.004 of the scale", id="blank"),
    pytest.param({"width_px": 40}, "size", "40 pixels on its short side", id="small"),
    pytest.param({"width_px": 1900}, "shape", "1900 x 300 pixels", id="a strip"),
    pytest.param({"reason": "truncated", "detail": "cut short", "sd": 0.0}, "truncated",
                 "cut short", id="what the file says comes first"),
    pytest.param({"width_px": 10, "sd": 0.0}, "blank", "grey values vary by 0.0 of the scale",
                 id="the gravest of two"),
])
def test_a_reason_is_given_with_its_measure(changes, reason, detail):
    assert _reasons(_rows(**changes)) == [GOOD, [reason, detail], GOOD, GOOD]


def test_twins_of_two_labels_are_all_doubted():
    rows = _rows(label="y", twin_id="a")
    said = ["contradictory_label", "the same picture is labelled x, y"]
    assert _reasons(rows) == [said, said, GOOD, GOOD]


def test_twins_of_one_label_are_not():
    assert _reasons(_rows(twin_id="a")) == [GOOD] * 4


def test_a_layout_that_contradicts_itself_is_quoted():
    said = "the folder says x, the table y"
    assert _reasons(_rows(), ("", "", said, "")) == [
        GOOD, GOOD, ["contradictory_label", said], GOOD]


@pytest.mark.parametrize(("changes", "policy", "used"), [
    pytest.param({}, None, True, id="a good row"),
    pytest.param({"reason": "blank"}, "drop", False, id="drop"),
    pytest.param({"reason": "size"}, "keep", True, id="keep"),
    pytest.param({"reason": "unreadable", "readable": False}, "fail", False, id="fail"),
    pytest.param({"reason": "truncated", "readable": False}, "keep", False,
                 id="what cannot be read cannot be kept"),
])
def test_policies_decide(changes, policy, used):
    rows = _rows(**changes)
    assert usable(rows, SETTINGS).tolist() == [True, used, True, True]
    listed = quarantine(rows, SETTINGS)
    assert listed["policy"].tolist() == ([] if policy is None else [policy])
    assert list(listed.columns) == ["path", "reason", "detail", "policy"]
