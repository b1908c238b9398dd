"""Folds of training and validation: each image judges once, groups whole, the test left out."""

import pytest

from osteon.errors import UserError
from osteon.splits import Splits
from osteon.turns import turns
from rows import rows

PARTS = ["train"] * 24 + ["validation"] * 6 + ["test"] * 10
CUT = Splits(rows(["normal", "abnormal"] * 20, [f"p{row // 2}" for row in range(40)], part=PARTS))


def test_one_fold_is_the_cut_itself():
    ((seen, judged),) = turns(CUT, 1, seed=0)
    assert list(seen.index) == list(range(24))
    assert list(judged.index) == list(range(24, 30))


@pytest.mark.parametrize("folds", [3, 5])
def test_every_image_but_those_of_the_test_judges_once(folds):
    found = turns(CUT, folds, seed=0)
    assert len(found) == folds
    judging = sorted(row for _, judged in found for row in judged.index)
    assert judging == list(range(30))
    for seen, judged in found:
        assert sorted([*seen.index, *judged.index]) == list(range(30))
        assert not set(seen["group_id"]) & set(judged["group_id"])
        assert set(judged["label"]) == {"normal", "abnormal"}


def test_the_folds_depend_on_the_seed_alone():
    first, again, other = (turns(CUT, 5, seed=seed) for seed in (1, 1, 2))
    assert [list(judged.index) for _, judged in first] == [list(rows.index) for _, rows in again]
    assert [list(judged.index) for _, judged in first] != [list(rows.index) for _, rows in other]


def test_more_folds_than_groups_are_refused():
    with pytest.raises(UserError, match=r"only 15 groups .* in training and valid.*; at least 16"):
        turns(CUT, 16, seed=0)
