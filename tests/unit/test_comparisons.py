"""Two readers of the same images: exact odds, differences resampled together, and the words."""

import numpy as np
import pytest

from osteon.comparisons import OfShortcut, mcnemar, of_member, of_parts, of_shortcut
from osteon.metrics import measure

Y = np.tile([0, 1], 60)
GROUPS = np.repeat(np.arange(40), 3)


def _read(strength, groups=GROUPS, y=Y, *, seed=0):
    """Give a reader who sees so much of the label: its figures, and where it is right."""
    p = strength * y + (1 - strength) * np.random.default_rng(seed).random(len(y))
    found = measure(y, np.stack([1 - p, p], axis=1), p > 0.5, groups, resamples=300, seed=1)
    return found, (p > 0.5) == y


@pytest.mark.parametrize(("one", "other", "p"), [
    # The second example of Wikipedia's article on McNemar's test: 59, 6, 16, 80; exact p .053.
    pytest.param(6, 16, 0.053, id="Wikipedia's 22 of 161"),
    # Agresti, Categorical data analysis, approval of a prime minister: 150 and 86 change.
    pytest.param(150, 86, 3.7e-5, id="Agresti's 236 of 1600"),
    pytest.param(0, 0, 1, id="always right together"),
    pytest.param(1, 0, 1, id="one image apart"),
    pytest.param(0, 6, 0.03125, id="six to none: twice 1/64"),
])
def test_mcnemar_is_exact(one, other, p):
    ensemble = np.array([True] * one + [False] * other + [True, False])
    member = np.array([False] * one + [True] * other + [True, False])
    found = mcnemar(ensemble, member)
    assert (found.only_ensemble_right, found.only_member_right) == (one, other)
    assert found.p == pytest.approx(p, rel=0.02)


@pytest.mark.parametrize(("ensemble", "member", "words"), [
    pytest.param(0.45, 0.1, "the AUROC of the ensemble is above that of dla (+", id="better"),
    pytest.param(0.1, 0.45, "the AUROC of the ensemble is below that of dla (-", id="worse"),
    pytest.param(0.45, 0.45, "the AUROC of the ensemble is not told apart from that of dla (+0.000 "
                 "[+0.000, +0.000], resampled together); its accuracy is not told apart (+0.000 "
                 "[+0.000, +0.000]). Only the ensemble is right about 0 studies, only dla about "
                 "0 (McNemar's exact test, which takes studies as independent whatever their "
                 "patient: p = 1.000).", id="the same"),
])
def test_a_member_is_compared_in_words(ensemble, member, words):
    (one, right), (other, of_other) = _read(ensemble), _read(member)
    found = of_member("dla", one, other, (right, of_other), "study")
    assert found.says.startswith(f"By study, {words}")
    assert set(found.above) == set(one.values)
    apart = found.above["accuracy"].value * len(Y)
    assert apart == pytest.approx(
        found.mcnemar.only_ensemble_right - found.mcnemar.only_member_right, abs=1e-3)


def test_verdicts_that_differ_are_said_to_where_the_ranks_do_not():
    # Both rank alike; the member's threshold is so low that it calls everything.
    one, right = _read(0.6)
    p = 0.6 * Y + 0.4 * np.random.default_rng(0).random(len(Y))
    other = measure(Y, np.stack([1 - p, p], axis=1), np.ones_like(Y), GROUPS, resamples=300, seed=1)
    found = of_member("dla", one, other, (right, Y == 1), "study").says
    assert "AUROC of the ensemble is not told apart from that of dla" in found
    assert "; its accuracy is above (+0.5" in found
    below = of_member("dla", other, one, (Y == 1, right), "study").says
    assert "; its accuracy is below (-0.5" in below


@pytest.mark.parametrize(("strength", "baseline", "beaten", "words"), [
    pytest.param(0.6, 0.1, True, "It beats this shortcut baseline by +", id="clearly better"),
    pytest.param(0.3, 0.28, False, "It does not clearly beat this shortcut baseline: +",
                 id="better by chance at most"),
    pytest.param(0.1, 0.6, False, "It is below this shortcut baseline: -", id="worse"),
])
def test_a_model_that_does_not_clearly_beat_the_shortcuts_is_said_not_to(
        strength, baseline, beaten, words):
    one, other = _read(strength)[0], _read(baseline, seed=1)[0]
    found = of_shortcut("sizes", one, other, "image")
    assert found.beaten is beaten
    assert words in found.says
    reached = one.scores()["auroc"]
    assert found.says.startswith(f"By image, the AUROC of the ensemble is {reached}; that "
                                 "of boosted trees on sizes, which see no anatomy, is "
                                 f"{other.scores()['auroc']}.")
    assert ("no proof that it reads bones" in found.says) != beaten
    assert set(found.above) == set(found.figures) == {
        "auroc", "average_precision", "sensitivity_at_90_specificity"}


@pytest.mark.parametrize(("beaten", "words"), [
    ({"view frontal": True, "member a": True}, "is clearly beaten everywhere."),
    ({"view frontal": False, "member a": True, "size 9 px": None},
     "is not clearly beaten in: view frontal. Where that cannot be told: size 9 px."),
    ({"view frontal": None, "member a": True},
     "is clearly beaten, but for where that cannot be told: view frontal."),
], ids=["all", "some", "untold"])
def test_parts_that_do_not_beat_the_shortcuts_are_named(beaten, words):
    found = {name: OfShortcut("sizes", {}, {}, of, "") for name, of in beaten.items()}
    assert of_parts(found, "study").endswith(words)
    assert of_parts(found, "study").startswith("By study, ")


@pytest.mark.parametrize(("groups", "y"), [
    pytest.param(np.zeros(120), Y, id="one group"),
    pytest.param(GROUPS, np.ones(120, dtype=int), id="one class"),
])
def test_where_nothing_can_be_told_that_is_said(groups, y):
    (one, right), (other, of_other) = _read(0.5, groups, y), _read(0.1, groups, y)
    shortcut = of_shortcut("sizes", one, other, "image")
    assert shortcut.beaten is None
    assert "Whether it beats this shortcut baseline cannot be told." in shortcut.says
    member = of_member("dla", one, other, (right, of_other), "image")
    assert "whether the ensemble ranks better than dla cannot be told" in member.says
    # One class alone has no ranks, but verdicts that are right or wrong.
    assert ("whether it is right more often cannot be told" in member.says) == (y is Y)
