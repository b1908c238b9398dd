"""Each layout's tree becomes rows; what does not belong is left out or refused by name."""

import logging

import pytest

from osteon.errors import UserError
from osteon.layouts import fracatlas, mura
from osteon.records import LISTING

LABELS = ("fine", "broken")
MURA = ["train/XR_HAND/patient00007/study1_positive/image1.png",
        "train/XR_HAND/patient00007/study1_positive/image2.png",
        "train/XR_WRIST/patient00007/study2_negative/image1.png",
        "valid/XR_ELBOW/patient11185/study1_negative/image1.png"]
HEADER = "image_id,hand,leg,hip,shoulder,mixed,hardware,frontal,lateral,oblique\n"


def _touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def _list(root, name, *paths, folder="MURA-v1.1"):
    (root / name).write_text("".join(f"{folder}/{path}\n" for path in paths))


@pytest.fixture
def mura_tree(tmp_path):
    _touch(tmp_path, *MURA)
    return tmp_path


def _rows(table):
    return table.to_numpy().tolist()


@pytest.mark.parametrize("listed", [
    pytest.param(True, id="by its lists"), pytest.param(False, id="by its folders")])
def test_mura_rows_are_read_off_the_paths(mura_tree, listed):
    if listed:
        _list(mura_tree, "train_image_paths.csv", *MURA[:3])
        _list(mura_tree, "valid_image_paths.csv", *MURA[3:])
    found = mura.listing(mura_tree, LABELS)
    assert list(found.columns) == LISTING
    assert _rows(found) == [
        [MURA[0], "broken", "patient00007", "patient00007/hand/study1", "hand", "", "train"],
        [MURA[1], "broken", "patient00007", "patient00007/hand/study1", "hand", "", "train"],
        [MURA[2], "fine", "patient00007", "patient00007/wrist/study2", "wrist", "", "train"],
        [MURA[3], "fine", "patient11185", "patient11185/elbow/study1", "elbow", "", "valid"]]


def test_mura_leaves_out_what_no_list_names_and_says_how_many(mura_tree, caplog):
    _list(mura_tree, "train_image_paths.csv", *MURA[:3])
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = mura.listing(mura_tree, LABELS)
    assert list(found["path"]) == MURA[:3]
    assert "1 files" in caplog.text


def test_mura_refuses_a_listed_file_that_is_missing_by_name(mura_tree):
    _list(mura_tree, "train_image_paths.csv", *MURA, MURA[0].replace("image1", "image9"))
    with pytest.raises(UserError, match=r"train_image_paths\.csv: lists .*study1_positive/image9"):
        mura.listing(mura_tree, LABELS)


def test_mura_ignores_the_hidden_files_of_other_systems(mura_tree):
    _touch(mura_tree, MURA[0].replace("image1", "._image1"), MURA[0].replace("image1.png",
                                                                             ".DS_Store"))
    assert list(mura.listing(mura_tree, LABELS)["path"]) == MURA


def test_mura_lists_may_end_in_a_blank_line_and_carriage_returns(mura_tree):
    text = "".join(f"MURA-v1.1/{path}\r\n" for path in MURA) + "\r\n"
    (mura_tree / "train_image_paths.csv").write_text(text, newline="")
    assert list(mura.listing(mura_tree, LABELS)["path"]) == MURA


def test_mura_refuses_a_study_of_no_label(mura_tree):
    _touch(mura_tree, "train/XR_HAND/patient00009/study1_unclear/image1.png")
    with pytest.raises(UserError, match="study1_unclear: a study's folder ends in _negative or"):
        mura.listing(mura_tree, LABELS)


def test_mura_without_images_has_no_rows(tmp_path):
    assert mura.listing(tmp_path, LABELS).empty


@pytest.fixture
def fracatlas_tree(tmp_path):
    _touch(tmp_path, "images/Fractured/IMG0000019.jpg", "images/Non_fractured/IMG0000000.jpg",
           "images/Non_fractured/IMG0000020.jpg", "images/Non_fractured/IMG0000021.jpg",
           "images/Fractured/._IMG0000019.jpg")
    (tmp_path / "dataset.csv").write_text(
        HEADER + "IMG0000019.jpg,1,0,0,0,0,0,1,1,0\nIMG0000000.jpg,0,1,0,0,0,0,1,0,0\n"
        "IMG0000020.jpg,1,0,0,0,1,0,0,0,1\nIMG0000021.jpg,0,0,0,0,0,1,0,0,0\n")
    return tmp_path


def test_fracatlas_rows_by_folder_and_table(fracatlas_tree):
    found = fracatlas.listing(fracatlas_tree, LABELS, block=20)
    assert list(found.columns) == LISTING
    plain, broken = "images/Non_fractured/", "images/Fractured/"
    assert _rows(found) == [
        [f"{plain}IMG0000000.jpg", "fine", "block00000", "IMG0000000", "leg", "frontal", ""],
        [f"{plain}IMG0000020.jpg", "fine", "block00001", "IMG0000020", "mixed", "oblique", ""],
        [f"{plain}IMG0000021.jpg", "fine", "block00001", "IMG0000021", "unknown", "", ""],
        [f"{broken}IMG0000019.jpg", "broken", "block00000", "IMG0000019", "hand",
         "frontal+lateral", ""]]


@pytest.mark.parametrize(("block", "blocks"), [
    pytest.param(1, ["block00000", "block00020", "block00021", "block00019"], id="each its own"),
    pytest.param(21, ["block00000", "block00000", "block00001", "block00000"], id="20 joins 19"),
])
def test_fracatlas_blocks_stand_for_patients(fracatlas_tree, block, blocks):
    assert list(fracatlas.listing(fracatlas_tree, LABELS, block)["patient_id"]) == blocks
    assert f"blocks of {block} consecutive" in fracatlas.patients_are(block)


def test_fracatlas_without_its_table_is_refused(fracatlas_tree):
    (fracatlas_tree / "dataset.csv").unlink()
    with pytest.raises(UserError, match=r"dataset\.csv: missing; FracAtlas has it beside images/"):
        fracatlas.listing(fracatlas_tree, LABELS, 20)


def test_fracatlas_names_the_columns_that_are_missing(fracatlas_tree):
    (fracatlas_tree / "dataset.csv").write_text("image_id,hand,leg,hip,mixed,frontal,lateral\n")
    with pytest.raises(UserError, match="column oblique, shoulder missing"):
        fracatlas.listing(fracatlas_tree, LABELS, 20)


def test_fracatlas_refuses_an_image_without_a_row_by_name(fracatlas_tree):
    _touch(fracatlas_tree, "images/Fractured/IMG0004000.jpg")
    with pytest.raises(UserError, match=r"IMG0004000\.jpg: no row in dataset\.csv"):
        fracatlas.listing(fracatlas_tree, LABELS, 20)
