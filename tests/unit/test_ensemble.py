"""The choice among combinations is made on rows that no combination was fitted to."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from osteon.ensemble import _simplex, choose, fit
from osteon.params import Ensemble

SETTINGS = Ensemble(metric="auroc", folds=4, threshold_rule="youden")


def _images(target, **members):
    """One image a study and a patient."""
    names = [f"g{number:03d}" for number in range(len(target))]
    return pd.DataFrame({
        "target": target, "group_id": names, "study_id": names, "body_part": "hand",
        **{f"probability_{name}": values for name, values in members.items()}})


def _noise(seed, rows):
    return np.random.default_rng(seed).random(rows)


TARGET = np.tile([0, 1], 30)
RIGHT = 0.05 + 0.9 * TARGET


@pytest.mark.parametrize(("members", "weights"), [
    pytest.param({"a": RIGHT, "b": _noise(1, 60), "c": _noise(2, 60)}, (1, 0, 0), id="the first"),
    pytest.param({"a": _noise(1, 60), "b": RIGHT, "c": _noise(2, 60)}, (0, 1, 0), id="the second"),
    pytest.param({"a": _noise(1, 60), "b": _noise(2, 60), "c": RIGHT}, (0, 0, 1), id="the last"),
])
def test_weights_find_the_planted_member(members, weights):
    found = fit("weighted", _images(TARGET, **members), ("a", "b", "c"), SETTINGS)
    assert found.weights == weights
    assert found.thresholds == pytest.approx({"image": 0.5, "study": 0.5})


def test_a_planted_member_among_noise_makes_the_weighted_mean_win():
    images = _images(TARGET, a=_noise(1, 60), b=RIGHT, c=_noise(2, 60))
    verdict = choose(images, ("a", "b", "c"), SETTINGS, resamples=100, seed=0)
    assert verdict.winner.method == "weighted"
    assert verdict.candidates["weighted"].value == 1
    assert verdict.candidates["mean"].value < 1
    assert "weighted has the best auroc" in verdict.why()


def test_a_tie_goes_to_the_mean():
    images = _images(TARGET, a=RIGHT, b=RIGHT)
    verdict = choose(images, ("a", "b"), SETTINGS, resamples=100, seed=0)
    assert {name: found.value for name, found in verdict.candidates.items()} == {
        "mean": 1, "majority": 1, "weighted": 1}
    assert verdict.winner.method == "mean"
    assert verdict.winner.weights == (0.5, 0.5)


def test_one_member_is_its_own_mean():
    verdict = choose(_images(TARGET, a=RIGHT), ("a",), SETTINGS, resamples=100, seed=0)
    assert list(verdict.candidates) == ["mean"]
    assert (verdict.winner.method, verdict.winner.weights) == ("mean", (1.0,))
    assert verdict.why() == "there is one member"


@pytest.mark.parametrize("seed", [2, 9])
def test_weights_that_flatter_their_own_rows_do_not_win(seed):
    """Two members of equal worth: the mean is right, yet fitted weights look better in sample."""
    random = np.random.default_rng(seed)
    columns = {name: 0.3 * TARGET + 0.7 * random.random(60) for name in "ab"}
    images = _images(TARGET, **columns)
    of_members = np.column_stack(list(columns.values()))
    fitted = fit("weighted", images, ("a", "b"), SETTINGS).probabilities(of_members)
    assert roc_auc_score(TARGET, fitted) > roc_auc_score(TARGET, of_members.mean(axis=1))
    verdict = choose(images, ("a", "b"), SETTINGS, resamples=100, seed=0)
    assert verdict.winner.method == "mean"
    assert verdict.candidates["weighted"].value < roc_auc_score(TARGET, fitted)


def test_majority_is_half_of_the_votes_whatever_the_rows():
    found = fit("majority", _images(TARGET, a=RIGHT, b=_noise(1, 60)), ("a", "b"), SETTINGS)
    assert found.thresholds == {"image": 0.5, "study": 0.5}
    assert found.member_thresholds["image"][0] == pytest.approx(0.5)


def test_thresholds_of_studies_are_fitted_to_their_means():
    # Images of a study: .2 and .6 (negative), .4 and .9 (positive), so means of .4 and .65.
    images = _images(np.tile([0, 0, 1, 1], 5), a=np.tile([0.2, 0.6, 0.4, 0.9], 5))
    images["study_id"] = [f"s{row // 2}" for row in range(20)]
    found = fit("mean", images, ("a",), SETTINGS)
    assert found.thresholds["study"] == pytest.approx((0.4 + 0.65) / 2)
    assert found.member_thresholds["study"] == pytest.approx(((0.4 + 0.65) / 2,))
    assert found.thresholds["image"] == pytest.approx((0.9 + 0.6) / 2)


@pytest.mark.parametrize("members", [1, 2, 3, 4])
def test_weights_are_all_ways_to_share_ten_tenths(members):
    found = _simplex(members)
    assert len(found) == len(set(found)) == comb(members + 9, members - 1)
    for weights in found:
        assert len(weights) == members
        assert sum(weights) == pytest.approx(1)
        assert min(weights) >= 0


def test_three_members_have_sixty_six_ways():
    assert len(_simplex(3)) == 66


def test_members_that_are_exactly_certain_can_be_weighed():
    # Some tenths of five ones add up to a little more than 1 in binary.
    members = tuple("abcde")
    columns = dict.fromkeys(members, TARGET.astype(float))
    found = fit("weighted", _images(TARGET, **columns), members, SETTINGS)
    assert sum(found.weights) == pytest.approx(1)
