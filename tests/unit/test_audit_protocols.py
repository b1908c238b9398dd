"""What each protocol trains and tests on, and how much of a leak it has by construction."""

import numpy as np
import pytest

from osteon.audit.protocols import Facts, protocols
from osteon.errors import UserError

VIEWS = 3
# 40 images, two of each group; the classes alternate by group.
GROUPS = np.repeat([f"g{number:02}" for number in range(20)], 2).astype(object)
TARGETS = np.repeat(np.arange(20) % 2, 2)


def _facts(official=None, targets=TARGETS, groups=GROUPS):
    named = np.full(len(targets), "", dtype=object)
    for part, rows in (official or {}).items():
        named[rows] = part
    return Facts(np.asarray(targets), np.asarray(groups, dtype=object), named)


def _cut(facts, folds=4, views=VIEWS):
    return {cut.name: cut for cut in protocols(facts, views=views, folds=folds, seed=1)}


def _groups(rows):
    return set(GROUPS[rows // VIEWS])


@pytest.fixture(scope="module")
def cuts():
    return _cut(_facts())


@pytest.mark.parametrize(("name", "tested"), [
    ("grouped", range(0, 120, 3)), ("by_image", range(0, 120, 3)),
    ("augment_grouped", range(120)), ("augment_by_image", range(120))])
def test_every_image_is_tested_once_and_only_augmenting_protocols_take_its_views(
        cuts, name, tested):
    folds = cuts[name].folds
    assert len(folds) == 4
    assert sorted(np.concatenate([test for _, test in folds])) == list(tested)
    for train, test in folds:
        assert sorted([*train, *test]) == list(tested)


@pytest.mark.parametrize("name", ["grouped", "augment_grouped"])
def test_honest_protocols_divide_no_group(cuts, name):
    assert all(_groups(train).isdisjoint(_groups(test)) for train, test in cuts[name].folds)
    assert (cuts[name].shared, cuts[name].honest) == (0, "")


def test_the_augmented_cut_by_group_divides_the_images_as_the_plain_one_does(cuts):
    for (_, plain), (_, views) in zip(cuts["grouped"].folds, cuts["augment_grouped"].folds,
                                      strict=True):
        assert set(plain // VIEWS) == set(views // VIEWS)


def test_a_cut_by_image_leaks_pairs_and_one_after_augmenting_leaks_all(cuts):
    # Of a pair cut into 4 folds at random the other is in training in about 3 of 4 cases.
    assert 0.6 < cuts["by_image"].shared < 0.95
    assert cuts["by_image"].honest == "grouped"
    assert cuts["augment_by_image"].shared > 0.97
    assert cuts["augment_by_image"].honest == "augment_grouped"


def test_images_that_stand_alone_leak_by_no_cut_of_images():
    cuts = _cut(_facts(groups=np.arange(40).astype(str)))
    assert cuts["by_image"].shared == 0
    assert cuts["augment_by_image"].shared > 0.9


def test_the_same_seed_cuts_the_same_way():
    one, same = _cut(_facts()), _cut(_facts())
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(
        one["by_image"].folds, same["by_image"].folds, strict=True))


OFFICIAL = {
    "clean": {"train": range(30), "test": range(30, 40)},
    # Image 30 is a twin of image 31, which is in the test part.
    "one group divided": {"train": [*range(29), 30], "test": [29, *range(31, 40)]},
    "no test part": {"train": range(20), "validation": range(20, 40)},
    "test part before validation": {
        "train": range(20), "validation": range(20, 30), "test": range(30, 40)},
}


@pytest.mark.parametrize(("case", "trained", "tested", "shared", "mended"), [
    pytest.param("clean", 30, 10, 0, None, id="clean: honest by itself"),
    pytest.param("one group divided", 30, 10, 0.2, 28, id="divided: two of ten tested"),
    pytest.param("no test part", 20, 20, 0, None, id="validation stands in for a test part"),
    pytest.param("test part before validation", 20, 10, 0, None, id="validation is left out"),
])
def test_the_official_parts_are_cut_as_they_are_and_mended_where_they_leak(
        case, trained, tested, shared, mended):
    cuts = _cut(_facts(OFFICIAL[case]))
    [(train, test)] = cuts["official"].folds
    assert (len(train), len(test), cuts["official"].shared) == (trained, tested, shared)
    assert set(train % VIEWS) == set(test % VIEWS) == {0}
    if mended is None:
        assert "official_mended" not in cuts
        assert cuts["official"].honest == ""
    else:
        assert cuts["official"].honest == "official_mended"
        [(kept, same)] = cuts["official_mended"].folds
        assert len(kept) == mended
        assert np.array_equal(same, test)
        assert cuts["official_mended"].shared == 0


@pytest.mark.parametrize("official", [
    pytest.param({}, id="none named"),
    pytest.param({"train": range(40)}, id="no part to test on"),
    pytest.param({"test": range(40)}, id="no part to train on"),
    pytest.param({"train": [0, 1, 4, 5], "test": [2, 3]}, id="one class in training"),
])
def test_without_parts_to_train_and_test_on_there_is_no_official_protocol(official):
    assert not {"official", "official_mended"} & set(_cut(_facts(official)))


@pytest.mark.parametrize(("facts", "folds", "words"), [
    pytest.param(_facts(), 21, "only 20 groups", id="more folds than groups"),
    pytest.param(_facts(targets=np.arange(40) // 4), 5, "5 folds need 5 images of one class",
                 id="every class smaller than the folds"),
    pytest.param(_facts(targets=np.zeros(40, int)), 4, "single class", id="one class"),
    pytest.param(_facts(targets=np.repeat([0, 1], [38, 2])), 4, "single class",
                 id="all images of a class in one group"),
])
def test_what_cannot_be_cut_is_refused(facts, folds, words):
    with pytest.raises(UserError, match=words):
        _cut(facts, folds)
