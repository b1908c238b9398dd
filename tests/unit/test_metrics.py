"""Figures and intervals: published numbers, scikit-learn, and what groups do to them."""

import numpy as np
import pytest
from sklearn import metrics as published

from osteon.intervals import Estimate
from osteon.metrics import measure, measure_classes, measure_each, titles


def _of(positive):
    p = np.asarray(positive, dtype=float)
    return np.stack([1 - p, p], axis=1)


def _measure(targets, positive, verdicts, groups=None, *, resamples=100, seed=3):
    groups = range(len(targets)) if groups is None else groups
    return measure(targets, _of(positive), verdicts, groups, resamples=resamples,
                   seed=seed).scores()


def test_figures_of_a_table_of_fifty_worked_by_hand():
    # Two readers of 50 grant proposals, the example in Wikipedia's article on Cohen's kappa:
    # both yes 20, only the first 5, only the second 10, both no 15.
    targets = [1] * 25 + [0] * 25
    verdicts = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = {name: one.value for name, one in _measure(targets, verdicts, verdicts).items()}
    assert found == pytest.approx({
        "accuracy": 35 / 50, "balanced_accuracy": 0.7, "kappa": 0.4, "auroc": (0.8 + 0.6) / 2,
        # All 30 called at once, then the rest: .8 of recall at 2/3, .2 at 1/2.
        "average_precision": 0.8 * 2 / 3 + 0.2 / 2,
        "sensitivity": 20 / 25, "specificity": 15 / 25, "ppv": 20 / 30, "npv": 15 / 20,
        "f1": 40 / 55, "macro_f1": (40 / 55 + 30 / 45) / 2, "ece": 15 / 50, "brier": 15 / 50,
        "sensitivity_at_90_specificity": 0}, abs=1e-6)
    assert list(found) == list(titles(2))


def test_auroc_of_rated_tomograms_is_the_published_one():
    # Hanley and McNeil, Radiology 143 (1982), table I: ratings 1 to 5 of 58 normal and
    # 51 abnormal cases; W = .893.
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    ratings = np.repeat([1, 2, 3, 4, 5] * 2, normal + abnormal) / 5
    targets = np.repeat([0, 1], [58, 51])
    assert _measure(targets, ratings, ratings > 0.5)["auroc"].value == pytest.approx(
        0.893, abs=5e-4)


def _of_two(y, p, v, weights):
    fpr, tpr, _ = published.roc_curve(y, p[:, 1], sample_weight=weights, drop_intermediate=False)
    return {
        "auroc": published.roc_auc_score(y, p[:, 1], sample_weight=weights),
        "average_precision": published.average_precision_score(y, p[:, 1], sample_weight=weights),
        "sensitivity": published.recall_score(y, v, sample_weight=weights),
        "specificity": published.recall_score(y, v, sample_weight=weights, pos_label=0),
        "ppv": published.precision_score(y, v, sample_weight=weights),
        "npv": published.precision_score(y, v, sample_weight=weights, pos_label=0),
        "f1": published.f1_score(y, v, sample_weight=weights),
        "macro_f1": published.f1_score(y, v, sample_weight=weights, average="macro"),
        "brier": published.brier_score_loss(y, p[:, 1], sample_weight=weights),
        "sensitivity_at_90_specificity": tpr[fpr <= 0.1 + 1e-9].max(),
    }


def _of_more(y, p, v, weights):
    classes = range(p.shape[1])
    spared = [published.recall_score(y != k, v != k, sample_weight=weights) for k in classes]
    npv = [published.precision_score(y != k, v != k, sample_weight=weights) for k in classes]
    ranked = [[score(y == k, p[:, k], sample_weight=weights) for k in classes]
              for score in (published.roc_auc_score, published.average_precision_score)]
    mean = {"sample_weight": weights, "average": "macro", "zero_division": 0}
    return {
        "auroc": np.mean(ranked[0]), "average_precision": np.mean(ranked[1]),
        "sensitivity": published.recall_score(y, v, **mean), "specificity": np.mean(spared),
        "ppv": published.precision_score(y, v, **mean), "npv": np.mean(npv),
        "f1": published.f1_score(y, v, **mean),
        "brier": published.brier_score_loss(y, p, sample_weight=weights),
    }


@pytest.mark.parametrize(("classes", "seed"), [(2, 0), (3, 2)])
def test_intervals_equal_a_loop_of_scikit_learn_over_the_same_draws(classes, seed):
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(25), random.integers(1, 6, size=25))
    y = random.integers(0, classes, size=len(groups))
    drawn = (random.random((len(y), classes)) + 0.4 * np.eye(classes)[y]).round(1) + 0.1
    p = drawn / drawn.sum(axis=1, keepdims=True)  # of tenths, so that many are tied
    v = p.argmax(axis=1)
    found = measure(y, p, v, [f"g{group:02}" for group in groups], resamples=30, seed=seed).scores()
    times = np.random.default_rng(seed).multinomial(25, [1 / 25] * 25, size=30)[:, groups]

    def loop(weights):
        return {**(_of_two if classes == 2 else _of_more)(y, p, v, weights),
                "accuracy": published.accuracy_score(y, v, sample_weight=weights),
                "balanced_accuracy": published.balanced_accuracy_score(
                    y, v, sample_weight=weights),
                "kappa": published.cohen_kappa_score(y, v, sample_weight=weights)}

    once, draws = loop(np.ones(len(y))), [loop(weights) for weights in times]
    assert set(once) == set(found) - {"ece"}
    for name, value in once.items():
        low, high = np.quantile([figures[name] for figures in draws], [0.025, 0.975])
        assert (found[name].value, found[name].low, found[name].high) == pytest.approx(
            (value, low, high), abs=2e-6), name


def test_many_rows_computed_in_chunks_see_the_same_draws():
    # 50,000 rows hold 80 resamples in a chunk, so 100 take two.
    groups = np.arange(50_000) % 10
    y = groups % 2
    v = np.random.default_rng(1).random(50_000) < 0.3 + groups / 20
    found = measure_classes(y, _of(v), groups, resamples=100, seed=5).scores()["accuracy"]
    right = np.bincount(groups, weights=y == v)
    drawn = np.random.default_rng(5).multinomial(10, [0.1] * 10, size=100)
    low, high = np.quantile(drawn @ right / 50_000, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-6)


def test_interval_of_independent_rows_is_the_textbook_one():
    # 160 right of 200: .8 +- 1.96 * sqrt(.8 * .2 / 200) = .8 +- .055.
    verdicts = [1] * 160 + [0] * 40
    found = _measure([1] * 200, verdicts, verdicts, resamples=2000)["accuracy"]
    assert (found.low, found.high) == pytest.approx((0.745, 0.855), abs=0.008)


def test_repeating_images_inside_their_groups_narrows_nothing():
    random = np.random.default_rng(4)
    y = np.tile([0, 1], 20)
    p = np.clip(y * 0.3 + random.random(40), 0, 1)
    once = _measure(y, p, p >= 0.6)
    rows = np.repeat(np.arange(40), 10)
    grouped = _measure(y[rows], p[rows], p[rows] >= 0.6, rows)
    independent = _measure(y[rows], p[rows], p[rows] >= 0.6)
    assert grouped == once
    for name in ("accuracy", "kappa", "auroc", "average_precision", "f1", "brier"):
        honest = once[name].high - once[name].low
        assert independent[name].high - independent[name].low < 0.5 * honest, name


def test_seed_decides_the_interval_and_not_the_figure():
    y, p = np.tile([0, 1], 20), np.random.default_rng(0).random(40)
    one, same, other = (_measure(y, p, p >= 0.5, seed=seed)["auroc"] for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert one.value == other.value


def _calibration(rows, sharpness, seed):
    """Give the error of 250 images whose finding is less, or as, certain than is said.

    `rows` of a patient are said the same and come out the same.
    """
    random = np.random.default_rng(seed)
    patients = np.repeat(np.arange(250 // rows), rows)
    said, drawn = random.random((2, 250 // rows))
    happens = (drawn < 0.5 + sharpness * (said - 0.5))[patients]
    return _measure(happens.astype(int), said[patients], happens, patients, seed=seed)["ece"]


# Said is uniform from 0 to 1, so that its distance from one half is .25 on average; the error is
# that, times what is missing of the sharpness. Of 40 intervals that hold the truth 95 times in 100,
# fewer than 35 hold it in 1 of 70 such tests; here the seeds are fixed.
@pytest.mark.parametrize(("rows", "sharpness", "truth", "above_nothing"), [
    pytest.param(1, 1, 0, range(6), id="calibrated"),
    pytest.param(2, 1, 0, range(6), id="calibrated, two images a patient"),
    pytest.param(1, 0.5, 0.125, range(25, 41), id="too sure"),
    pytest.param(1, 0, 0.25, [40], id="said by dice"),
])
def test_an_interval_of_a_calibration_error_holds_the_truth(
        rows, sharpness, truth, above_nothing):
    found = [_calibration(rows, sharpness, seed) for seed in range(40)]
    assert sum(of.low <= truth <= of.high for of in found) >= 35
    assert sum(of.low > 0 for of in found) in above_nothing
    for of in found:
        assert 0 <= of.low <= of.value <= of.high <= of.value + 0.15


@pytest.mark.parametrize(("estimate", "text", "signed", "side"), [
    pytest.param(Estimate(0.91234, 0.8, 0.95), "0.912 [0.800, 0.950]", "+0.912 [+0.800, +0.950]",
                 1, id="above 0"),
    pytest.param(Estimate(-0.1, -0.2, -0.0501), "-0.100 [-0.200, -0.050]",
                 "-0.100 [-0.200, -0.050]", -1, id="below 0"),
    pytest.param(Estimate(-0.0001, -0.1, 0.1), "-0.000 [-0.100, 0.100]", "+0.000 [-0.100, +0.100]",
                 0, id="neither"),
    pytest.param(Estimate(0.1, 0.0, 0.2), "0.100 [0.000, 0.200]", "+0.100 [+0.000, +0.200]",
                 0, id="reaching 0"),
    pytest.param(Estimate(None, None, None), "undefined", "undefined", None, id="no figure"),
    pytest.param(Estimate(0.5, None, None), "0.500", "+0.500", None, id="no interval"),
])
def test_an_estimate_reads_with_its_interval(estimate, text, signed, side):
    assert (str(estimate), estimate.signed(), estimate.side) == (text, signed, side)


def test_each_class_is_measured_against_the_rest():
    # Labels 0 0 1 1 2 2; verdicts 0 1 1 1 2 0.
    y, v = [0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0]
    p = np.eye(3)[v]
    found = [{name: one.value for name, one in of_class.scores().items()} for of_class
             in measure_each(y, p, v, range(6), resamples=100, seed=0)]
    assert [of_class["sensitivity"] for of_class in found] == [0.5, 1, 0.5]
    assert [of_class["specificity"] for of_class in found] == [0.75, 0.75, 1]
    assert [of_class["ppv"] for of_class in found] == pytest.approx([0.5, 2 / 3, 1], abs=1e-6)
    assert [of_class["npv"] for of_class in found] == pytest.approx([0.75, 1, 0.8], abs=1e-6)
    assert [of_class["f1"] for of_class in found] == pytest.approx([0.5, 0.8, 2 / 3], abs=1e-6)
    assert [of_class["auroc"] for of_class in found] == pytest.approx([5 / 8, 7 / 8, 6 / 8])


def test_the_last_of_two_classes_is_what_all_figures_are_about():
    y, p = np.tile([0, 1], 20), np.random.default_rng(7).random(40)
    whole = _measure(y, p, p > 0.6)
    _, last = measure_each(y, _of(p), p > 0.6, range(40), resamples=100, seed=3)
    assert last.scores() == {name: whole[name] for name in last.values}


def test_scores_that_are_no_probabilities_are_measured_by_the_highest():
    random = np.random.default_rng(7)
    y, p = random.integers(0, 3, 60), random.random((60, 3)) - 0.5
    found = measure_classes(y, p, range(60), resamples=100, seed=1).scores()
    whole = measure(y, p, p.argmax(axis=1), range(60), resamples=100, seed=1).scores()
    assert found == {name: whole[name] for name in ("accuracy", "kappa", "auroc")}


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


def test_of_more_than_two_classes_titles_say_that_means_are_shown():
    assert titles(2)["f1"] == "F1"
    assert titles(3)["f1"] == "F1, mean of the classes"
    assert "macro_f1" not in titles(3)
    assert "sensitivity_at_90_specificity" not in titles(3)
