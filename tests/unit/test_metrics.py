"""Figures and intervals: published numbers, scikit-learn, and what groups do to them."""

import json

import numpy as np
import pytest
from sklearn import metrics as published

from osteon.metrics import Estimate, measure, measure_classes, to_json


def _values(targets, probabilities, verdicts, groups=None, resamples=100):
    groups = range(len(targets)) if groups is None else groups
    scores = measure(targets, probabilities, verdicts, groups, resamples=resamples, seed=3)
    return {name: estimate.value for name, estimate in scores.items()}


def test_figures_of_a_table_of_fifty_worked_by_hand():
    # Two readers of 50 grant proposals, the example in Wikipedia's article on Cohen's kappa:
    # both yes 20, only the first 5, only the second 10, both no 15.
    targets = [1] * 25 + [0] * 25
    verdicts = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = _values(targets, verdicts, verdicts)
    assert found == pytest.approx({
        "accuracy": 35 / 50, "kappa": 0.4, "sensitivity": 20 / 25, "specificity": 15 / 25,
        "f1": 40 / 55, "auroc": (0.8 + 0.6) / 2}, abs=1e-6)


def test_auroc_counts_ties_as_half_a_pair():
    # .9 beats three negatives; each .6 beats two and ties with one: (3 + 2.5 + 2.5) / 9.
    found = _values([1, 1, 1, 0, 0, 0], [0.9, 0.6, 0.6, 0.6, 0.4, 0.1], [1] * 6)
    assert found["auroc"] == pytest.approx(8 / 9, abs=1e-6)


def test_auroc_of_rated_tomograms_is_the_published_one():
    # Hanley and McNeil, Radiology 143 (1982), table I: ratings 1 to 5 of 58 normal and
    # 51 abnormal cases; W = .893.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    ratings = np.repeat([1, 2, 3, 4, 5] * 2, normal + abnormal) / 5
    targets = np.repeat([0, 1], [58, 51])
    assert _values(targets, ratings, ratings > 0.5)["auroc"] == pytest.approx(0.893, abs=5e-4)


def _sklearn(y, p, v, weights):
    return {
        "accuracy": published.accuracy_score(y, v, sample_weight=weights),
        "kappa": published.cohen_kappa_score(y, v, sample_weight=weights),
        "auroc": published.roc_auc_score(y, p, sample_weight=weights),
        "sensitivity": published.recall_score(y, v, sample_weight=weights),
        "specificity": published.recall_score(y, v, sample_weight=weights, pos_label=0),
        "f1": published.f1_score(y, v, sample_weight=weights),
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_intervals_equal_a_loop_of_scikit_learn_over_the_same_draws(seed):
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(25), random.integers(1, 6, size=25))
    y = random.integers(0, 2, size=len(groups))
    p = (0.3 * y + random.random(len(y))).round(1)  # one digit, so that many are tied
    v = p >= 0.6
    scores = measure(y, p, v, [f"g{group:02}" for group in groups], resamples=120, seed=seed)
    drawn = np.random.default_rng(seed).multinomial(25, [1 / 25] * 25, size=120)[:, groups]
    loop = [_sklearn(y, p, v, weights) for weights in drawn]
    once = _sklearn(y, p, v, np.ones(len(y)))
    for name, estimate in scores.items():
        low, high = np.quantile([figures[name] for figures in loop], [0.025, 0.975])
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (once[name], low, high), abs=2e-6), name


def test_many_rows_computed_in_chunks_see_the_same_draws():
    # 50,000 rows hold 80 resamples in a chunk, so 100 take two.
    groups = np.arange(50_000) % 10
    y = groups % 2
    v = np.random.default_rng(1).random(50_000) < 0.3 + groups / 20
    found = measure(y, v, v, groups, resamples=100, seed=5)["accuracy"]
    right = np.bincount(groups, weights=y == v)
    drawn = np.random.default_rng(5).multinomial(10, [0.1] * 10, size=100)
    low, high = np.quantile(drawn @ right / 50_000, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-6)


def test_interval_of_independent_rows_is_the_textbook_one():
    # 160 right of 200: .8 +- 1.96 * sqrt(.8 * .2 / 200) = .8 +- .055.
    verdicts = [1] * 160 + [0] * 40
    found = measure([1] * 200, verdicts, verdicts, range(200), resamples=2000, seed=0)["accuracy"]
    assert (found.low, found.high) == pytest.approx((0.745, 0.855), abs=0.008)


def test_repeating_images_inside_their_groups_narrows_nothing():
    random = np.random.default_rng(4)
    y = np.tile([0, 1], 20)
    p = np.clip(y * 0.3 + random.random(40), 0, 1)
    once = measure(y, p, p >= 0.6, range(40), resamples=400, seed=1)
    rows = np.repeat(np.arange(40), 10)
    grouped = measure(y[rows], p[rows], p[rows] >= 0.6, rows, resamples=400, seed=1)
    independent = measure(y[rows], p[rows], p[rows] >= 0.6, range(400), resamples=400, seed=1)
    assert grouped == once
    for name, estimate in independent.items():
        honest = once[name].high - once[name].low
        assert estimate.high - estimate.low < 0.5 * honest, name


def test_seed_decides_the_interval_and_not_the_figure():
    y, p = np.tile([0, 1], 20), np.random.default_rng(0).random(40)
    one, same, other = (measure(y, p, p >= 0.5, range(40), resamples=100, seed=seed)["auroc"]
                        for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert one.value == other.value


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("targets", "verdicts", "known", "undefined"), [
    pytest.param([1, 1, 1, 1], [1, 1, 1, 0], {"accuracy": 0.75, "sensitivity": 0.75},
                 {"auroc", "specificity"}, id="no negative: nothing to rank above"),
    pytest.param([0, 0, 0, 0], [0, 0, 0, 1], {"accuracy": 0.75, "specificity": 0.75},
                 {"auroc", "sensitivity"}, id="no positive: nothing to find"),
    pytest.param([0, 0, 0, 0], [0, 0, 0, 0], {"accuracy": 1, "specificity": 1},
                 {"auroc", "sensitivity", "kappa", "f1"}, id="one class, one verdict: no kappa"),
    pytest.param([1, 0, 0, 0], [1, 1, 1, 1], {"accuracy": 0.25, "kappa": 0, "sensitivity": 1},
                 set(), id="all called positive: agreement is chance"),
    pytest.param([1, 0, 1, 0], [1, 0, 1, 0], {"accuracy": 1, "kappa": 1, "auroc": 1, "f1": 1},
                 set(), id="probabilities exactly 0 and 1"),
])
def test_what_cannot_be_measured_is_none_and_the_rest_stands(targets, verdicts, known, undefined):
    scores = measure(targets, verdicts, verdicts, list("abcd"), resamples=100, seed=0)
    assert {name for name, estimate in scores.items() if estimate.value is None} == undefined
    assert {name: scores[name].value for name in known} == known
    for name in undefined:
        assert scores[name] == Estimate(None, None, None)
    json.dumps(to_json(scores), allow_nan=False)


@pytest.mark.filterwarnings("error")
def test_resamples_without_a_class_are_left_out_of_auroc():
    # Two groups of one image each: half of the resamples hold one class alone.
    auroc = measure([1, 0], [0.9, 0.2], [1, 0], ["a", "b"], resamples=100, seed=0)["auroc"]
    assert auroc == Estimate(1.0, 1.0, 1.0)


def test_one_group_still_gives_figures():
    assert _values([1, 0, 1, 0], [0.9, 0.2, 0.1, 0.3], [1, 0, 0, 0], ["a"] * 4) == pytest.approx(
        {"accuracy": 0.75, "kappa": 0.5, "auroc": 0.5, "sensitivity": 0.5, "specificity": 1,
         "f1": 2 / 3}, abs=1e-6)


@pytest.mark.parametrize(("estimate", "text"), [
    pytest.param(Estimate(0.91234, 0.8, 0.95), "0.912 [0.800, 0.950]", id="three digits"),
    pytest.param(Estimate(None, None, None), "undefined", id="no figure"),
    pytest.param(Estimate(0.5, None, None), "0.500", id="no interval"),
])
def test_an_estimate_reads_with_its_interval(estimate, text):
    assert str(estimate) == text


def _three_classes(seed=0):
    """Sixty rows of three classes in 25 groups, scored better than by chance, some tied."""
    random = np.random.default_rng(seed)
    groups = np.sort(random.integers(0, 25, size=60))
    y = random.integers(0, 3, size=60)
    drawn = (random.random((60, 3)) + 0.4 * np.eye(3)[y]).round(1)
    scores = drawn + np.array([0, 0.01, 0.02])  # so that no verdict hangs on a tie
    return y, scores, groups


def _sklearn_classes(y, scores, weights):
    return {
        "accuracy": published.accuracy_score(y, scores.argmax(axis=1), sample_weight=weights),
        "kappa": published.cohen_kappa_score(y, scores.argmax(axis=1), sample_weight=weights),
        "auroc": np.mean([published.roc_auc_score(y == k, scores[:, k], sample_weight=weights)
                          for k in range(3)])}


def test_figures_of_three_classes_equal_a_loop_of_scikit_learn_over_the_same_draws():
    y, scores, groups = _three_classes()
    found = measure_classes(y, scores, groups, resamples=120, seed=2).scores()
    count = len(set(groups))
    numbers = np.unique(groups, return_inverse=True)[1]
    drawn = np.random.default_rng(2).multinomial(count, [1 / count] * count, size=120)[:, numbers]
    loop = [_sklearn_classes(y, scores, weights) for weights in drawn]
    once = _sklearn_classes(y, scores, np.ones(60))
    for name, estimate in found.items():
        low, high = np.quantile([figures[name] for figures in loop], [0.025, 0.975])
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (once[name], low, high), abs=2e-6), name


def test_two_classes_are_measured_as_a_verdict_by_the_higher_score_is():
    random = np.random.default_rng(7)
    y, p = np.tile([0, 1], 20), random.random(40)
    found = measure_classes(y, np.stack([1 - p, p], axis=1), range(40), resamples=100, seed=1)
    verdicts = measure(y, p, p > 0.5, range(40), resamples=100, seed=1)
    assert found.scores() == {name: verdicts[name] for name in ("accuracy", "kappa", "auroc")}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("y", "auroc"), [
    pytest.param([0, 0, 1, 1], 1.0, id="a class that never occurs is not ranked"),
    pytest.param([1, 1, 1, 1], None, id="one class alone: nothing to rank above"),
])
def test_auroc_of_three_classes_is_over_those_that_occur(y, auroc):
    scores = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.9, 0], [0.2, 0.8, 0]])
    found = measure_classes(y, scores, list("abcd"), resamples=100, seed=0).scores()
    assert found["auroc"].value == auroc


def test_a_difference_is_resampled_together():
    # Of 40 groups one reader misses the first four, another these and four more: .1 of the images
    # apart, though the two intervals overlap.
    y = np.arange(40) % 2
    right = np.eye(2)[y]

    def missing(rows):
        scores = right.copy()
        scores[rows] = 1 - scores[rows]
        return measure_classes(y, scores, range(40), resamples=2000, seed=3)

    one, other = missing(range(4)), missing(range(8))
    apart = one.above(other, "accuracy")
    assert apart.value == pytest.approx(0.1)
    assert (apart.low, apart.high) == pytest.approx((0.025, 0.2), abs=0.026)
    assert one.scores()["accuracy"].low < other.scores()["accuracy"].high
    assert other.above(one, "accuracy").value == pytest.approx(-0.1)
    assert one.above(one, "auroc") == Estimate(0, 0, 0)


@pytest.mark.parametrize("changed", [
    pytest.param({"groups": range(1, 41)}, id="other groups"),
    pytest.param({"seed": 4}, id="other draws")])
def test_figures_of_other_resamples_are_no_pair(changed):
    y = np.arange(40) % 2
    first = measure_classes(y, np.eye(2)[y], groups=range(40), resamples=100, seed=3)
    second = measure_classes(y, np.eye(2)[y], resamples=100, **{
        "groups": range(40), "seed": 3, **changed})
    with pytest.raises(ValueError, match="not paired"):
        first.above(second, "accuracy")
