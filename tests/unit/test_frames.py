"""A finding lies at the same place in the frame, whatever way its picture came there."""

import numpy as np
import pytest

from osteon.frames import SIDE_PX, Frame
from osteon.imaging import PreprocessSpec

SHAPES = [(200, 400), (400, 200), (301, 301), (90, 447), (1200, 900)]


def _spec(side, fit):
    return PreprocessSpec(image_size_px=side, contrast="none", clahe_clip=2.0, clahe_grid=8,
                          fit=fit)


def _marked(shape):
    """Give a black picture with a white oblong off its middle, and the oblong's corners."""
    height, width = shape
    top, bottom, left, right = height // 5, height // 2, width // 2, width * 9 // 10
    picture = np.zeros(shape, np.uint8)
    picture[top:bottom, left:right] = 255
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return picture, np.array(corners, np.float64)


def _overlap(one, other):
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("side", [96, 224, 512])
@pytest.mark.parametrize("fit", ["squash", "pad"])
def test_a_mask_lies_where_the_picture_shows_the_finding(shape, side, fit):
    picture, corners = _marked(shape)
    frame = Frame(*shape)
    seen = frame.place(_spec(side, fit).apply(picture), fit) > 127
    assert _overlap(seen, frame.draw([corners])) > 0.9


def test_the_wrong_fit_would_be_noticed():
    picture, corners = _marked((200, 400))
    seen = Frame(200, 400).place(_spec(224, "pad").apply(picture), "squash") > 127
    assert _overlap(seen, Frame(200, 400).draw([corners])) < 0.6


@pytest.mark.parametrize(("shape", "size", "rows", "columns"), [
    ((200, 400), (224, 448), (112, 336), (0, 448)),
    ((400, 200), (448, 224), (0, 448), (112, 336)),
    ((50, 50), (448, 448), (0, 448), (0, 448)),
    ((1, 4000), (1, 448), (223, 224), (0, 448)),
], ids=["wide", "high", "square", "thread"])
def test_the_picture_fills_the_frame_in_its_own_proportions(shape, size, rows, columns):
    frame = Frame(*shape)
    assert frame.size == size
    assert frame.window == (slice(*rows), slice(*columns))
    assert frame.inside().sum() == size[0] * size[1]


@pytest.mark.parametrize("side", [3, 7, 96, 224, 512])
@pytest.mark.parametrize("fit", ["squash", "pad"])
def test_an_attribution_keeps_its_sum(side, fit):
    values = np.random.default_rng(0).normal(1, 1, (side, side)).astype(np.float32)
    spread = Frame(300, 400).spread(values, fit)
    assert spread.shape == (SIDE_PX, SIDE_PX)
    assert spread.sum() == pytest.approx(values.sum(), rel=0.03)
