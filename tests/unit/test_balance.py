"""What about.json says of a cut, on ten images counted by hand."""

import json

import pytest

from osteon.balance import balance
from rows import rows

# train: 4 normal, 2 abnormal; validation: 1 and 1; test: 2 abnormal. The whole: half and half.
TABLE = rows(["normal"] * 4 + ["abnormal"] * 2 + ["normal", "abnormal"] + ["abnormal"] * 2,
             "aabbcddefg", part=["train"] * 6 + ["validation"] * 2 + ["test"] * 2,
             body_part=["hand"] * 5 + ["wrist"] * 3 + ["hand"] * 2)


@pytest.fixture(scope="module")
def about():
    table = TABLE.assign(patient_id=[*"aabbcdefgh"], study_id=[*"aabbcdefgh"])
    return balance(table.assign(group_id=table["patient_id"]), {"train": 0.75, "validation": 0.25})


def test_shares_reached_stand_beside_those_asked(about):
    assert about["shares"] == {"train": {"asked": 0.75, "reached": 0.6},
                               "validation": {"asked": 0.25, "reached": 0.2},
                               "test": {"asked": None, "reached": 0.2}}


def test_parts_are_counted(about):
    assert (about["images"], about["groups"]) == (10, 8)
    assert about["parts"]["train"] == {
        "images": 6, "studies": 4, "patients": 4, "groups": 4,
        "labels": {"abnormal": 2, "normal": 4},
        "label_shares": {"abnormal": 0.3333, "normal": 0.6667},
        "body_parts": {"hand": {"abnormal": 1, "normal": 4}, "wrist": {"abnormal": 1, "normal": 0}}}
    assert about["parts"]["test"]["labels"] == {"abnormal": 2}


def test_the_farthest_deviation_is_named(about):
    # Half of all images are abnormal, of the test part all: 50 points. 7 of 10 are hands, of the
    # validation part none: 70 points.
    assert about["deviation"] == {
        "label": {"points": 50.0, "part": "test", "value": "abnormal"},
        "body_part": {"points": 70.0, "part": "validation", "value": "hand"}}


def test_it_is_plain_json(about):
    assert json.loads(json.dumps(about, allow_nan=False)) == about
