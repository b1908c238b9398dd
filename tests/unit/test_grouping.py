"""Patients who share a picture are one group; duplicates in a chain are one picture."""

import pandas as pd
import pytest

from osteon.grouping import chains, group_ids, twin_ids


def _pairs(*pairs, kind="near"):
    return pd.DataFrame([(a, b, kind) for a, b in pairs], columns=["path_a", "path_b", "kind"])


@pytest.mark.parametrize(("patients", "twins", "expected"), [
    pytest.param("abc", "123", "abc", id="nothing shared"),
    pytest.param("aab", "123", "aab", id="one patient, two images"),
    pytest.param("aabbc", "12233", "aaaaa", id="a-b share one picture, b-c another: one group"),
    pytest.param("cbba", "1122", "aaaa", id="named after the first name, not the first row"),
    pytest.param(["10", "9"], "11", ["10", "10"], id="names are text: 10 before 9"),
    pytest.param("abcd", "1122", "aacc", id="two pairs stay two groups"),
])
def test_patients_who_share_a_picture_are_one_group(patients, twins, expected):
    assert group_ids(list(patients), list(twins)) == list(expected)


@pytest.mark.parametrize(("pairs", "expected"), [
    pytest.param([], "abcd", id="none"),
    pytest.param([("c", "d")], "abcc", id="a pair"),
    pytest.param([("a", "b"), ("b", "c")], "aaad", id="a chain"),
    pytest.param([("b", "d"), ("a", "d")], "aaca", id="two of the third"),
])
def test_twins_are_named_after_the_first_of_them(pairs, expected):
    assert twin_ids(list("abcd"), _pairs(*pairs)) == list(expected)


@pytest.mark.parametrize(("pairs", "count"), [
    pytest.param([], 0, id="none"),
    pytest.param([("a", "b"), ("c", "d")], 0, id="two pairs"),
    pytest.param([("a", "b"), ("b", "c")], 1, id="a and c are no pair"),
    pytest.param([("a", "b"), ("b", "c"), ("a", "c")], 0, id="all three are pairs"),
    pytest.param([("a", "b"), ("b", "c"), ("x", "y"), ("y", "z"), ("z", "x")], 1,
                 id="one chain, one full set"),
])
def test_chains_are_counted(pairs, count):
    assert chains(_pairs(*pairs)) == count


def test_copies_of_equal_bytes_make_no_chain():
    assert chains(_pairs(("a", "b"), ("a", "c"), kind="bytes")) == 0
