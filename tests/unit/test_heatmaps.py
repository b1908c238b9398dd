"""Orange where a map speaks for the class, blue where against, grey where it is silent."""

import cv2
import numpy as np
import pytest

from osteon import heatmaps
from osteon.errors import UserError
from osteon.frames import SIDE_PX, Frame

FRAME = Frame(224, 448)


@pytest.fixture
def values():
    """Left third for the class, right third against it."""
    found = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    found[112:336, :150], found[112:336, 300:] = 0.5, -0.5
    return found


def test_colours_say_for_and_against(values):
    grey = np.full((SIDE_PX, SIDE_PX), 100, np.float32)
    drawn = heatmaps.overlay(grey, values, FRAME)
    assert drawn.shape == (160, 320, 3)
    blue, green, red = drawn[80, 50].astype(int)
    assert (blue, green, red) == (25, 144, 197)  # a quarter of grey, three of orange
    assert drawn[80, 160].tolist() == [100, 100, 100]
    assert drawn[80, 300].tolist() == [199, 160, 89]


def test_a_mask_is_outlined_in_white(values):
    mask = np.zeros((SIDE_PX, SIDE_PX), bool)
    mask[200:240, 200:240] = True
    black = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    without, outlined = (heatmaps.overlay(black, values * 0, FRAME, one) for one in (None, mask))
    assert without.max() == 0
    assert outlined.max() > 150
    assert outlined[(220 - 112) * 5 // 7, 220 * 5 // 7].max() == 0  # its inside is left as it was


@pytest.mark.parametrize(("least", "expected"), [
    (0.4, True), (0.2, False), (-0.1, False)], ids=["flat", "a quiet place", "both signs"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_map_that_points_nowhere_is_flat(least, expected, sign):
    found = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    found[FRAME.window] = sign * np.linspace(least, 1, SIDE_PX)
    assert heatmaps.flat(found, FRAME) is expected  # padding, which is 0, does not count


def test_a_silent_map_leaves_the_picture(values):
    grey = np.full((SIDE_PX, SIDE_PX), 100, np.float32)
    assert np.array_equal(heatmaps.overlay(grey, values * 0, FRAME), heatmaps.plain(grey, FRAME))


def test_a_file_holds_what_was_drawn_or_the_failure_is_said(tmp_path, values):
    drawn = heatmaps.overlay(values * 0 + 9, values, FRAME)
    heatmaps.write(tmp_path / "a.png", drawn)
    assert np.array_equal(cv2.imread(str(tmp_path / "a.png")), drawn)
    with pytest.raises(UserError, match="cannot be written"):
        heatmaps.write(tmp_path / "missing" / "a.png", drawn)
