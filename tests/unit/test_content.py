"""All that one file tells, by literal values."""

import hashlib
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from dicoms import dicom_file, drawn
from osteon.content import content, perceptual_hash, pixel_hash
from osteon.records import CONTENT

NUMBERS = [name for name in CONTENT if name not in {
    "sha256", "pixel_hash", "perceptual_hash", "readable", "reason", "detail"}]


def _saved(folder, picture, name="a.png"):
    file = folder / name
    cv2.imwrite(str(file), picture)
    return file


def _smooth(height=440, width=320):
    """Draw a picture in which every low frequency is strong."""
    cells = np.random.default_rng(1).integers(0, 256, (11, 8), np.uint8)
    return cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)


def _signs(hashed):
    """Give a hash's bits as the signs of its 8 x 8 frequencies, the mean left out as 0."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(hashed), np.uint8)).reshape(8, 8)
    signs = bits.astype(int) * 2 - 1
    assert bits[0, 0] == 0
    signs[0, 0] = 0
    return signs


def test_a_row_has_every_column_and_the_whole_story(tmp_path):
    # Black, but for a white square in the middle: 1600 of 10,000 pixels. The frame of 5 pixels
    # is black.
    picture = np.zeros((100, 100), np.uint8)
    picture[30:70, 30:70] = 255
    file = _saved(tmp_path, picture)
    found = content(file)
    assert list(found.row) == CONTENT
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert {name: found.row[name] for name in (
        "sha256", "width_px", "height_px", "bit_depth", "mean", "sd", "p50", "p95", "saturated",
        "border_mean", "border_sd", "border_black", "readable", "reason", "detail")} == {
        "sha256": sha256, "width_px": 100, "height_px": 100, "bit_depth": 8, "mean": 0.16,
        "sd": 0.366606, "p50": 0, "p95": 1, "saturated": 0.16, "border_mean": 0, "border_sd": 0,
        "border_black": 1, "readable": True, "reason": "", "detail": ""}
    assert found.thumbnail.shape == (64, 64)
    assert found.thumbnail.dtype == np.uint8
    assert (found.thumbnail[0, 0], found.thumbnail[32, 32]) == (0, 255)


@pytest.mark.parametrize(("shape", "thickness"), [
    pytest.param((100, 60), (5, 3), id="a twentieth of each side"),
    pytest.param((10, 8), (1, 1), id="one pixel at least"),
])
def test_the_border_is_the_outer_frame(tmp_path, shape, thickness):
    # Left and right 204, above and below 4, in the middle 255, which does not count.
    picture = np.full(shape, 255, np.uint8)
    rows, columns = thickness
    picture[:, :columns] = picture[:, -columns:] = 204
    picture[:rows] = picture[-rows:] = 4
    row = content(_saved(tmp_path, picture)).row
    dark, bright = 2 * rows * shape[1], 2 * columns * (shape[0] - 2 * rows)
    share = dark / (dark + bright)
    assert row["border_black"] == pytest.approx(share, abs=1e-6)
    assert row["border_mean"] == pytest.approx((4 * share + 204 * (1 - share)) / 255, abs=1e-6)
    assert row["border_sd"] == pytest.approx(200 / 255 * (share * (1 - share)) ** 0.5, abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 2), (2, 2000)])
def test_a_picture_that_is_all_border_has_numbers(tmp_path, shape):
    row = content(_saved(tmp_path, np.full(shape, 51, np.uint8))).row
    assert (row["border_mean"], row["border_sd"], row["border_black"]) == (0.2, 0, 0)
    assert (row["height_px"], row["width_px"]) == shape


def test_the_pixel_hash_knows_a_picture_in_any_container(tmp_path):
    picture = drawn()
    files = [_saved(tmp_path, picture, name) for name in ("a.png", "a.bmp", "a.tiff")]
    (tmp_path / "a.dcm").write_bytes(dicom_file(255 - picture, colour="MONOCHROME1"))
    rows = [content(file).row for file in [*files, tmp_path / "a.dcm"]]
    assert {row["pixel_hash"] for row in rows} == {pixel_hash(picture)}
    assert len({row["sha256"] for row in rows}) == 4
    assert len({row["perceptual_hash"] for row in rows}) == 1


def test_the_pixel_hash_tells_pixels_and_shapes_apart():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    other = picture.copy()
    other[2, 3] += 1
    hashes = {pixel_hash(array) for array in (picture, other, picture.reshape(4, 3))}
    assert len(hashes) == 3
    assert {len(hashed) for hashed in hashes} == {32}
    assert pixel_hash(picture.T.copy().T) == pixel_hash(picture)


def test_the_perceptual_hash_by_hand():
    # Bright on the left and above: of the first row's frequencies, those of a falling ramp are
    # above zero where odd; so are those of the first column. All others are zero.
    ramp = np.linspace(200, 50, 64)
    across = np.rint(np.tile(ramp, (64, 1))).astype(np.uint8)
    first = _signs(perceptual_hash(across))[0]
    assert first[[1, 3, 5]].tolist() == [1, 1, 1]
    assert _signs(perceptual_hash(across.T.copy()))[[1, 3, 5], 0].tolist() == [1, 1, 1]
    assert _signs(perceptual_hash(255 - across))[0, [1, 3, 5]].tolist() == [-1, -1, -1]


ODD = (-1) ** np.arange(8)
SIDEWAYS, UPRIGHT = np.ones((8, 1), int) * ODD, (np.ones((8, 1), int) * ODD).T


@pytest.mark.parametrize(("turn", "expected"), [
    pytest.param(lambda picture: picture[:, ::-1], lambda signs: signs * SIDEWAYS, id="mirrored"),
    pytest.param(lambda picture: picture[::-1], lambda signs: signs * UPRIGHT, id="upside down"),
    pytest.param(lambda picture: picture.T, lambda signs: signs.T, id="axes exchanged"),
    pytest.param(np.rot90, lambda signs: (signs * SIDEWAYS).T, id="turned by 90 degrees"),
    pytest.param(lambda picture: np.rot90(picture, 2), lambda signs: signs * SIDEWAYS * UPRIGHT,
                 id="by 180"),
    pytest.param(lambda picture: np.rot90(picture, 3), lambda signs: (signs * UPRIGHT).T,
                 id="by 270"),
])
def test_hashes_of_turned_pictures_follow_from_one(tmp_path, turn, expected):
    picture = _smooth()
    one, other = (content(_saved(tmp_path, np.ascontiguousarray(shown))).row["perceptual_hash"]
                  for shown in (picture, turn(picture)))
    assert np.array_equal(_signs(other), expected(_signs(one)))
    assert other != one


def test_the_perceptual_hash_bears_compression_and_size(tmp_path):
    picture = _smooth()
    smaller = cv2.resize(picture, (200, 275), interpolation=cv2.INTER_AREA)
    hashes = {content(file).row["perceptual_hash"] for file in (
        _saved(tmp_path, picture), _saved(tmp_path, picture, "a.jpg"),
        _saved(tmp_path, smaller, "small.png"))}
    assert len(hashes) == 1


def test_a_jpeg_without_its_end_is_read_and_marked(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(drawn(300, 200)).save(stream, "JPEG")
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    whole.write_bytes(stream.getvalue())
    cut.write_bytes(stream.getvalue()[:-9])
    row = content(cut).row
    assert (row["readable"], row["reason"]) == (True, "truncated")
    assert row["detail"] == "lacks its end; read as far as it goes"
    assert row["mean"] == pytest.approx(content(whole).row["mean"], abs=0.01)
    assert row["pixel_hash"] != content(whole).row["pixel_hash"]


@pytest.mark.parametrize(("spoil", "detail"), [
    pytest.param(lambda file: file.write_bytes(b""), "the file is empty", id="empty"),
    pytest.param(lambda file: file.write_bytes(b"GIF89a"),
                 "not a PNG, JPEG, TIFF, BMP or DICOM file", id="another format"),
    pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-30]),
                 "cut short: the PNG file lacks its end; what is left of it cannot be shown",
                 id="cut short"),
    pytest.param(lambda file: file.unlink(), "cannot be opened: No such file or directory",
                 id="vanished"),
    pytest.param(lambda file: (file.unlink(), file.mkdir()), "cannot be opened: Is a directory",
                 id="a folder"),
])
def test_what_cannot_be_read_keeps_a_row_that_says_why(tmp_path, spoil, detail):
    file = _saved(tmp_path, drawn())
    spoil(file)
    found = content(file)
    assert list(found.row) == CONTENT
    assert {found.row[name] for name in NUMBERS} == {0}
    assert found.row["pixel_hash"] == found.row["perceptual_hash"] == ""
    assert (found.row["readable"], found.row["reason"]) == (False, "unreadable")
    assert found.row["detail"] == detail
    assert found.row["sha256"] == (
        hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "")
    assert found.thumbnail.shape == (64, 64)
    assert not found.thumbnail.any()
