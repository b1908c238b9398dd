"""From bytes to what a network sees, by literal pictures."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from osteon.imaging import ImageError, PreprocessSpec, decode, network_input, statistics, stretch

GREY = np.random.default_rng(0).integers(0, 256, size=(13, 7), dtype=np.uint8)


def _file(picture, kind="PNG", **more):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **more)
    return stream.getvalue()


def _spec(side, **changes):
    settings = {"contrast": "none", "clahe_clip": 2.0, "clahe_grid": 8, "fit": "squash"}
    return PreprocessSpec(image_size_px=side, **{**settings, **changes})


@pytest.mark.parametrize("content", [
    pytest.param(_file(GREY), id="grey passes unchanged"),
    pytest.param(_file(np.stack([GREY] * 3, axis=2)), id="grey as RGB"),
    pytest.param(_file(np.dstack([GREY] * 3 + [np.zeros_like(GREY)])), id="RGBA, all transparent"),
    pytest.param(_file(np.dstack([GREY, np.full_like(GREY, 9)])), id="grey with transparency"),
])
def test_eight_bits_pass_byte_for_byte(content):
    decoded = decode(content)
    assert np.array_equal(decoded.picture, GREY)
    assert decoded.picture.dtype == np.uint8
    assert decoded.bit_depth == 8


def test_colours_become_grey_by_the_usual_weights():
    # ITU-R BT.601: .299 R + .587 G + .114 B of 255; red and blue in each other's place show.
    colours = np.zeros((1, 3, 3), np.uint8)
    colours[0, [0, 1, 2], [0, 1, 2]] = 255
    assert decode(_file(colours)).picture.tolist() == [[76, 150, 29]]


def test_sixteen_bits_are_mapped_between_their_percentiles():
    # 201 values 0, 100 .. 20000: the .5 percentile is 100, the 99.5 percentile 19900, so
    # 5000 becomes 4900 * 255 / 19800 = 63.1 and 15000 becomes 14900 * 255 / 19800 = 191.9.
    ramp = np.arange(0, 20_001, 100, dtype=np.uint16).reshape(3, 67)
    decoded = decode(cv2.imencode(".png", ramp)[1].tobytes())
    assert decoded.picture.ravel()[[0, 1, 50, 150, 199, 200]].tolist() == [0, 0, 63, 192, 255, 255]
    assert decoded.bit_depth == 16


def test_a_flat_sixteen_bit_picture_is_black_and_no_crash():
    flat = cv2.imencode(".png", np.full((4, 4), 30_000, np.uint16))[1].tobytes()
    assert decode(flat).picture.tolist() == [[0] * 4] * 4


@pytest.mark.parametrize(("orientation", "expected"), [
    pytest.param(1, "left", id="as it is stored"),
    pytest.param(3, "right", id="upside down: black goes right"),
    pytest.param(6, "top", id="a quarter clockwise: black left goes up"),
    pytest.param(8, "bottom", id="a quarter the other way: black goes down"),
])
def test_exif_orientation_is_followed(orientation, expected):
    stored = np.repeat([[0] * 16 + [255] * 16], 16, axis=0).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(_file(stored, "JPEG", quality=95, exif=exif)).picture
    upright = {"left": picture, "right": picture[:, ::-1], "top": picture.T,
               "bottom": picture[::-1].T}[expected]
    assert upright.shape == (16, 32)
    assert np.abs(upright.astype(int) - stored).max() < 20


@pytest.mark.parametrize(("content", "words"), [
    pytest.param(b"", "the file is empty", id="empty"),
    pytest.param(b"Dear radiologist,", "not a PNG or JPEG file", id="text"),
    pytest.param(_file(GREY, "GIF"), "not a PNG or JPEG file", id="a picture of another kind"),
    pytest.param(_file(GREY)[:60], "truncated or damaged", id="half a PNG"),
    pytest.param(_file(GREY)[:8], "truncated or damaged", id="a PNG's first eight bytes"),
    pytest.param(_file(GREY, "JPEG")[:-30], "truncated or damaged", id="a JPEG cut by 30 bytes"),
    pytest.param(_file(GREY, "JPEG")[:4], "truncated or damaged", id="a JPEG's first bytes"),
])
def test_what_is_no_radiograph_is_refused_in_words(content, words):
    with pytest.raises(ImageError, match=words):
        decode(content)


@pytest.mark.parametrize(("grey", "expected"), [
    pytest.param([[10, 20], [30, 40]], [[0, 85], [170, 255]], id="thirds"),
    pytest.param([[0, 255], [51, 204]], [[0, 255], [51, 204]], id="already full"),
    pytest.param([[7, 7], [7, 7]], [[0, 0], [0, 0]], id="flat becomes black"),
])
def test_stretch_by_hand(grey, expected):
    assert stretch(np.array(grey, np.uint8)).tolist() == expected
    assert _spec(2, contrast="stretch").apply(np.array(grey, np.uint8)).tolist() == expected


@pytest.mark.parametrize(("shape", "value", "expected"), [
    pytest.param((8, 8), 51, {"mean": 0.2, "sd": 0, "p05": 0.2, "p25": 0.2, "p50": 0.2,
                              "p75": 0.2, "p95": 0.2, "saturated": 0}, id="a fifth of white"),
    pytest.param((600, 400), 255, {"mean": 1, "sd": 0, "p05": 1, "p25": 1, "p50": 1, "p75": 1,
                                   "p95": 1, "saturated": 1}, id="white, large enough to shrink"),
])
def test_statistics_of_a_constant_picture(shape, value, expected):
    assert statistics(np.full(shape, value, np.uint8)) == pytest.approx(expected)


def test_statistics_of_half_black_half_white():
    halves = np.repeat([[0, 255]], [2, 2], axis=1).repeat(4, axis=0).astype(np.uint8)
    found = statistics(halves)
    assert (found["mean"], found["sd"], found["saturated"]) == (0.5, 0.5, 0.5)
    assert (found["p25"], found["p75"]) == (0, 1)


@pytest.mark.parametrize(("picture", "expected"), [
    pytest.param([[1, 2, 3, 4], [5, 6, 7, 8]],
                 [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8], [0] * 4], id="wide: black above and below"),
    pytest.param([[1], [2], [3], [4]],
                 [[0, 1, 0, 0], [0, 2, 0, 0], [0, 3, 0, 0], [0, 4, 0, 0]],
                 id="tall: the odd column goes right"),
])
def test_padding_keeps_proportions(picture, expected):
    assert _spec(4, fit="pad").apply(np.array(picture, np.uint8)).tolist() == expected


def test_squashing_averages_what_it_shrinks():
    quarters = np.array([[0, 4, 10, 10], [8, 8, 10, 10], [20, 20, 1, 3], [20, 20, 5, 7]], np.uint8)
    assert _spec(2).apply(quarters).tolist() == [[5, 10], [20, 4]]


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("shape", [
    pytest.param((40, 90), id="wide"), pytest.param((90, 40), id="tall"),
    pytest.param((9, 5), id="smaller than the network's input"),
])
def test_every_picture_becomes_the_same_square(shape, fit):
    found = _spec(32, fit=fit).apply(np.full(shape, 77, np.uint8))
    assert found.shape == (32, 32)
    assert found.dtype == np.uint8
    assert found[16, 16] == 77
    assert (found[0, 0] == 77) == (fit == "squash")


def test_clahe_repeats_itself_and_spreads_a_dull_picture():
    dull = np.random.default_rng(1).integers(100, 120, size=(128, 128), dtype=np.uint8)
    strong, weak = (_spec(128, contrast="clahe", clahe_clip=clip) for clip in (8.0, 1.0))
    assert np.array_equal(strong.apply(dull), strong.apply(dull.copy()))
    assert strong.apply(dull).std() > 1.5 * dull.std()
    assert strong.apply(dull).std() > 1.5 * weak.apply(dull).std()


def test_a_network_takes_floats_from_zero_to_one_in_one_channel():
    found = network_input(np.array([[[0, 51]], [[204, 255]]], np.uint8))
    assert found.shape == (2, 1, 1, 2)
    assert found.dtype == np.float32
    assert found.ravel().tolist() == pytest.approx([0, 0.2, 0.8, 1])


def test_the_specification_travels_as_json_text():
    spec = _spec(96, contrast="clahe", fit="pad")
    assert PreprocessSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
