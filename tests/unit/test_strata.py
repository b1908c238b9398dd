"""Shares of the images with groups whole, whatever else the cut has to give up."""

import numpy as np
import pytest

from osteon.errors import UserError
from osteon.records import PARTS
from osteon.strata import _parts_of_slices, deal
from rows import rows

LABELS = ("normal", "abnormal")
BODY_PARTS = np.array(["elbow", "hand", "wrist"])
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}


@pytest.fixture(scope="module")
def table():
    """Four hundred patients of one to four images."""
    random = np.random.default_rng(8)
    patients = np.repeat(np.arange(400), random.integers(1, 5, size=400))
    return rows(np.where(random.random(len(patients)) < 0.4, *LABELS[::-1]),
                [f"p{patient}" for patient in patients], body_part=BODY_PARTS[patients % 3])


def _dealt(table, shares=SHARES, seed=1, **options):
    return table.assign(part=deal(table, shares, seed, what="the data set", **options))


@pytest.mark.parametrize("seed", range(3))
def test_no_group_is_divided(table, seed):
    joined = table.assign(group_id=table["group_id"].str.slice(0, 3))  # p1, p10 and p100 are one
    assert _dealt(joined, seed=seed).groupby("group_id")["part"].nunique().max() == 1


@pytest.mark.parametrize("shares", [
    pytest.param((0.6, 0.15, 0.25), id="as the project cuts"),
    pytest.param((0.8, 0.1, 0.1), id="a small test part"),
    pytest.param((0.05, 0.05, 0.9), id="the smallest parts allowed"),
    pytest.param((0.45, 0.33, 0.22), id="no multiples of 5 %"),
])
@pytest.mark.parametrize("by_image", [False, True], ids=["grouped", "by image"])
def test_parts_have_their_shares_of_the_images(table, shares, by_image):
    wanted = dict(zip(PARTS, shares, strict=True))
    found = _dealt(table, wanted, by_image=by_image)["part"]
    assert found.value_counts(normalize=True).to_dict() == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize("column", ["label", "body_part"])
def test_each_part_looks_like_the_whole(table, column):
    whole = table[column].value_counts(normalize=True).to_dict()
    for part, held in _dealt(table).groupby("part"):
        found = held[column].value_counts(normalize=True).to_dict()
        assert found == pytest.approx(whole, abs=0.05), part


def test_the_seed_alone_decides(table):
    first, again, other = (_dealt(table, seed=seed)["part"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert (other != first).mean() > 0.1


def test_by_image_labels_are_met_to_the_image_and_groups_are_torn():
    # 60 normal and 40 abnormal images of ten patients: .6/.2/.2 of each.
    table = rows(["normal"] * 60 + ["abnormal"] * 40, [f"p{row % 10}" for row in range(100)])
    found = _dealt(table, {"train": 0.6, "validation": 0.2, "test": 0.2}, by_image=True)
    assert found.groupby(["part", "label"]).size().to_dict() == {
        ("test", "abnormal"): 8, ("test", "normal"): 12, ("train", "abnormal"): 24,
        ("train", "normal"): 36, ("validation", "abnormal"): 8, ("validation", "normal"): 12}
    assert found.groupby("group_id")["part"].nunique().max() > 1


@pytest.mark.parametrize(("shares", "slices"), [
    pytest.param({"a": 0.6, "b": 0.15, "c": 0.25}, (12, 3, 5), id="twentieths"),
    pytest.param({"a": 0.8, "b": 0.1, "c": 0.1}, (8, 1, 1), id="tenths"),
    pytest.param({"a": 0.6, "b": 0.2, "c": 0.2}, (3, 1, 1), id="fifths"),
    pytest.param({"a": 0.072, "b": 0.008}, (9, 1), id="proportions of less than a whole"),
    pytest.param({"a": 0.65, "b": 0.15}, (13, 3), id="sixteenths"),
    pytest.param({"a": 1}, (1,), id="one part"),
    pytest.param({"a": 0.05, "b": 0.05, "c": 0.9}, (1, 1, 18), id="no part goes without"),
])
def test_slices_are_as_few_as_make_up_the_shares(shares, slices):
    found = _parts_of_slices(shares)
    assert tuple(found.count(part) for part in shares) == slices


def test_too_few_groups_are_refused_by_number():
    table = rows(["normal", "abnormal"] * 50, [f"p{row % 19}" for row in range(100)])
    with pytest.raises(UserError, match=r"only 19 groups .* in the data set; at least 20"):
        _dealt(table)


def test_too_few_images_by_image_are_refused_by_number():
    table = rows(["normal", "abnormal"] * 3, "abcdef")
    with pytest.raises(UserError, match="6 images of the data set are too few; a class needs 5"):
        _dealt(table, {"train": 0.6, "validation": 0.2, "test": 0.2}, by_image=True)


def test_few_images_of_many_body_parts_are_cut_all_the_same():
    # 60 patients over 14 strata: none holds as many images as there are slices.
    table = rows(["normal", "abnormal"] * 30, [f"p{row}" for row in range(60)],
                 body_part=[f"part{row // 2 % 7}" for row in range(60)])
    assert _dealt(table, seed=0)["part"].value_counts(normalize=True).to_dict() == pytest.approx(
        SHARES, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_each_of_ten_labels_reaches_each_part_though_strata_are_small(seed):
    # 200 patients of two images; 70 strata of 5.7 images, of which ten slices would get none.
    patients = np.repeat(np.arange(200), 2)
    parts = np.random.default_rng(seed).integers(0, 7, size=200)
    table = rows([f"type{patient % 10}" for patient in patients], [f"p{patient}" for patient in
                 patients], body_part=[f"part{number}" for number in parts[patients]])
    found = _dealt(table, {"train": 0.8, "validation": 0.1, "test": 0.1}, seed=seed)
    assert found.groupby(["part", "label"]).size().to_dict() == {
        (part, f"type{number}"): 32 if part == "train" else 4
        for part in PARTS for number in range(10)}
