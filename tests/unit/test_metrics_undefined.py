"""What the data cannot tell is none, and what they can tell stands."""

import json

import numpy as np
import pytest

from osteon.metrics import Estimate, measure, to_json


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
    assert found["specificity"].low == 1  # there are negatives enough
