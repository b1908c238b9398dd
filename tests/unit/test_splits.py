"""A cut that leaks is no `Splits`, whoever made it; a leaky one never goes without its reasons."""

import logging

import numpy as np
import pandas as pd
import pytest

from osteon import splits
from osteon.errors import UserError
from osteon.files import read_json
from osteon.records import PARTS, read_table
from osteon.splits import LeakError, LeakySplits, Splits
from rows import rows

REASONS = ("cut by image, as published", "1 patients in several parts: p1 (train, test)")


def _table(patients="aabbcc", **columns):
    return rows(["normal", "abnormal"] * 3, patients, part=np.repeat(PARTS, 2), **columns)


@pytest.mark.parametrize(("columns", "words"), [
    pytest.param({"patients": "aabbca"}, "1 patients in several parts: a (train, test)",
                 id="a patient in two parts"),
    pytest.param({"patients": "abcabc"}, "3 patients in several parts: a (train, validation), "
                 "b (train, test), c (validation, test)", id="three patients"),
    pytest.param({"patients": "aabbca", "group_id": list("aabbcd")},
                 "1 patients in several parts: a (train, test)", id="a wrong group hides none"),
    pytest.param({"twin_id": list("uvvxyz")},
                 "1 sets of duplicates in several parts: v (train, validation)",
                 id="a twin in two parts, in groups that know nothing of it"),
    pytest.param({"patients": "abcdef", "group_id": list("ggghhh")},
                 "2 groups in several parts: g (train, validation), h (validation, test)",
                 id="a group of patients"),
])
def test_a_table_that_leaks_cannot_be_made(columns, words):
    with pytest.raises(LeakError) as refused:
        Splits(_table(**columns))
    assert str(refused.value) == words


def test_of_many_leaks_five_are_named():
    table = rows(["normal"] * 14, list("abcdefg") * 2, part=["train"] * 7 + ["test"] * 7)
    with pytest.raises(LeakError, match=r"7 patients .*: a \(train, test\), b .* and 2 more$"):
        Splits(table)


def test_an_honest_cut_has_no_mark_and_marks_nothing():
    cut = Splits(_table(), "ratio")
    assert cut.mark == ""
    assert cut.to_json() == {"name": "ratio", "leaky": False, "reasons": []}
    assert cut.marked({"auroc": 1}) == {"auroc": 1}
    assert list(cut.marked_table(pd.DataFrame({"x": [1]}))) == ["x"]


def test_a_leaky_cut_marks_all_that_it_is_given():
    cut = LeakySplits(_table(patients="aabbca"), REASONS, "ratio")
    assert cut.mark == ("LEAKY: cut by image, as published; "
                        "1 patients in several parts: p1 (train, test)")
    assert cut.marked({"auroc": 1}) == {
        "mark": "LEAKY", "protocol": {"name": "ratio", "leaky": True, "reasons": list(REASONS)},
        "auroc": 1}
    marked = cut.marked_table(pd.DataFrame({"x": [1, 2]}))
    assert marked.to_dict("list") == {"mark": ["LEAKY", "LEAKY"], "x": [1, 2]}


def test_a_leaky_cut_without_reasons_cannot_be_made():
    with pytest.raises(ValueError, match="must say why"):
        LeakySplits(_table(), ())


def test_a_leaky_cut_is_not_taken_for_an_honest_one():
    assert not isinstance(LeakySplits(_table(), REASONS), Splits)


@pytest.mark.parametrize(("parts", "paths"), [
    pytest.param(("train",), {0: "0.png", 1: "1.png"}, id="one part"),
    pytest.param(("validation", "test"), {2: "2.png", 3: "3.png", 4: "4.png", 5: "5.png"},
                 id="two parts"),
])
def test_a_part_keeps_the_row_numbers_of_the_file(parts, paths):
    assert Splits(_table()).part(*parts)["path"].to_dict() == paths


def test_an_honest_cut_comes_back_as_it_was_written(tmp_path):
    cut = Splits(_table(), "folds")
    splits.write(tmp_path, cut, {"seed": 3})
    found = splits.read(tmp_path)
    assert isinstance(found, Splits)
    assert found.protocol == "folds"
    assert found.table["part"].tolist() == cut.table["part"].tolist()
    assert read_json(tmp_path / "about.json") == {
        "protocol": "folds", "leaky": None, "seed": 3, "left_out": 0}
    assert read_table(tmp_path / "left_out.csv").empty


def test_a_leaky_cut_comes_back_with_its_reasons_and_says_so(tmp_path, caplog):
    splits.write(tmp_path, LeakySplits(_table(patients="aabbca"), REASONS, "ratio"), {})
    with caplog.at_level(logging.WARNING, "osteon"):
        found = splits.read(tmp_path)
    assert isinstance(found, LeakySplits)
    assert found.reasons == REASONS
    assert found.mark in caplog.text


def test_the_type_decides_what_the_file_says_of_leaks(tmp_path):
    splits.write(tmp_path, LeakySplits(_table(), REASONS, "ratio"), {"leaky": None})
    assert read_json(tmp_path / "about.json")["leaky"] == list(REASONS)


def test_what_was_left_out_is_listed_and_counted(tmp_path):
    left_out = _table().head(2).assign(reason="its group is tested")
    splits.write(tmp_path, Splits(_table()), {}, left_out)
    assert read_json(tmp_path / "about.json")["left_out"] == 2
    assert read_table(tmp_path / "left_out.csv").to_dict("records") == [
        {"path": "0.png", "label": "normal", "patient_id": "a", "group_id": "a",
         "reason": "its group is tested"},
        {"path": "1.png", "label": "abnormal", "patient_id": "a", "group_id": "a",
         "reason": "its group is tested"}]


def _edit(tmp_path, row, column, value):
    splits.write(tmp_path, Splits(_table()), {})
    table = read_table(tmp_path / "split.csv")
    table.loc[row, column] = value
    table.to_csv(tmp_path / "split.csv", index=False)


@pytest.mark.parametrize(("row", "column", "value", "words"), [
    pytest.param(0, "part", "test", r"1 patients in several parts: a \(train, test\). It was "
                 "changed after it was cut: run the split stage again", id="an image of a moved"),
    pytest.param(4, "twin_id", "0.png", r"duplicates in several parts: 0.png \(train, test\)",
                 id="a twin found later"),
    pytest.param(5, "patient_id", "a", r"patients in several parts: a \(train, test\)",
                 id="a patient found later"),
    pytest.param(2, "part", "valid", "'valid' is no part; the parts are train, validation, test",
                 id="a part misspelt"),
])
def test_a_file_that_was_edited_so_that_it_leaks_is_refused(tmp_path, row, column, value, words):
    _edit(tmp_path, row, column, value)
    with pytest.raises(UserError, match=words) as refused:
        splits.read(tmp_path)
    assert str(tmp_path / "split.csv") in str(refused.value)


def test_an_honest_edit_is_taken(tmp_path):
    _edit(tmp_path, [0, 1], "part", "validation")
    assert len(splits.read(tmp_path).part("validation")) == 4


def test_a_cut_of_an_older_kind_is_refused(tmp_path):
    splits.write(tmp_path, Splits(_table()), {})
    read_table(tmp_path / "split.csv").drop(columns="twin_id").to_csv(
        tmp_path / "split.csv", index=False)
    with pytest.raises(UserError, match=r"lacks the column twin_id; run the split stage again"):
        splits.read(tmp_path)


@pytest.mark.parametrize("missing", ["split.csv", "about.json"])
def test_a_cut_that_is_not_there_is_asked_for(tmp_path, missing):
    splits.write(tmp_path, Splits(_table()), {})
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match="run the split stage"):
        splits.read(tmp_path)
