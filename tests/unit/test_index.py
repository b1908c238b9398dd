"""One row per image, whether or not its file can be read; twins known, nothing read twice."""

import hashlib
import os

import cv2
import numpy as np
import pytest

from osteon.errors import UserError
from osteon.index import index
from osteon.records import INDEX
from tables import DATASET

POSITIVE = "train/XR_HAND/patient00007/study1_positive"
NEGATIVE = "train/XR_HAND/patient00008/study1_negative"


def _dataset(root, **changes):
    return DATASET.model_copy(update={"root": str(root), **changes})


def _write(root, **files):
    """Write files named `positive_image1`, `negative_image1` into their studies."""
    for name, content in files.items():
        study, _, image = name.partition("_")
        folder = root / (POSITIVE if study == "positive" else NEGATIVE)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{image}.png").write_bytes(content)


def _png(picture):
    return cv2.imencode(".png", picture)[1].tobytes()


def _noise(seed, shape=(120, 100)):
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (12, 10), dtype=np.uint8)
    return cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _table(root, **changes):
    return index(_dataset(root, **changes)).table.set_index("path")


def test_a_row_has_what_the_path_and_the_file_tell(tmp_path):
    content = _png(_noise(1))
    _write(tmp_path, positive_image1=content)
    found = index(_dataset(tmp_path))
    assert list(found.table.columns) == INDEX
    row = found.table.iloc[0].to_dict()
    assert row["path"] == f"{POSITIVE}/image1.png"
    assert (row["label"], row["patient_id"], row["body_part"]) == (
        "abnormal", "patient00007", "hand")
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert (row["width_px"], row["height_px"], row["bit_depth"]) == (100, 120, 8)
    assert (row["readable"], row["reason"]) == (True, "")
    assert (row["twin_id"], row["group_id"]) == (row["path"], "patient00007")
    assert found.thumbnails.shape == (1, 64, 64)


def test_twins_join_their_patients_and_two_labels_are_doubted(tmp_path):
    _write(tmp_path, positive_image1=_png(_noise(1)), negative_image1=_png(_noise(1)),
           negative_image2=_png(_noise(2)))
    found = index(_dataset(tmp_path))
    table = found.table.set_index("path")
    assert set(table["group_id"]) == {"patient00007"}
    reasons = table["reason"].to_dict()
    assert reasons == {f"{POSITIVE}/image1.png": "contradictory_label",
                       f"{NEGATIVE}/image1.png": "contradictory_label",
                       f"{NEGATIVE}/image2.png": ""}
    assert found.about["duplicates"] == {
        "candidates": 0, "bytes": 1, "pixels": 0, "near": 0, "groups": 1, "chains": 0}
    assert found.pairs["kind"].tolist() == ["bytes"]


@pytest.mark.parametrize("content", [
    pytest.param(b"no picture", id="text named .png"), pytest.param(b"", id="empty"),
    pytest.param(_png(_noise(3))[:50], id="cut short"),
])
def test_an_unreadable_file_keeps_its_row_and_has_no_twins(tmp_path, content):
    _write(tmp_path, positive_image1=content, negative_image1=content,
           negative_image2=_png(_noise(4)))
    table = _table(tmp_path)
    assert table["readable"].to_dict() == {
        f"{NEGATIVE}/image1.png": False, f"{NEGATIVE}/image2.png": True,
        f"{POSITIVE}/image1.png": False}
    row = table.loc[f"{POSITIVE}/image1.png"]
    assert row["reason"] == "unreadable"
    assert row["detail"] != ""
    assert row["twin_id"] == f"{POSITIVE}/image1.png"
    assert row["width_px"] == 0


@pytest.mark.parametrize(("picture", "reason"), [
    pytest.param(np.full((120, 100), 90, np.uint8), "blank", id="blank"),
    pytest.param(_noise(5, (40, 60)), "size", id="small"),
    pytest.param(_noise(5, (100, 900)), "shape", id="a strip"),
])
def test_what_looks_like_no_radiograph_is_named(tmp_path, picture, reason):
    _write(tmp_path, positive_image1=_png(picture))
    assert _table(tmp_path)["reason"].tolist() == [reason]


def test_files_that_have_not_changed_are_not_read_again(tmp_path):
    root, cache = tmp_path / "data", tmp_path / "cache"
    _write(root, positive_image1=_png(_noise(1)), negative_image1=_png(_noise(2)))
    first = index(_dataset(root), cache)
    (root / POSITIVE / "image1.png").chmod(0)  # for the one that may read everything:
    stamp = (root / POSITIVE / "image1.png").stat().st_mtime_ns
    (root / POSITIVE / "image1.png").write_bytes(b"x" * len(_png(_noise(1))))
    os.utime(root / POSITIVE / "image1.png", ns=(stamp, stamp))  # looks the same from outside
    _write(root, negative_image2=_png(_noise(3)))
    second = index(_dataset(root), cache)
    assert second.table["readable"].all()
    kept = second.table[second.table["path"].isin(first.table["path"])]
    assert kept["pixel_hash"].tolist() == first.table["pixel_hash"].tolist()
    assert len(second.table) == 3
    assert index(_dataset(root)).table["readable"].sum() == 2  # without the cache it is seen


def test_a_changed_file_is_read_again(tmp_path):
    root, cache = tmp_path / "data", tmp_path / "cache"
    _write(root, positive_image1=_png(_noise(1)))
    before = index(_dataset(root), cache).table["pixel_hash"][0]
    _write(root, positive_image1=_png(_noise(2)))
    assert index(_dataset(root), cache).table["pixel_hash"][0] != before


def test_rows_read_by_other_code_are_not_believed(tmp_path):
    root, cache = tmp_path / "data", tmp_path / "cache"
    _write(root, positive_image1=_png(_noise(1)))
    index(_dataset(root), cache)
    rows = cache / "rows.csv"
    rows.write_text(rows.read_text().replace(",100,120,", ",555,120,"))
    assert index(_dataset(root), cache).table["width_px"][0] == 555
    (cache / "code.txt").write_text("other")
    assert index(_dataset(root), cache).table["width_px"][0] == 100


@pytest.mark.parametrize(("folder", "words"), [
    pytest.param("nowhere", "is no folder", id="missing"),
    pytest.param(".", "holds no image", id="empty"),
])
def test_a_root_without_images_says_what_the_layout_wants(tmp_path, folder, words):
    with pytest.raises(UserError) as refused:
        index(_dataset(tmp_path / folder))
    message = str(refused.value)
    assert message.startswith(f"dataset.root: {tmp_path / folder} {words}")
    assert "XR_<PART>" in message
    assert "'mura'" in message


def test_images_of_no_patient_are_not_one_group(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.png").write_bytes(_png(_noise(seed)))
    (tmp_path / "labels.csv").write_text(
        "path,label,patient_id\na.png,normal,\nb.png,abnormal,\n")
    table = _table(tmp_path, layout="csv", manifest="labels.csv")
    assert table["group_id"].to_dict() == {"a.png": "a.png", "b.png": "b.png"}
    assert set(table["patient_id"]) == {""}
