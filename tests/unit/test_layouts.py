"""The published sets' trees become rows; what does not belong is left out or refused by name."""

import logging

import pytest

from osteon.errors import UserError
from osteon.layouts import LAYOUTS, fracatlas, guess, listing, mura
from osteon.records import LISTING
from tables import DATASET

LABELS = DATASET.model_copy(update={"labels": ("fine", "broken")})
MURA = ["train/XR_HAND/patient00007/study1_positive/image1.png",
        "train/XR_HAND/patient00007/study1_positive/image2.png",
        "train/XR_WRIST/patient00007/study2_negative/image1.png",
        "valid/XR_ELBOW/patient11185/study1_negative/image1.png"]
HAND, WRIST, ELBOW = (path.rpartition("/")[0] for path in MURA[1:])
HEADER = ("image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,fractured,frontal,lateral,"
          "oblique\n")


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
        _list(mura_tree, "train_labeled_studies.csv", f"{HAND}/,1", f"{WRIST}/,0")
        _list(mura_tree, "valid_labeled_studies.csv", f"{ELBOW}/,0")
    found = mura.listing(mura_tree, LABELS)
    assert list(found.columns) == [*LISTING, "doubt"]
    hand, wrist, elbow = "patient00007/hand/study1", "patient00007/wrist/study2", \
        "patient11185/elbow/study1"
    assert _rows(found) == [
        [MURA[0], "broken", "patient00007", hand, "hand", "", "", "train", ""],
        [MURA[1], "broken", "patient00007", hand, "hand", "", "", "train", ""],
        [MURA[2], "fine", "patient00007", wrist, "wrist", "", "", "train", ""],
        [MURA[3], "fine", "patient11185", elbow, "elbow", "", "", "valid", ""]]


def test_mura_leaves_out_what_no_list_names_and_says_how_many(mura_tree, caplog):
    _list(mura_tree, "train_image_paths.csv", *MURA[:3])
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = mura.listing(mura_tree, LABELS)
    assert list(found["path"]) == MURA[:3]
    assert "1 files" in caplog.text


def test_mura_takes_the_tables_word_and_marks_where_the_folder_differs(mura_tree):
    _list(mura_tree, "valid_labeled_studies.csv", f"{ELBOW}/,1", f"{HAND}/,1")
    found = mura.listing(mura_tree, LABELS)
    assert list(found["label"]) == ["broken", "broken", "fine", "broken"]
    assert list(found["doubt"]) == [
        "", "", "", "the folder says negative, valid_labeled_studies.csv says 1"]


def test_mura_needs_no_finding_in_a_folder_that_its_table_labels(tmp_path):
    _touch(tmp_path, "train/XR_HAND/patient00009/study1/image1.png")
    _list(tmp_path, "train_labeled_studies.csv", "train/XR_HAND/patient00009/study1/,1")
    found = mura.listing(tmp_path, LABELS)
    assert found.loc[0, ["label", "study_id", "doubt"]].tolist() == [
        "broken", "patient00009/hand/study1", ""]


@pytest.mark.parametrize(("name", "lines", "words"), [
    pytest.param("train_image_paths.csv", [MURA[0].replace("image1", "image9")],
                 r"image_paths\.csv: lists train/.*/image9.png, which is not there; restore or",
                 id="image"),
    pytest.param("train_labeled_studies.csv", [f"{HAND}9/,1"],
                 r"studies\.csv: lists .*study1_positive9, which is not there", id="study"),
    pytest.param("train_labeled_studies.csv", [f"{HAND}/,1", f"{WRIST}/,fine"],
                 r"studies\.csv: row 2: a study's label is 0 or 1, not 'fine'", id="no label"),
    pytest.param("train_labeled_studies.csv", [f"{HAND}/,1", f"{WRIST}/,0", f"{HAND}/,0"],
                 r"row 3: train/XR_HAND/patient00007/study1_positive has another label further up",
                 id="two labels"),
])
def test_mura_refuses_a_mistaken_list_by_name(mura_tree, name, lines, words):
    _list(mura_tree, name, *lines)
    with pytest.raises(UserError, match=words):
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
        HEADER + "IMG0000019.jpg,1,0,0,0,0,1,0,1,1,1,0\nIMG0000000.jpg,0,1,0,0,0,0,0,0,1,0,0\n"
        "IMG0000020.jpg,1,0,0,0,1,0,1,0,0,0,1\nIMG0000021.jpg,0,0,0,0,0,0,0,0,0,0,0\n")
    return tmp_path


def test_fracatlas_rows_by_folder_and_table(fracatlas_tree):
    found = fracatlas.listing(fracatlas_tree, LABELS.model_copy(update={"block": 20}))
    assert list(found.columns) == [*LISTING, "doubt", "meta_hardware", "meta_multiscan"]
    plain, broken = "images/Non_fractured/IMG00000", "images/Fractured/IMG00000"
    end = ["", "", ""]  # laterality, official split, doubt
    assert _rows(found) == [
        [f"{plain}00.jpg", "fine", "block00000", "IMG0000000", "leg", "frontal", *end, "0", "0"],
        [f"{plain}20.jpg", "fine", "block00001", "IMG0000020", "mixed", "oblique", *end, "0", "1"],
        [f"{plain}21.jpg", "fine", "block00001", "IMG0000021", "unknown", "", *end, "0", "0"],
        [f"{broken}19.jpg", "broken", "block00000", "IMG0000019", "hand", "frontal+lateral", *end,
         "1", "0"]]


def test_fracatlas_images_may_lie_in_folders_of_their_own(fracatlas_tree):
    _touch(fracatlas_tree, "images/Fractured/wrists/IMG0000022.jpg")
    with (fracatlas_tree / "dataset.csv").open("a") as table:
        table.write("IMG0000022.jpg,0,0,0,0,0,0,0,1,0,0,0\n")
    found = fracatlas.listing(fracatlas_tree, LABELS).iloc[4]
    assert (found["path"], found["label"]) == ("images/Fractured/wrists/IMG0000022.jpg", "broken")
    assert found["doubt"] == ""


@pytest.mark.parametrize(("block", "blocks"), [
    pytest.param(1, ["block00000", "block00020", "block00021", "block00019"], id="each its own"),
    pytest.param(21, ["block00000", "block00000", "block00001", "block00000"], id="20 joins 19"),
])
def test_fracatlas_blocks_stand_for_patients(fracatlas_tree, block, blocks):
    settings = LABELS.model_copy(update={"block": block})
    assert list(fracatlas.listing(fracatlas_tree, settings)["patient_id"]) == blocks
    assert fracatlas.patients_are(settings) == (
        f"blocks of {block} consecutive image numbers (the data set names no patients)")


def test_fracatlas_takes_the_folders_word_and_marks_where_the_table_differs(fracatlas_tree):
    table = fracatlas_tree / "dataset.csv"
    table.write_text(table.read_text().replace("1,0,0,0,0,1,0,1", "1,0,0,0,0,1,0,0"))
    found = fracatlas.listing(fracatlas_tree, LABELS).iloc[3]
    assert found["label"] == "broken"
    assert found["doubt"] == "the folder says Fractured, dataset.csv says fractured = 0"


def test_fracatlas_says_how_many_rows_have_no_image(fracatlas_tree, caplog):
    (fracatlas_tree / "images/Fractured/IMG0000019.jpg").unlink()
    with caplog.at_level(logging.INFO, logger="osteon"):
        assert len(fracatlas.listing(fracatlas_tree, LABELS)) == 3
    assert "1 rows of" in caplog.text


def test_fracatlas_without_its_table_is_refused(fracatlas_tree):
    (fracatlas_tree / "dataset.csv").unlink()
    with pytest.raises(UserError, match=r"dataset\.csv: missing; FracAtlas has it beside images/"):
        fracatlas.listing(fracatlas_tree, LABELS)


def test_fracatlas_names_the_columns_that_are_missing(fracatlas_tree):
    (fracatlas_tree / "dataset.csv").write_text(HEADER.replace("oblique", "x").replace("hip,", ""))
    with pytest.raises(UserError, match="column hip, oblique missing; it has image_id, hand"):
        fracatlas.listing(fracatlas_tree, LABELS)


@pytest.mark.parametrize(("name", "words"), [
    pytest.param("IMG0004000.jpg", r"IMG0004000\.jpg: no row in dataset\.csv", id="no row"),
    pytest.param("other.jpg", r"other\.jpg: an image here is named IMG<number>", id="no number"),
])
def test_fracatlas_refuses_a_strange_image_by_name(fracatlas_tree, name, words):
    _touch(fracatlas_tree, f"images/Fractured/{name}")
    with (fracatlas_tree / "dataset.csv").open("a") as table:
        table.write("other.jpg,1\n")
    with pytest.raises(UserError, match=words):
        fracatlas.listing(fracatlas_tree, LABELS)


@pytest.mark.parametrize("layout", ["mura", "fracatlas"])
def test_a_layout_of_two_labels_refuses_three(tmp_path, layout):
    (tmp_path / "dataset.csv").write_text(HEADER)
    three = DATASET.model_copy(update={"layout": layout, "labels": ("a", "b", "c")})
    with pytest.raises(UserError, match=rf"dataset\.labels: the layout '{layout}' has two"):
        LAYOUTS[layout].listing(tmp_path, three)


@pytest.mark.parametrize(("other_labels", "kept"), [
    pytest.param("drop", ["a/1.png", "b/3.png"], id="left out"),
    pytest.param("fail", ["a/1.png", "a.b/2.png", "b/3.png", "c/4.png"], id="left to the check"),
])
def test_images_of_other_labels_are_left_out_where_that_is_asked_for(
        tmp_path, caplog, other_labels, kept):
    _touch(tmp_path, "a/1.png", "b/3.png", "c/4.png", "a.b/2.png")
    settings = DATASET.model_copy(update={
        "layout": "class_folders", "labels": ("a", "b"), "other_labels": other_labels})
    with caplog.at_level(logging.INFO):
        found = listing(tmp_path, settings)
    assert sorted(found["path"]) == sorted(kept)
    assert list(found.index) == list(range(len(kept)))
    assert ("2 files below" in caplog.text) == (other_labels == "drop")


@pytest.mark.parametrize(("name", "files"), [
    pytest.param("mura", {MURA[0]: ""}, id="mura"),
    pytest.param("fracatlas", {"dataset.csv": "", "images/Fractured/IMG1.jpg": ""},
                 id="fracatlas"),
    pytest.param("csv", {"labels.csv": "path,label\n", "x.png": ""}, id="labels.csv"),
    pytest.param("csv", {"manifest.csv": "label;path\n", "a/x.png": "", "b/x.png": ""},
                 id="manifest.csv beside class folders"),
    pytest.param("dicom", {"labels.csv": "study_id,label\n", "x/1.2.3": "\0" * 128 + "DICM"},
                 id="dicom by study"),
    pytest.param("dicom", {"labels.csv": "path,label\n", "x": "\0" * 128 + "DICM"},
                 id="dicom by path"),
    pytest.param("class_folders", {"a/x.png": "", "b/y.png": ""}, id="class folders"),
    pytest.param("class_folders", {"labels.csv": "file,class\n", "a/x.png": "", "b/y.png": ""},
                 id="class folders beside another table"),
    pytest.param("class_folders", {"train/a/x.png": "", "train/b/y.png": ""},
                 id="class folders below a split"),
])
def test_a_folder_tells_its_layout(tmp_path, name, files):
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    assert guess(tmp_path) == name


@pytest.mark.parametrize("files", [
    pytest.param([], id="empty"), pytest.param(["x.png", "y.png"], id="images alone"),
    pytest.param(["a/x.png"], id="one class"), pytest.param(["a/x.txt", "b/x.txt"], id="texts"),
])
def test_a_folder_of_no_layout_hears_what_was_looked_for(tmp_path, files):
    _touch(tmp_path, *files)
    with pytest.raises(UserError) as refused:
        guess(tmp_path)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}: holds no layout known here; looked for\n  mura: ")
    for name, layout in LAYOUTS.items():
        assert f"{name}: {layout.EXPECTED}" in message
