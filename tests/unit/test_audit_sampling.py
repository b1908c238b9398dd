"""A large data set is sampled by whole groups, classes in proportion."""

import numpy as np
import pandas as pd
import pytest

from osteon.audit.sampling import describe, sample


def _table(groups, images_each, share):
    """Make groups of images of one label; the first `share` of them are positive."""
    names = np.repeat(np.arange(groups), images_each)
    return pd.DataFrame({"group_id": [f"g{name:03}" for name in names],
                         "label": np.where(names < share * groups, "yes", "no")})


def test_a_small_set_is_taken_whole():
    assert sample(_table(10, 2, 0.5), 20, seed=0).tolist() == list(range(20))


@pytest.mark.parametrize("seed", range(5))
def test_groups_come_whole_and_classes_in_proportion(seed):
    table = _table(200, 3, 0.2)
    rows = sample(table, 300, seed)
    taken = table.iloc[rows]
    assert list(rows) == sorted(rows)
    assert len(rows) == 300
    assert (taken["group_id"].value_counts() == 3).all()
    assert taken["label"].value_counts().to_dict() == {"no": 240, "yes": 60}


def test_a_group_of_two_labels_counts_for_its_commoner_one():
    table = _table(100, 4, 0.5)
    table.loc[table.index % 4 == 0, "label"] = "yes"  # one image of each negative group
    taken = table.iloc[sample(table, 200, seed=1)]
    assert (taken["group_id"].value_counts() == 4).all()
    assert taken["label"].value_counts().to_dict() == {"yes": 125, "no": 75}


@pytest.mark.parametrize(("groups", "images_each", "most"), [
    pytest.param(12, 20, 10, id="each larger than what is asked for"),
    pytest.param(6, 200, 100, id="a folder a patient"),
])
def test_of_each_label_a_group_comes_in_any_case(groups, images_each, most):
    table = _table(groups, images_each, 0.5)
    taken = table.iloc[sample(table, most, seed=0)]
    assert taken["label"].value_counts().to_dict() == {"yes": images_each, "no": images_each}


def test_another_seed_draws_others():
    table = _table(200, 3, 0.2)
    one, same, other = (sample(table, 300, seed).tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize(("counts", "words"), [
    pytest.param((90, 90, 100), "90 of 100 are usable, all of which are audited", id="all"),
    pytest.param((5000, 36000, 40000), "36,000 of 40,000 are usable, 5,000 of which are audited, "
                 "in whole groups drawn at random", id="a sample"),
])
def test_it_is_said_which_images_are_audited(counts, words):
    assert describe(*counts) == words
