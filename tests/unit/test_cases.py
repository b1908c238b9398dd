"""Which images are shown: surest right, surest wrong, and nearest to another verdict."""

import numpy as np
import pandas as pd
import pytest

from osteon.explanations import cases

PREDICTIONS = pd.DataFrame({
    "target":   [0, 0, 0, 0, 1, 1, 1, 1],
    "verdict":  [0, 0, 0, 1, 1, 1, 0, 1],
    "group_id": list("aabcdefg")}, index=range(10, 18))
DISTANCE = np.array([0.9, 0.8, 0.7, 0.3, 0.6, 0.5, 0.2, 0.1])


def _rows(found, kind):
    return [case.row for case in found if case.kind == kind]


def test_classes_take_turns_and_a_group_is_shown_once_of_a_kind():
    found = cases.choose(PREDICTIONS, DISTANCE, 3)
    assert _rows(found, "right") == [14, 10, 15]  # 11 is of 10's group
    assert _rows(found, "wrong") == [16, 13]
    # 13, 16 and the right ones above are shown already; 11 is further than 12.
    assert _rows(found, "nearest") == [17, 12, 11]
    assert found[0].distance == 0.6


def test_none_are_shown_where_none_are_asked_for_or_there_are_none():
    assert cases.choose(PREDICTIONS, DISTANCE, 0) == []
    right = PREDICTIONS.assign(verdict=PREDICTIONS["target"])
    assert _rows(cases.choose(right, DISTANCE, 2), "wrong") == []


@pytest.mark.parametrize(("probabilities", "threshold", "expected"), [
    ([[0.9, 0.1], [0.6, 0.4]], 0.3, [0.2, 0.1]),
    ([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]], None, [0.2, 1.0]),
], ids=["threshold", "margin"])
def test_distance_is_to_the_threshold_or_the_margin(probabilities, threshold, expected):
    found = cases.distances(np.array(probabilities), threshold)
    assert found.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("classes", "expected"), [(2, [1, 1]), (3, [0, 2])])
def test_of_two_classes_the_last_is_explained_else_the_verdict(classes, expected):
    verdicts = np.array([0, classes - 1])
    assert cases.explained(verdicts, classes).tolist() == expected


def test_fewer_sampled_rows_are_among_more():
    few, more = (cases.sample(np.arange(100), most, 20) for most in (10, 40))
    assert len(few) == 10
    assert set(few) < set(more)
    assert list(few) == sorted(few)
    assert list(cases.sample(np.arange(5), 9, 20)) == [0, 1, 2, 3, 4]
