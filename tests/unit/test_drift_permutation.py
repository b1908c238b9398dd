"""Differences are what the literature says they are, and their thresholds hold what they say."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from osteon.drift import permutation

UNITS = np.repeat(np.arange(20), 2)  # twenty patients of two images, the first twelve here
REAL = np.arange(40) < 24


@pytest.fixture(scope="module")
def sides():
    return permutation.cuts(UNITS, 24, seed=0)


def test_the_real_cut_comes_first_and_patients_stay_whole(sides):
    assert sides.shape == (1000, 40)
    assert np.array_equal(sides[0], REAL)
    assert (sides[:, 0::2] == sides[:, 1::2]).all()
    assert set(sides.sum(axis=1)) == {24}
    assert len({side.tobytes() for side in sides}) > 990


def test_sides_keep_their_size_where_patients_differ_in_theirs():
    units = np.repeat(np.arange(9), [1, 1, 1, 1, 1, 1, 8, 8, 8])
    sizes = permutation.cuts(units, 15, seed=0).sum(axis=1)
    assert 10 <= sizes.min() < sizes.max() <= 20


def test_a_move_is_the_wasserstein_distance(sides):
    columns = np.random.default_rng(1).normal(size=(40, 3))
    found = permutation.moves(columns, sides)
    for cut in (0, 7, 999):
        for number, column in enumerate(columns.T):
            expected = wasserstein_distance(column[sides[cut]], column[~sides[cut]])
            assert found[cut, number] == pytest.approx(expected)


def test_a_discrepancy_is_the_mmd_of_images(sides):
    rows = np.random.default_rng(2).normal(size=(40, 2))
    squares = ((rows[:, np.newaxis] - rows) ** 2).sum(axis=2)
    kernel = np.exp(-squares / np.median(squares))
    found = permutation.discrepancies(rows, UNITS, sides)
    for cut in (0, 5):
        one, other = sides[cut], ~sides[cut]
        expected = (kernel[one][:, one].mean() + kernel[other][:, other].mean()
                    - 2 * kernel[one][:, other].mean())
        assert found[cut] == pytest.approx(expected)


def test_shares_differ_by_the_chi_square_distance():
    verdicts = np.array([0] * 6 + [1] * 2 + [0] * 1 + [1] * 1)
    real = np.arange(10) < 8  # shares of .75 and .25 beside .5 and .5; pooled .7 and .3
    found = permutation.share_differences(verdicts, 3, real[np.newaxis])
    assert found.tolist() == pytest.approx([0.0625 / 0.7 + 0.0625 / 0.3])


def test_thresholds_leave_the_asked_share_of_false_alarms():
    # Of a hundred cuts, two tests; one that ranks the cuts upwards, one downwards.
    ranks = np.arange(100.0)
    found = permutation.tested(np.column_stack([ranks, ranks[::-1]]), 0.04)
    # Each end holds two of the four cuts allowed; the real cut is none to compare it with.
    assert found.thresholds.tolist() == [98, 97]
    assert found.values.tolist() == [0, 99]
    assert found.differs.tolist() == [False, True]
    assert found.chances.tolist() == [1.0, 0.01]


def test_where_cuts_are_all_alike_nothing_can_be_told():
    found = permutation.tested(np.ones((100, 2)), 0.05)
    assert np.isinf(found.thresholds).all()
    assert not found.differs.any()
