"""One row per image, whether or not its file can be read."""

import hashlib

import cv2
import numpy as np
import pytest

from osteon.errors import UserError
from osteon.index import index, patients_are
from osteon.params import Dataset
from osteon.records import INDEX, STATISTICS

STUDY = "train/XR_HAND/patient00007/study1_positive"


def _dataset(root, **changes):
    settings = {"layout": "mura", "labels": ["normal", "abnormal"], "body_parts": ["hand"],
                "block": 1, "unreadable": "fail", "root": str(root)}
    return Dataset(**{**settings, **changes})


def _study(root, **files):
    (root / STUDY).mkdir(parents=True)
    for name, content in files.items():
        (root / STUDY / f"{name}.png").write_bytes(content)


def _png(picture):
    return cv2.imencode(".png", picture)[1].tobytes()


def test_a_readable_image_is_hashed_and_measured(tmp_path):
    content = _png(np.full((30, 40), 51, np.uint8))
    _study(tmp_path, image1=content)
    found = index(_dataset(tmp_path))
    assert list(found.columns) == INDEX
    row = found.iloc[0].to_dict()
    assert row["path"] == f"{STUDY}/image1.png"
    assert row["label"] == "abnormal"
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert (row["width_px"], row["height_px"], row["bit_depth"]) == (40, 30, 8)
    assert [row[name] for name in STATISTICS] == [0.2, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0]
    assert (row["readable"], row["reason"]) == (True, "")


def test_depth_is_that_of_the_file(tmp_path):
    _study(tmp_path, image1=_png(np.arange(64, dtype=np.uint16).reshape(8, 8)))
    assert index(_dataset(tmp_path)).loc[0, "bit_depth"] == 16


@pytest.mark.parametrize(("content", "reason"), [
    pytest.param(b"no picture", "not a PNG or JPEG file", id="text named .png"),
    pytest.param(b"", "the file is empty", id="empty"),
    pytest.param(_png(np.zeros((90, 90), np.uint8))[:50],
                 "cannot be decoded: truncated or damaged", id="cut short"),
])
def test_an_unreadable_file_keeps_its_row_and_the_reason(tmp_path, content, reason):
    _study(tmp_path, image1=content, image2=_png(np.zeros((9, 9), np.uint8)))
    found = index(_dataset(tmp_path))
    assert list(found["readable"]) == [False, True]
    assert list(found["reason"]) == [reason, ""]
    assert found.loc[0, "sha256"] == hashlib.sha256(content).hexdigest()
    assert list(found["width_px"]) == [0, 9]


@pytest.mark.parametrize(("folder", "words"), [
    pytest.param("nowhere", "is no folder", id="missing"),
    pytest.param(".", "holds no image", id="empty"),
])
@pytest.mark.parametrize(("layout", "wanted"), [
    pytest.param("mura", "XR_<PART>", id="mura"),
    pytest.param("fracatlas", "IMG<N>.jpg and dataset.csv", id="fracatlas"),
])
def test_a_root_without_images_says_what_the_layout_wants(
        tmp_path, folder, words, layout, wanted):
    (tmp_path / "dataset.csv").write_text(
        "image_id,hand,leg,hip,shoulder,mixed,frontal,lateral,oblique\n")
    with pytest.raises(UserError) as refused:
        index(_dataset(tmp_path / folder, layout=layout))
    message = str(refused.value)
    assert message.startswith(f"dataset.root: {tmp_path / folder} {words}")
    assert wanted in message
    assert f"'{layout}'" in message


def test_reports_can_say_what_a_patient_is():
    assert patients_are(_dataset("x")) == "the patient folders of MURA"
    assert "blocks of 20" in patients_are(_dataset("x", layout="fracatlas", block=20))
