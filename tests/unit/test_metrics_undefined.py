"""What the data cannot tell is none, and what they can tell stands."""

import json

import numpy as np
import pytest

from osteon.comparisons import of_shortcut
from osteon.intervals import Estimate, to_json
from osteon.metrics import measure, measure_each


def _measure(targets, positive, verdicts, groups=None, *, resamples=100):
    groups = range(len(targets)) if groups is None else groups
    p = np.asarray(positive, dtype=float)
    return measure(targets, np.stack([1 - p, p], axis=1), verdicts, groups, resamples=resamples,
                   seed=3).scores()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("targets", "verdicts", "known", "undefined"), [
    pytest.param([1, 1, 1, 1], [1, 1, 1, 0], {"accuracy": 0.75, "sensitivity": 0.75, "ppv": 1},
                 {"balanced_accuracy", "auroc", "average_precision", "specificity", "macro_f1",
                  "sensitivity_at_90_specificity"}, id="no negative: nothing to rank above"),
    pytest.param([0, 0, 0, 0], [0, 0, 0, 1], {"accuracy": 0.75, "specificity": 0.75, "npv": 1},
                 {"balanced_accuracy", "auroc", "average_precision", "sensitivity", "macro_f1",
                  "sensitivity_at_90_specificity"}, id="no positive: nothing to find"),
    pytest.param([0, 0, 0, 0], [0, 0, 0, 0], {"accuracy": 1, "specificity": 1, "brier": 0},
                 {"balanced_accuracy", "auroc", "average_precision", "sensitivity", "kappa", "ppv",
                  "f1", "macro_f1", "sensitivity_at_90_specificity"},
                 id="one class, one verdict: no kappa"),
    pytest.param([1, 0, 0, 0], [1, 1, 1, 1], {"accuracy": 0.25, "kappa": 0, "sensitivity": 1,
                                              "balanced_accuracy": 0.5, "ece": 0.75},
                 {"npv"}, id="all called positive: agreement is chance"),
    pytest.param([1, 0, 1, 0], [1, 0, 1, 0], {"accuracy": 1, "kappa": 1, "auroc": 1, "f1": 1,
                                              "ece": 0, "brier": 0},
                 set(), id="probabilities exactly 0 and 1"),
    pytest.param([1], [1], {"accuracy": 1, "sensitivity": 1, "ppv": 1, "f1": 1},
                 {"balanced_accuracy", "kappa", "auroc", "average_precision", "specificity", "npv",
                  "macro_f1", "sensitivity_at_90_specificity"}, id="one image"),
])
def test_what_cannot_be_measured_is_none_and_the_rest_stands(targets, verdicts, known, undefined):
    scores = _measure(targets, verdicts, verdicts)
    assert {name for name, estimate in scores.items() if estimate.value is None} == undefined
    assert {name: scores[name].value for name in known} == known
    for name in undefined:
        assert scores[name] == Estimate(None, None, None)
    json.dumps(to_json(scores), allow_nan=False)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("groups", "spans"), [
    pytest.param([0, 0, 0, 0, 0, 0, 0, 0], False, id="one group"),
    pytest.param([0, 0, 0, 1, 1, 2, 2, 2], False, id="three groups: one alone is 1 draw of 27"),
    pytest.param([0, 0, 1, 1, 2, 2, 3, 3], True, id="four groups: 1 draw of 256"),
])
def test_an_interval_wants_four_groups(groups, spans):
    found = _measure([1, 0] * 4, [0.9, 0.2, 0.1, 0.3, 0.8, 0.1, 0.7, 0.4], [1, 0, 0, 0] * 2,
                     groups, resamples=200)
    assert found["accuracy"].value == 0.75
    assert found["auroc"].value == 12.5 / 16
    assert (found["accuracy"].low is not None) == spans
    assert (found["auroc"].high is not None) == spans


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("positives", "spans"), [
    pytest.param(1, False, id="one positive is in two resamples of three"),
    pytest.param(8, True, id="eight are in all but 1 of 3,000"),
])
def test_no_interval_is_told_where_many_resamples_lack_a_class(positives, spans):
    y = np.arange(40) < positives
    found = _measure(y, np.linspace(1, 0, 40), y, resamples=400)
    assert found["sensitivity"].value == found["auroc"].value == 1
    assert (found["sensitivity"].low is not None) == spans
    assert (found["auroc"].low is not None) == spans
    assert found["specificity"].low > 0.88  # there are negatives enough


# Of n groups without a fault, 0.025**(1/n): a fault in the next is not shut out.
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("targets", "verdicts", "groups", "bounds"), [
    pytest.param([1] * 8 + [0] * 20, [1] * 8 + [0] * 20, None,
                 {"sensitivity": (1, 0.630583, 1), "specificity": (1, 0.831566, 1),
                  "accuracy": (1, 0.876563, 1), "auroc": (1, 0.630583, 1),
                  "kappa": (1, 0.630583, 1)}, id="eight positives, twenty negatives"),
    pytest.param([1] * 8 + [0] * 20, [1] * 8 + [0] * 20,
                 [*range(4), *range(4), *range(4, 14), *range(4, 14)],
                 {"sensitivity": (1, 0.397635, 1), "specificity": (1, 0.691503, 1)},
                 id="of four patients and ten"),
    pytest.param([1] * 8 + [0] * 20, [0] * 28, None,
                 {"sensitivity": (0, 0, 0.369417), "specificity": (1, 0.831566, 1),
                  "kappa": (0, 0, 0)}, id="none found"),
    pytest.param([1] * 50 + [0] * 50, [1] * 5 + [0] * 95, None,
                 {"ppv": (1, 0.478176, 1)}, id="five called, and rightly: a value of five trials"),
    pytest.param([0] * 50 + [1] * 50, [0] * 5 + [1] * 95, None,
                 {"npv": (1, 0.478176, 1)}, id="five spared, and rightly"),
    pytest.param([0] * 50 + [1] * 50, [1] * 8 + [0] * 92, None,
                 {"ppv": (0, 0, 0.369417)}, id="eight called, all wrongly"),
])
def test_a_perfect_figure_is_no_certainty(targets, verdicts, groups, bounds):
    found = _measure(targets, verdicts, verdicts, groups, resamples=300)
    for name, expected in bounds.items():
        of = found[name]
        assert (of.value, of.low, of.high) == pytest.approx(expected, abs=2e-6), name


def test_each_class_by_itself_is_bounded_by_what_was_called_so():
    y, v = np.repeat([0, 1, 2], 20), np.repeat([0, 1, 2, 0], [20, 20, 5, 15])
    each = measure_each(y, np.eye(3)[v], v, range(60), resamples=300, seed=3)
    assert each[2].scores()["ppv"] == Estimate(1, 0.478176, 1)
    assert each[1].scores()["ppv"].low == pytest.approx(0.831566, abs=2e-6)


def _measured(targets, positive):
    p = np.asarray(positive, dtype=float)
    return measure(targets, np.stack([1 - p, p], axis=1), p > 0.5, range(len(targets)),
                   resamples=300, seed=3)


def test_what_is_equal_differs_by_nothing():
    y = np.repeat([0, 1], 8)
    one = _measured(y, y)
    assert one.above(one, "auroc") == Estimate(0, 0, 0)


@pytest.mark.parametrize(("positives", "side"), [(5, 0), (12, 1)])
def test_a_perfect_figure_is_no_certain_lead(positives, side):
    """Five groups of a class leave room for .478: chance is not clearly beaten. Twelve do not."""
    y = np.repeat([0, 1], positives)
    perfect, chance = _measured(y, y), _measured(y, np.full(len(y), 0.4))
    bound = 0.025 ** (1 / positives)
    lead, behind = perfect.above(chance, "auroc"), chance.above(perfect, "auroc")
    assert (lead.value, lead.low, lead.high) == pytest.approx((0.5, bound - 0.5, 0.5), abs=2e-6)
    assert (behind.low, behind.high) == pytest.approx((-0.5, 0.5 - bound), abs=2e-6)
    assert perfect.above(_measured(y, y), "auroc").low == pytest.approx(bound - 1, abs=2e-6)
    assert of_shortcut("sizes", perfect, chance, "image").beaten is (side == 1)


@pytest.mark.filterwarnings("error")
def test_ties_count_half_and_are_called_by_the_threshold():
    found = _measure([0, 1] * 10, [0.5] * 20, [1] * 20, resamples=100)
    assert found["auroc"] == Estimate(0.5, 0.5, 0.5)
    assert found["average_precision"].value == 0.5
    assert found["sensitivity_at_90_specificity"].value == 0
    assert found["kappa"].value == 0
