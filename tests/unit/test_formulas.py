"""Each formula against a worked example that somebody has published."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import (
    binary_calibration_error,
    binary_sensitivity_at_specificity,
    multiclass_calibration_error,
)

from osteon import formulas


def _ones(rows):
    return np.ones((1, len(rows)))


def _table(targets, verdicts, classes):
    return formulas.confusion(_ones(targets), np.array(targets), np.array(verdicts), classes)


def test_rates_of_a_screening_test():
    # Faecal occult blood in 2,030 people, the example in Wikipedia's article on sensitivity and
    # specificity: 20 found, 10 missed, 180 false alarms, 1,820 spared.
    table = _table([1] * 30 + [0] * 2000, [1] * 20 + [0] * 10 + [1] * 180 + [0] * 1820, 2)
    found = {name: of_class[0, 1] for name, of_class in formulas.rates(table).items()}
    assert found == pytest.approx({"sensitivity": 0.6667, "specificity": 0.91, "ppv": 0.10,
                                   "npv": 0.9945, "f1": 0.174}, abs=5e-4)
    assert formulas.agreement(table)["accuracy"][0] == pytest.approx(0.9064, abs=5e-5)


@pytest.mark.parametrize(("targets", "verdicts", "classes", "kappa"), [
    # Two readers of 50 grant proposals, the example in Wikipedia's article on Cohen's kappa.
    pytest.param([1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15, 2, 0.4,
                 id="two classes"),
    # scikit-learn, cohen_kappa_score: negative 0, neutral 1, positive 2.
    pytest.param([0, 2, 0, 1, 2], [0, 2, 0, 1, 0], 3, 0.6875, id="three classes"),
])
def test_kappa_is_the_published_one(targets, verdicts, classes, kappa):
    found = formulas.agreement(_table(targets, verdicts, classes))
    assert found["kappa"][0] == pytest.approx(kappa)


def test_means_of_three_classes_are_the_published_ones():
    # scikit-learn, precision_score, recall_score and f1_score with average="macro".
    table = _table([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], 3)
    rates = formulas.rates(table)
    means = {name: formulas.mean_of_classes(rates[name], table)[0]
             for name in ("ppv", "sensitivity", "f1")}
    assert means == pytest.approx({"ppv": 2 / 9, "sensitivity": 1 / 3, "f1": 4 / 15})


def test_balanced_accuracy_is_the_published_one():
    # scikit-learn, balanced_accuracy_score.
    table = _table([0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1], 2)
    sensitivity = formulas.rates(table)["sensitivity"]
    assert formulas.mean_of_classes(sensitivity, table)[0] == pytest.approx(0.625)


@pytest.mark.parametrize(("targets", "verdicts", "mean"), [
    pytest.param([0, 0, 1, 1], [0, 0, 1, 1], 1.0, id="a class that does not occur is not counted"),
    pytest.param([0, 0, 1, 2], [0, 0, 2, 2], 0.5, id="one that is never called counts as 0"),
    pytest.param([1, 1, 1, 1], [1, 1, 1, 1], np.nan, id="one class alone has no mean"),
])
def test_means_are_over_the_classes_that_occur(targets, verdicts, mean):
    table = _table(targets, verdicts, 3)
    found = formulas.mean_of_classes(formulas.rates(table)["ppv"], table, never_called=0.0)
    assert found[0] == pytest.approx(mean, nan_ok=True)


def test_a_verdict_of_a_class_that_does_not_occur_is_counted():
    assert _table([0, 0, 1], [0, 2, 1], 3)[0].tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(("positive", "scores", "figures"), [
    # scikit-learn, average_precision_score and roc_auc_score.
    pytest.param([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], {"average_precision": 5 / 6, "auroc": 0.75},
                 id="four rows"),
    # .9 beats three negatives; each .6 beats two and ties with one: (3 + 2.5 + 2.5) / 9.
    pytest.param([1, 1, 1, 0, 0, 0], [0.9, 0.6, 0.6, 0.6, 0.4, 0.1], {"auroc": 8 / 9},
                 id="ties are half a pair"),
    # One step of recall: as good as calling all, 2 of 5.
    pytest.param([1, 1, 0, 0, 0], [0.5] * 5, {"average_precision": 0.4, "auroc": 0.5,
                                              "sensitivity_at_90_specificity": 0},
                 id="all tied"),
    pytest.param([1, 0, 1, 0], [1, 0, 1, 0], {"average_precision": 1, "auroc": 1,
                                              "sensitivity_at_90_specificity": 1},
                 id="exactly 0 and 1"),
    pytest.param([1, 1], [0.2, 0.9], dict.fromkeys(
        ("average_precision", "auroc", "sensitivity_at_90_specificity"), np.nan),
        id="one class alone"),
    pytest.param([0], [0.4], {"auroc": np.nan}, id="one row"),
])
@pytest.mark.filterwarnings("error")
def test_ranking(positive, scores, figures):
    found = formulas.ranking(_ones(scores), np.array(positive, bool), np.array(scores, float))
    for name, value in figures.items():
        assert found[name][0] == pytest.approx(value, nan_ok=True), name


@pytest.mark.parametrize(("negatives", "false", "found"), [
    pytest.param(10, 1, 1.0, id="one alarm of ten is allowed"),
    pytest.param(9, 1, 0.0, id="one of nine is too many"),
    pytest.param(30, 3, 1.0, id="three of thirty: .9 to the last digit"),
])
def test_sensitivity_at_90_specificity_spares_nine_of_ten(negatives, false, found):
    # Both positives lie below `false` negatives and above the others.
    scores = np.array([0.5, 0.5] + [0.9] * false + [0.1] * (negatives - false))
    positive = np.arange(len(scores)) < 2
    figures = formulas.ranking(_ones(scores), positive, scores)
    assert figures["sensitivity_at_90_specificity"][0] == found


def test_sensitivity_at_90_specificity_is_that_of_torchmetrics():
    random = np.random.default_rng(0)
    positive = random.random(300) < 0.4
    scores = np.clip(0.3 + 0.3 * positive + 0.2 * random.standard_normal(300), 0, 1)
    theirs, _ = binary_sensitivity_at_specificity(
        torch.tensor(scores), torch.tensor(positive).int(), min_specificity=0.9)
    ours = formulas.ranking(_ones(scores), positive, scores)["sensitivity_at_90_specificity"][0]
    assert ours == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize(("targets", "probabilities", "score"), [
    # scikit-learn, brier_score_loss.
    pytest.param([0, 1, 1, 0], [[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3]], 0.0375,
                 id="two classes"),
    pytest.param([0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.2, 0.2, 0.6]], 0.44 / 3,
                 id="three classes"),
    pytest.param([0, 1], [[0, 1], [1, 0]], 1.0, id="wrong and certain"),
])
def test_brier_score_is_the_published_one(targets, probabilities, score):
    found = formulas.brier(_ones(targets), np.array(targets), np.array(probabilities, float))
    assert found[0] == pytest.approx(score)


def _error(targets, probabilities, count):
    said, true = formulas.expected(np.array(targets), np.array(probabilities, float))
    return np.abs(formulas.calibration_gaps(_ones(said), said, true, count)).sum()


def test_calibration_errors_are_the_published_ones():
    # torchmetrics, BinaryCalibrationError and MulticlassCalibrationError.
    positive = np.array([0.25, 0.25, 0.55, 0.75, 0.75])
    assert _error([0, 0, 1, 1, 1], np.stack([1 - positive, positive], axis=1), 2) == pytest.approx(
        0.29)
    assert _error([0, 1, 2, 0], [[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60],
                                 [0.90, 0.05, 0.05]], 3) == pytest.approx(0.20)


@pytest.mark.parametrize("classes", [2, 4])
def test_calibration_error_is_that_of_torchmetrics(classes):
    random = np.random.default_rng(1)
    targets = random.integers(0, classes, 200)
    drawn = random.random((200, classes)) + np.eye(classes)[targets] * 0.3
    p = drawn / drawn.sum(axis=1, keepdims=True)
    theirs = (binary_calibration_error(torch.tensor(p[:, 1]), torch.tensor(targets), n_bins=10)
              if classes == 2 else multiclass_calibration_error(
                  torch.tensor(p), torch.tensor(targets), num_classes=classes, n_bins=10))
    assert _error(targets, p, 10) == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize(("said", "number"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.3, 3), (0.6, 6),
                                               (0.95, 9), (1.0, 9)])
def test_a_probability_of_0_or_1_has_a_bin(said, number):
    assert formulas.bins(np.array([said]))[0] == number


def test_weights_stand_for_repeated_rows():
    random = np.random.default_rng(2)
    targets, times = random.integers(0, 3, 40), random.integers(0, 4, 40)
    scores = random.random((40, 3)).round(1)
    rows = np.repeat(np.arange(40), times)
    for weighted, repeated in (
            (formulas.ranking(times[np.newaxis].astype(float), targets == 1, scores[:, 1]),
             formulas.ranking(_ones(rows), targets[rows] == 1, scores[rows, 1])),
            ({"": formulas.brier(times[np.newaxis].astype(float), targets, scores)},
             {"": formulas.brier(_ones(rows), targets[rows], scores[rows])})):
        for name, figure in weighted.items():
            assert figure[0] == pytest.approx(repeated[name][0]), name
