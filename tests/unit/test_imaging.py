"""From bytes to what a network sees, by literal pictures."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from osteon.imaging import (
    ImageError,
    PreprocessSpec,
    decode,
    network_input,
    small_copy,
    statistics,
)

GREY = np.random.default_rng(0).integers(0, 256, size=(13, 7), dtype=np.uint8)


def _file(picture, kind="PNG", **more):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **more)
    return stream.getvalue()


def _spec(side, **changes):
    settings = {"contrast": "none", "clahe_clip": 2.0, "clahe_grid": 8, "fit": "squash"}
    return PreprocessSpec(image_size_px=side, **{**settings, **changes})


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


def test_a_tiff_of_fractions_is_mapped_too():
    ramp = np.linspace(-1, 1, 201, dtype=np.float32).reshape(3, 67)
    decoded = decode(cv2.imencode(".tiff", ramp)[1].tobytes())
    assert decoded.picture.ravel()[[0, 1, 50, 150, 199, 200]].tolist() == [0, 0, 63, 192, 255, 255]
    assert decoded.bit_depth == 32


def test_what_is_no_number_is_refused():
    ramp = np.array([[0.5, np.nan, 3]], np.float32)
    with pytest.raises(ImageError, match="no numbers"):
        decode(cv2.imencode(".tiff", ramp)[1].tobytes())


def test_a_type_that_cannot_be_mapped_is_named():
    colours = np.linspace(0, 1, 12).reshape(2, 2, 3)
    with pytest.raises(ImageError, match="values of the type float64, which is not read"):
        decode(cv2.imencode(".tiff", colours)[1].tobytes())


@pytest.mark.parametrize(("content", "bit_depth"), [
    pytest.param(_file(GREY), 8, id="8 bits"),
    pytest.param(_file(GREY > 127), 8, id="1 bit counts as 8"),
    pytest.param(_file(GREY.astype(np.uint16)), 16, id="8 bits in 16"),
    pytest.param(_file(GREY, "JPEG"), 8, id="JPEG"),
])
def test_the_depth_is_that_of_the_file(content, bit_depth):
    assert decode(content).bit_depth == bit_depth


@pytest.mark.parametrize(("shape", "expected"), [
    pytest.param((256, 100), (256, 100), id="small already"),
    pytest.param((512, 200), (256, 100), id="half"),
    pytest.param((300, 3000), (26, 256), id="wide"),
    pytest.param((1, 4000), (1, 256), id="a line keeps its pixel"),
])
def test_the_small_copy_keeps_proportions(shape, expected):
    found = small_copy(np.full(shape, 77, np.uint8))
    assert found.shape == expected
    assert (found == 77).all()


@pytest.mark.parametrize("shape", [(8, 8), (600, 400), (1, 1), (1, 900)])
def test_statistics_of_a_constant_picture(shape):
    assert statistics(np.full(shape, 51, np.uint8)) == {
        "mean": 0.2, "sd": 0, "p05": 0.2, "p25": 0.2, "p50": 0.2, "p75": 0.2, "p95": 0.2,
        "entropy": 0, "sharpness": 0, "saturated": 0}


def test_statistics_by_hand():
    # 20 pixels: 0 once, 51 four times, 102 ten times, 204 four times, 255 once. The share reaches
    # .05 at 0, .25 at 51, .50 and .75 at 102, .95 at 204. Entropy in bits: of 1/20, 1/5, 1/2, 1/5
    # and 1/20 it is .432 + .929 + .5 = 1.861, of 8. The variance is 1.27 / 20.
    picture = np.repeat([0, 51, 102, 204, 255], [1, 4, 10, 4, 1]).astype(np.uint8).reshape(4, 5)
    found = statistics(picture)
    del found["sharpness"]
    assert found == {
        "mean": 0.45, "sd": 0.251992, "p05": 0, "p25": 0.2, "p50": 0.4, "p75": 0.4, "p95": 0.8,
        "entropy": 0.232621, "saturated": 0.05}


def test_every_grey_value_alike_has_the_whole_entropy():
    found = statistics(np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert found["entropy"] == 1
    assert (found["p05"], found["p95"]) == pytest.approx((12 / 255, 243 / 255), abs=1e-6)


def test_sharpness_is_the_spread_of_the_laplacian():
    # In columns of 10, 10, 20, 20 the Laplacian is 0, 10, -10, 0: its spread is 50 ** .5.
    steps = np.repeat([[10, 10, 20, 20]], 4, axis=0).astype(np.uint8)
    assert statistics(steps)["sharpness"] == pytest.approx(50 ** 0.5 / 255, abs=1e-6)


@pytest.mark.parametrize(("picture", "expected"), [
    pytest.param([[1, 2, 3, 4], [5, 6, 7, 8]],
                 [[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8], [0] * 4], id="wide: black above and below"),
    pytest.param([[1], [2], [3], [4]],
                 [[0, 1, 0, 0], [0, 2, 0, 0], [0, 3, 0, 0], [0, 4, 0, 0]],
                 id="tall: the odd column goes right"),
])
def test_padding_keeps_proportions(picture, expected):
    assert _spec(4, fit="pad").apply(np.array(picture, np.uint8)).tolist() == expected


def test_contrast_can_be_stretched():
    dull = np.array([[10, 20], [30, 40]], np.uint8)
    assert _spec(2, contrast="stretch").apply(dull).tolist() == [[0, 85], [170, 255]]


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


@pytest.mark.parametrize(("contrast", "expected"), [
    # Of 4 pixels a half, three quarters and all are up to 10, 20 and 30: 127.5, 191.25 and 255.
    pytest.param("clahe", [[128, 128], [191, 255]], id="grey"),
    # 128 of 255 of lightness is L* 50.2, a luminance of .1858, in sRGB .4683 of 255: 119. 191 of
    # 255 is L* 74.9, .4812, .7228: 184.
    pytest.param("clahe_lab", [[119, 119], [184, 255]], id="lightness"),
])
def test_clahe_by_hand(contrast, expected):
    dull = np.array([[10, 10], [20, 30]], np.uint8)
    spec = _spec(2, contrast=contrast, clahe_grid=1, clahe_clip=256)
    assert spec.apply(dull).tolist() == expected


def _clahe_through_lab(picture):
    """What the published system does to a picture of three equal channels, written out."""
    lab = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize(("contrast", "chain"), [
    pytest.param("none", lambda picture: picture, id="none"),
    pytest.param("stretch", lambda picture: cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX),
                 id="stretch"),
    pytest.param("clahe", cv2.createCLAHE(2.0, (8, 8)).apply, id="clahe"),
    pytest.param("clahe_lab", _clahe_through_lab, id="clahe_lab"),
])
@pytest.mark.parametrize("side", [64, 97, 320])
def test_contrast_is_what_opencv_makes_of_it(contrast, chain, side):
    random = np.random.default_rng(side)
    dull = np.clip(random.normal(90, 25, (side, side)), 20, 230).astype(np.uint8)
    assert np.array_equal(_spec(side, contrast=contrast).apply(dull), chain(dull))


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
