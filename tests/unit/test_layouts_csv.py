"""A table's rows become the listing; a mistake in it is named by file and row."""

import codecs
import logging

import pytest

from osteon.errors import UserError
from osteon.layouts import csv_table
from osteon.records import LISTING
from tables import DATASET

PATHS = ["a/1.png", "a/2.png", "b/3.png"]


@pytest.fixture
def root(tmp_path):
    for path in PATHS:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    return tmp_path


def _dataset(root, manifest="labels.csv"):
    return DATASET.model_copy(update={"layout": "csv", "root": str(root), "manifest": manifest})


def _listing(root, text, manifest="labels.csv"):
    (root / manifest).write_bytes(text if isinstance(text, bytes) else text.encode())
    return csv_table.listing(root, _dataset(root, manifest))


def test_every_column_has_its_place(root):
    found = _listing(
        root, "view,Label,path,patient_id,study_id,body_part,laterality,split,age,meta_scanner\n"
        "AP,fine,a/1.png,007,08, Hand ,L,train,61,A\n"
        ",broken,b/3.png,,,,,test,,B\n"
        'PA,"fine, or so",a/2.png,NA,1,WRIST,R,,7,\n')
    assert list(found.columns) == [*LISTING, "meta_age", "meta_scanner"]
    assert found.to_numpy().tolist() == [
        ["a/1.png", "fine", "007", "08", "hand", "AP", "L", "train", "61", "A"],
        ["b/3.png", "broken", "", "b/3.png", "unknown", "", "", "test", "", "B"],
        ["a/2.png", "fine, or so", "NA", "1", "wrist", "PA", "R", "", "7", ""]]


@pytest.mark.parametrize(("header", "cells", "patients", "studies", "words"), [
    pytest.param("", ["", "", ""], PATHS, PATHS, "each image by itself (the data set names no "
                 "patients), joined with its duplicates", id="none"),
    pytest.param(",study_id", [",s1", ",s1", ","], ["s1", "s1", "b/3.png"],
                 ["s1", "s1", "b/3.png"],
                 "the studies of labels.csv (the data set names no patients)", id="studies"),
    pytest.param(",patient_id", [",p1", ",", ",p2"], ["p1", "", "p2"], PATHS,
                 "the column patient_id of labels.csv", id="patients"),
    pytest.param(",patient_id,study_id", [",p1,s1", ",,s1", ",p2,s2"], ["p1", "", "p2"],
                 ["s1", "s1", "s2"], "the column patient_id of labels.csv", id="both"),
])
def test_who_the_patients_are(root, header, cells, patients, studies, words):
    rows = [f"{path},fine{cell}\n" for path, cell in zip(PATHS, cells, strict=True)]
    found = _listing(root, f"path,label{header}\n{''.join(rows)}")
    assert list(found["patient_id"]) == patients
    assert list(found["study_id"]) == studies
    assert csv_table.patients_are(_dataset(root)) == words


@pytest.mark.parametrize("text", [
    pytest.param(codecs.BOM_UTF8 + b"path,label\na/1.png,fine\n", id="byte order mark"),
    pytest.param("path;label\na/1.png;fine\n", id="semicolons"),
    pytest.param("path\tlabel\na/1.png\tfine\n", id="tabs"),
    pytest.param("path,label\r\na/1.png,fine\r\n\r\n,\r\n", id="carriage returns, blank rows"),
    pytest.param(",path,label,\n0,a/1.png,fine,\n", id="columns without a name"),
    pytest.param("path,label\n./a/../a/1.png,fine\n", id="a winding path"),
    pytest.param("path,label\na\\1.png,fine\n", id="backslashes"),
    pytest.param('PATH , Label\na/1.png, "fine"\n', id="spaces and capitals"),
])
def test_a_table_may_be_written_so(root, text):
    found = _listing(root, text)
    assert list(found.columns) == LISTING
    assert found[["path", "label"]].to_numpy().tolist() == [["a/1.png", "fine"]]


def test_an_absolute_path_below_the_root_is_made_relative(root):
    assert list(_listing(root, f"path,label\n{root}/b/3.png,fine\n")["path"]) == ["b/3.png"]


def test_a_file_whose_name_has_a_backslash_keeps_it(root):
    (root / "a\\1.png").write_bytes(b"x")
    assert list(_listing(root, "path,label\na\\1.png,fine\n")["path"]) == ["a\\1.png"]


def test_a_path_named_twice_is_left_for_the_checks(root):
    found = _listing(root, "path,label\na/1.png,fine\na/1.png,broken\n")
    assert list(found["path"]) == ["a/1.png", "a/1.png"]


def test_images_that_the_table_does_not_name_are_counted(root, caplog):
    with caplog.at_level(logging.INFO, logger="osteon"):
        _listing(root, "path,label\na/2.png,fine\n")
    assert "2 files below" in caplog.text
    assert "such as a/1.png" in caplog.text


def test_the_table_may_lie_elsewhere(root, tmp_path_factory):
    table = tmp_path_factory.mktemp("tables") / "mine.csv"
    table.write_text("path,label\na/1.png,fine\n")
    assert len(csv_table.listing(root, _dataset(root, str(table)))) == 1


@pytest.mark.parametrize(("text", "words"), [
    pytest.param("path,diagnosis\na/1.png,fine\n",
                 "labels.csv: column label missing; it has path, diagnosis", id="no such column"),
    pytest.param("path,label,Path\na/1.png,fine,x\n", "labels.csv: column path is there twice",
                 id="a column twice"),
    pytest.param("path,label,split,official_split\n", "column official_split is there twice",
                 id="two columns of one meaning"),
    pytest.param("", "labels.csv: no header; its first row names the columns", id="empty"),
    pytest.param("path,label\na/1.png,fine\na/2.png,\n\nb/3.png, \n",
                 "labels.csv: no label: row 3, row 5; fill it in, or take the row away",
                 id="no label"),
    pytest.param("path,label\n,fine\n", "labels.csv: no path: row 2; fill it in", id="no path"),
    pytest.param("path,label\na/1.png,fine\na/9.png,fine\n",
                 "row 3 (a/9.png); paths are relative to dataset.root; mend the path", id="gone"),
    pytest.param("path,label\na,fine\n", "no such file below {root}: row 2 (a)", id="a folder"),
    pytest.param("path,label\na\\9.png,fine\n", "row 2 (a\\9.png)", id="gone on Windows"),
    pytest.param("path,label\n../other/1.png,fine\n",
                 "a path that leads out of {root}: row 2 (../other/1.png); move", id="outside"),
    pytest.param("path,label\n/etc/hostname,fine\n",
                 "a path that leads out of {root}: row 2 (/etc/hostname)", id="elsewhere"),
    pytest.param("path,label\n" + "x.png,fine\n" * 8, "row 6 (x.png) and 3 more; paths",
                 id="many rows"),
    pytest.param("path,label\na/1.png,fine\na/2.png,fine, or so\n",
                 "more cells than the header: row 3; put text that holds a comma in quotes",
                 id="a row too long"),
    pytest.param('path,label\na/1.png,"fine\n', "labels.csv: not a CSV table: ", id="open quote"),
    pytest.param("path,label\na/1.png,größer\n".encode("latin-1"),
                 "labels.csv: not text in UTF-8; save it as CSV in UTF-8", id="other encoding"),
    pytest.param("path,label\n".encode("utf-16"), "not text in UTF-8", id="two bytes a letter"),
])
def test_a_mistake_is_named(root, text, words):
    with pytest.raises(UserError) as refused:
        _listing(root, text)
    assert words.format(root=root) in str(refused.value)
    assert str(refused.value).startswith(f"{root / 'labels.csv'}: ")


def test_a_table_that_is_missing_is_named(root):
    with pytest.raises(UserError, match=r"other\.csv: no such file"):
        csv_table.listing(root, _dataset(root, "other.csv"))
