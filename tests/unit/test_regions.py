"""Where no anatomy is: drawn pictures of which every region is known."""

import numpy as np
import pytest

from osteon.explanations import regions
from osteon.frames import SIDE_PX, Frame

SQUARE, WIDE = Frame(448, 448), Frame(224, 448)


def _grey(level=120.0):
    return np.full((SIDE_PX, SIDE_PX), level, np.float32)


@pytest.mark.parametrize(("frame", "share"), [(SQUARE, 1 - 0.9018**2), (WIDE, 1 - 0.902**2)],
                         ids=["square", "wide"])
def test_the_border_is_the_outer_twentieth_of_the_picture(frame, share):
    border = regions.border(frame)
    assert border.sum() / frame.inside().sum() == pytest.approx(share, abs=0.01)
    assert not (border & ~frame.inside()).any()


def test_darkness_that_reaches_the_edge_is_outside_the_field():
    picture = _grey()
    picture[:, :100] = 3  # collimated away
    picture[200:260, 200:260] = 3  # a lesion, however black, is inside
    found = regions.outside_field(picture, SQUARE)
    assert found[:, :100].all()
    assert not found[:, 100:].any()


def test_dark_film_around_a_bright_limb_is_outside_the_field():
    picture = _grey(35)
    picture[:, 180:260] = 230
    found = regions.outside_field(picture, SQUARE)
    assert found.mean() == pytest.approx(1 - 80 / 448)


def test_padding_is_outside_the_field():
    picture = np.where(WIDE.inside(), _grey(), 0).astype(np.float32)
    assert np.array_equal(regions.outside_field(picture, WIDE), ~WIDE.inside())


def _with_square(side, top, left, beside=60.0):
    picture = _grey(beside)
    picture[top:top + side, left:left + side] = 250
    return picture


@pytest.mark.parametrize(("picture", "pixels"), [
    (_with_square(20, 30, 30), 400),
    (_with_square(20, 210, 210), 0),
    (_with_square(80, 10, 10), 0),
    (_with_square(3, 30, 30), 0),
    (_with_square(20, 0, 30), 0),
    (_with_square(20, 30, 30, beside=200.0), 0),
], ids=["letter-in-a-corner", "in-the-middle", "large", "speck", "touches-the-edge", "on-bone"])
def test_a_marker_is_a_small_white_island_near_the_edge(picture, pixels):
    picture[440:, 440:] = 255  # something else is as white
    assert regions.markers(picture, SQUARE).sum() == pixels
