"""Folders of classes become rows, with or without a split above them."""

import logging

import pytest

from osteon.errors import UserError
from osteon.layouts import class_folders
from osteon.records import LISTING
from tables import DATASET

FLAT = ["broken/1.png", "broken/2.jpg", "fine/3"]
CUT = ["test/fine/4.png", "train/broken/1.png", "train/fine/3.png"]


def _dataset(*labels):
    return DATASET.model_copy(update={"labels": labels or ("fine", "broken")})


def _touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


@pytest.mark.parametrize(("paths", "labels", "splits"), [
    pytest.param(FLAT, ["broken", "broken", "fine"], ["", "", ""], id="classes"),
    pytest.param(CUT, ["fine", "broken", "fine"], ["test", "train", "train"],
                 id="classes below a split"),
    pytest.param(["broken/p1/1.png", "broken/2.png", "fine/p2/day1/3.png"],
                 ["broken", "broken", "fine"], ["", "", ""], id="folders below the classes"),
    pytest.param(["train/broken/p1/1.png", "train/fine/p2/2.png"], ["broken", "fine"],
                 ["train", "train"], id="folders below the classes below a split"),
    pytest.param(["broken/1.png", "fine/2.png", "odd/3.png"], ["broken", "fine", "odd"],
                 ["", "", ""], id="a class that the settings do not name"),
    pytest.param(["cracked/1.png", "whole/2.png"], ["cracked", "whole"], ["", ""],
                 id="none that they name"),
    pytest.param(["train/cracked/1.png", "train/whole/2.png"], ["cracked", "whole"],
                 ["train", "train"], id="none that they name, below a split"),
])
def test_rows_are_read_off_the_folders(tmp_path, paths, labels, splits):
    _touch(tmp_path, *paths)
    found = class_folders.listing(tmp_path, _dataset())
    assert list(found.columns) == LISTING
    assert found.to_numpy().tolist() == [
        [path, label, path, path, "unknown", "", "", split]
        for path, label, split in zip(sorted(paths), labels, splits, strict=True)]


def test_classes_may_be_many(tmp_path):
    names = [f"type{number:02d}" for number in range(10)]
    _touch(tmp_path, *(f"train/{name}/1.png" for name in names))
    assert list(class_folders.listing(tmp_path, _dataset(*names))["label"]) == names
    assert class_folders.labels_of(tmp_path) == tuple(names)


def test_what_is_no_image_by_its_name_is_left_out_and_counted(tmp_path, caplog):
    _touch(tmp_path, *FLAT, "README.md", "broken/list.CSV", "fine/Thumbs.db", "fine/.DS_Store",
           "__MACOSX/broken/._1.png", "fine/strange.raw")
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = class_folders.listing(tmp_path, _dataset())
    assert list(found["path"]) == [*FLAT, "fine/strange.raw"]
    assert "3 files" in caplog.text


def test_folders_that_are_links_are_followed_but_not_back_up(tmp_path):
    _touch(tmp_path, "store/1.png", "set/fine/2.png")
    (tmp_path / "set/broken").symlink_to(tmp_path / "store")
    (tmp_path / "set/fine/again").symlink_to(tmp_path / "set")
    found = class_folders.listing(tmp_path / "set", _dataset())
    assert list(found["path"]) == ["broken/1.png", "fine/2.png"]


@pytest.mark.parametrize(("paths", "words"), [
    pytest.param([*FLAT, "7.png"], r"outside of the classes' folders: 7\.png; the layout is",
                 id="at the root"),
    pytest.param([*CUT, "train/7.png"], r"folders: train/7\.png; the layout is <class>/\*",
                 id="in a split"),
    pytest.param([*CUT, *(f"{number}.png" for number in range(7))],
                 r"folders: 0\.png, 1\.png, 2\.png, 3\.png, 4\.png and 2 more; ", id="many"),
])
def test_an_image_of_no_class_is_refused_by_name(tmp_path, paths, words):
    _touch(tmp_path, *paths)
    with pytest.raises(UserError, match=words):
        class_folders.listing(tmp_path, _dataset())


def test_an_empty_folder_has_no_rows_and_no_classes(tmp_path):
    assert class_folders.listing(tmp_path, _dataset()).empty
    assert class_folders.labels_of(tmp_path) == ()


def test_patients_are_the_images():
    assert class_folders.patients_are(_dataset()) == (
        "each image by itself (the data set names no patients), joined with its duplicates")
