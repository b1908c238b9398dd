"""Tables come back as they were written; names that look like numbers stay names."""

import numpy as np
import pandas as pd
import pytest

from osteon.records import probability_columns, read_table, targets, write_table


def _split():
    return pd.DataFrame({
        "path": ["a.png", "b.png", "c.png", "d.png"],
        "label": ["normal", "abnormal", "abnormal", "normal"],
        "part": ["test", "train", "validation", "train"]})


@pytest.mark.parametrize("name", [
    pytest.param("007", id="leading zeros"), pytest.param("NA", id="reads as missing"),
    pytest.param("null", id="reads as missing too"), pytest.param("1e5", id="reads as a number"),
    pytest.param("True", id="reads as a truth"), pytest.param("", id="empty"),
    pytest.param('a,"b"', id="commas and quotes"), pytest.param("Jürgen", id="beyond ASCII"),
])
def test_an_identifier_survives_a_round_trip(tmp_path, name):
    table = pd.DataFrame({"path": ["x.png", "y.png"], "patient_id": [name, "other"],
                          "study_id": [name, "s"], "group_id": [name, "g"]})
    write_table(tmp_path / "t.csv", table)
    found = read_table(tmp_path / "t.csv")
    assert found["patient_id"].tolist() == [name, "other"]
    assert found["group_id"].tolist() == [name, "g"]


def test_numbers_and_truths_keep_their_kinds(tmp_path):
    table = pd.DataFrame({"path": ["x", "y"], "width_px": [3, 4], "mean": [0.25, 0.1],
                          "readable": [True, False], "reason": ["", "the file is empty"]})
    write_table(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)


def test_written_tables_are_the_same_bytes_everywhere(tmp_path):
    write_table(tmp_path / "t.csv", pd.DataFrame({"path": ["x"], "mean": [0.5]}))
    assert (tmp_path / "t.csv").read_bytes() == b"path,mean\nx,0.5\n"


def test_targets_follow_the_order_of_the_labels():
    forward, backward = (targets(_split(), labels) for labels in
                         (("normal", "abnormal"), ("abnormal", "normal")))
    assert forward.tolist() == [0, 1, 1, 0]
    assert backward.tolist() == [1, 0, 0, 1]
    assert forward.dtype == np.int64


def test_an_unknown_label_is_no_class():
    with pytest.raises(ValueError, match="not in tuple"):
        targets(_split(), ("normal", "broken"))


def test_a_member_has_a_column_for_each_class():
    assert probability_columns("resnet10", ("normal", "abnormal")) == [
        "resnet10:normal", "resnet10:abnormal"]
