"""From any depth to 8 bits, by literal values."""

import numpy as np
import pytest

from osteon.grey import narrowed, stretch


@pytest.mark.parametrize(("values", "expected"), [
    pytest.param([[10, 20], [30, 40]], [[0, 85], [170, 255]], id="thirds"),
    pytest.param([[0, 255], [51, 204]], [[0, 255], [51, 204]], id="already full"),
    pytest.param([[7, 7], [7, 7]], [[0, 0], [0, 0]], id="flat becomes black"),
])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32])
def test_stretch_by_hand(values, expected, kind):
    found = stretch(np.array(values, kind))
    assert found.tolist() == expected
    assert found.dtype == np.uint8


def test_stretch_clips_what_lies_beyond_the_percentiles():
    # Of 0, 100 .. 20000 the .5 percentile is 100 and the 99.5 percentile 19900.
    ramp = np.arange(0, 20_001, 100, dtype=np.uint16).reshape(3, 67)
    found = stretch(ramp, 0.5, 99.5).ravel()
    assert found[[0, 1, 50, 150, 199, 200]].tolist() == [0, 0, 63, 192, 255, 255]


def test_values_left_out_have_no_say_but_are_mapped():
    values = np.array([[10, 20], [30, 40], [1000, 0]])
    left_out = np.array([[False, False], [False, False], [True, True]])
    assert stretch(values.astype(np.uint16), left_out=left_out).tolist() == [
        [0, 85], [170, 255], [255, 0]]


def test_where_all_is_left_out_all_counts():
    assert stretch(np.array([[1, 2]], np.uint16), left_out=np.ones((1, 2), bool)).tolist() == [
        [0, 255]]


@pytest.mark.parametrize(("values", "expected"), [
    pytest.param(np.array([[0, 7], [255, 128]], np.uint16), [[0, 7], [255, 128]], id="small"),
    pytest.param(np.array([[0, 7], [255, 128]], np.int16), [[0, 7], [255, 128]], id="signed"),
    pytest.param(np.array([[0, 1799], [65535, 32896]], np.uint16), [[0, 7], [255, 128]],
                 id="times 257"),
    pytest.param(np.array([[0, 7], [256, 128]], np.uint16), None, id="one too large"),
    pytest.param(np.array([[0, 1799], [65535, 32897]], np.uint16), None, id="one not times 257"),
    pytest.param(np.array([[0, -1]], np.int16), None, id="negative"),
    pytest.param(np.array([[0, 1]], np.float32), None, id="fractions"),
])
def test_eight_bits_in_a_deeper_container_are_known(values, expected):
    found = narrowed(values)
    assert (found if found is None else found.tolist()) == expected


def test_small_values_are_dark_where_they_mean_something():
    small = np.array([[0, 7], [255, 128]], np.uint16)
    assert narrowed(small, small_means_8_bits=False) is None
    assert narrowed(small * 257, small_means_8_bits=False).tolist() == small.tolist()
