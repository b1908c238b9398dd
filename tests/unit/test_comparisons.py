"""Two readers of the same images: exact odds, differences resampled together, and the words."""

import numpy as np
import pytest

from osteon.comparisons import mcnemar, of_member, of_shortcut
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
                 "[+0.000, +0.000], resampled together). It alone is right about 0 studies, dla "
                 "alone about 0 (McNemar's exact test: p = 1.000).", id="the same"),
])
def test_a_member_is_compared_in_words(ensemble, member, words):
    (one, right), (other, of_other) = _read(ensemble), _read(member)
    found = of_member("dla", one, other, (right, of_other), "study")
    assert found.says.startswith(f"By study, {words}")
    assert set(found.above) == set(one.values)
    apart = found.above["accuracy"].value * len(Y)
    assert apart == pytest.approx(
        found.mcnemar.only_ensemble_right - found.mcnemar.only_member_right, abs=1e-3)


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
    assert found.says.startswith(f"By image, the ensemble's AUROC is {one.scores()['auroc']}; that "
                                 "of boosted trees on sizes, which see no anatomy, is "
                                 f"{other.scores()['auroc']}.")
    assert ("no proof that it reads bones" in found.says) != beaten
    assert set(found.above) == set(found.figures) == {
        "auroc", "average_precision", "sensitivity_at_90_specificity"}


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
