"""From any depth to 8 bits, by literal values."""

import numpy as np
import pytest

from osteon.grey import counted, looked_up, narrowed, stretch


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


def test_what_there_is_none_of_has_no_say_but_is_mapped():
    values = np.array([1000, 10, 20, 30, 40, 0], np.float32)
    assert stretch(values, counts=np.array([0, 1, 7, 1, 1, 0])).ravel().tolist() == [
        255, 0, 85, 170, 255, 0]


@pytest.mark.parametrize("falling", [False, True], ids=["rising", "falling"])
@pytest.mark.parametrize("seed", range(20))
def test_percentiles_of_counts_are_those_of_all_values(seed, falling):
    random = np.random.default_rng(seed)
    picture = random.normal(9_000, 10 ** random.uniform(0, 3), 3_000 + seed).astype(np.int32)
    lowest = int(picture.min())
    levels = np.arange(lowest, picture.max() + 1).astype(np.float32) * (0.3 - falling)
    table = stretch(levels, 0.5, 99.5, counts=counted(picture, lowest, len(levels))).ravel()
    assert np.array_equal(looked_up(picture, lowest, table),
                          stretch(levels[picture - lowest], 0.5, 99.5).ravel())


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
