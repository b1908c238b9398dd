"""The pointing game and shares, on maps of which every number is known."""

import numpy as np
import pytest

from osteon import metrics
from osteon.explanations import localisation
from osteon.frames import SIDE_PX, Frame


def _blank():
    return np.zeros((SIDE_PX, SIDE_PX), np.float32)


@pytest.fixture
def mask():
    found = _blank().astype(bool)
    found[100:120, 200:240] = True
    return found


@pytest.mark.parametrize(("row", "column", "hit"), [
    (110, 220, True), (134, 220, True), (135, 220, False), (110, 254, True), (110, 255, False),
    (129, 249, True), (131, 251, False),
], ids=["inside", "15-below", "16-below", "15-beside", "16-beside", "near-corner", "far-corner"])
def test_the_strongest_point_may_miss_the_mask_by_the_tolerance(row, column, hit, mask):
    values = _blank()
    values[row, column] = 2
    values[400, 400] = 1
    assert localisation.hits(values, localisation.near(mask)) is hit


def test_a_map_that_speaks_against_the_class_has_a_strongest_point_too(mask):
    values = _blank() - 2
    values[110, 220] = -1
    assert localisation.hits(values, localisation.near(mask))


def test_only_positive_attribution_is_shared_out(mask):
    values = _blank()
    values[110, 220], values[300, 300], values[301, 300], values[110, 221] = 1, 2, 1, -5
    assert localisation.share(values, mask) == pytest.approx(0.25)


def test_a_map_with_nothing_positive_has_no_share(mask):
    assert np.isnan(localisation.share(_blank() - 1, mask))


def test_a_single_speck_is_smoothed_away_but_not_of_grad_cam():
    values = _blank()
    values[50, 50] = 5
    values[300:340, 300:340] = 1
    assert np.argmax(localisation.looked_at(values, "grad_cam")) == 50 * SIDE_PX + 50
    row, column = divmod(int(np.argmax(localisation.looked_at(values, "integrated_gradients"))),
                         SIDE_PX)
    assert (row, column) == (pytest.approx(320, abs=2), pytest.approx(320, abs=2))


def test_the_centre_is_the_middle_of_the_picture_and_lies_within_it():
    frame = Frame(224, 448)
    values = localisation.centre(frame)
    assert divmod(int(np.argmax(values)), SIDE_PX) in {(223, 223), (223, 224), (224, 223)}
    assert not values[~frame.inside()].any()
    # A deviation of a quarter: the middle half of each side holds erf(1/sqrt 2) / erf(sqrt 2).
    middle = _blank().astype(bool)
    middle[168:280, 112:336] = True
    assert localisation.share(values, middle) == pytest.approx((0.6827 / 0.9545)**2, abs=0.01)


def test_ratios_are_resampled_together():
    groups = list("aabbccdd")
    share = [0.1, 0.3, 0.2, 0.2, 0.4, 0.0, 0.2, 0.2]
    one, other = (metrics.average({"border": np.array(values)}, groups, resamples=200, seed=1)
                  for values in (share, np.multiply(share, 0.5)))
    found = localisation.ratio(one, other).scores()["border"]
    assert (found.value, found.low, found.high) == (2, 2, 2)
    with pytest.raises(ValueError, match="not paired"):
        localisation.ratio(one, metrics.average({"border": share}, groups, resamples=200, seed=2))


def test_an_average_leaves_out_what_is_not_a_number():
    found = metrics.average({"all": [1.0, 0.0, 0.5, 0.5], "some": [1.0, np.nan, 0.5, np.nan]},
                            list("abcd"), resamples=100, seed=1).scores()
    assert (found["all"].value, found["some"].value) == (0.5, 0.75)
