"""Every protocol on forty patients of two images, one of each label, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from osteon.cuts import cut
from osteon.errors import UserError
from osteon.records import PARTS
from osteon.splits import LeakySplits, Splits
from rows import protocol, rows

LABELS = ("normal", "abnormal")


def _forty(**columns):
    return rows(LABELS * 40, [f"p{row // 2:02d}" for row in range(80)], **columns)


def _official(**sizes):
    """Give the first patients to one official part, the next to another."""
    return _forty(official_split=np.repeat(list(sizes), [2 * size for size in sizes.values()]))


def _counts(table):
    return tuple((table["part"] == part).sum() for part in PARTS)


@pytest.mark.parametrize(("index", "settings", "counts", "asked"), [
    pytest.param(_forty(), protocol(train=0.6, validation=0.2, test=0.2), (48, 16, 16),
                 {"train": 0.6, "validation": 0.2, "test": 0.2}, id="ratio: 24, 8, 8 patients"),
    pytest.param(_official(train=24, valid=10, test=6), protocol("official"), (48, 20, 12), {},
                 id="official: as it is"),
    pytest.param(_official(Training=24, VAL=10, testing=6), protocol("official"), (48, 20, 12), {},
                 id="official, by other names"),
    pytest.param(_official(train=30, valid=10), protocol("official_carved"), (48, 12, 20),
                 {"train": 0.6, "validation": 0.15}, id="carved, tested on validation: 60 as 4:1"),
    pytest.param(_official(train=30, test=10), protocol("official_carved"), (48, 12, 20),
                 {"train": 0.6, "validation": 0.15}, id="carved, with an official test part"),
    pytest.param(_official(train=30, valid=5, test=5), protocol("official_carved"), (56, 14, 10),
                 {"train": 0.7, "validation": 0.175}, id="carved out of both, tested on the third"),
    pytest.param(_official(train=30, valid=10), protocol(
        "official_test_carved", train=0.92, validation=0.072, test=0.008), (60, 18, 2),
        {"validation": 0.225, "test": 0.025}, id="dataset 1: 20 as 9:1"),
    pytest.param(_forty(), protocol("folds"), (52, 12, 16), {"train": 0.65, "validation": 0.15},
                 id="folds: 8 patients tested, 12 images of all 80 for validation"),
    pytest.param(_forty(body_part=["hand"] * 60 + ["wrist"] * 20),
                 protocol("body_part", body_part="wrist"), (48, 12, 20),
                 {"train": 0.6, "validation": 0.15}, id="body part: 60 hands as 4:1"),
])
def test_a_protocol_cuts_as_it_says(index, settings, counts, asked):
    found = cut(index, settings, LABELS, seed=0)
    assert isinstance(found.splits, Splits)
    assert _counts(found.splits.table) == counts
    assert found.asked == pytest.approx(asked)
    assert found.left_out.empty
    assert found.splits.protocol == settings.protocol


def test_official_parts_are_kept_image_by_image():
    index = _official(train=24, valid=10, test=6)
    found = cut(index, protocol("official"), LABELS, seed=0).splits.table
    assert found["part"].replace({"validation": "valid"}).equals(index["official_split"])


def test_every_row_keeps_its_place_and_its_columns():
    index = _forty(meta_hardware=[1.5] * 80)
    found = cut(index, protocol(), LABELS, seed=0).splits.table
    pd.testing.assert_frame_equal(found.drop(columns="part"), index)
    assert list(found)[-1] == "part"


def test_folds_are_disjoint_and_together_the_whole():
    tested = [set(cut(_forty(), protocol("folds", fold=fold), LABELS, seed=3).splits.part(
        "test")["path"]) for fold in range(5)]
    assert [len(paths) for paths in tested] == [16] * 5
    assert set().union(*tested) == set(_forty()["path"])


def test_a_body_part_is_left_out_with_the_groups_that_have_it():
    # p30 to p35 have wrists alone, p36 to p39 a wrist and a hand.
    index = _forty(body_part=["hand"] * 60 + ["wrist"] * 12 + ["wrist", "hand"] * 4)
    found = cut(index, protocol("body_part", body_part="wrist"), LABELS, seed=0)
    assert _counts(found.splits.table) == (48, 12, 16)
    assert set(found.splits.part("test")["body_part"]) == {"wrist"}
    assert set(found.splits.part("train", "validation")["body_part"]) == {"hand"}
    assert found.left_out["path"].tolist() == ["73.png", "75.png", "77.png", "79.png"]
    assert found.left_out["reason"][0] == "its group also has images in the test part (wrist)"


def test_an_unknown_body_part_names_those_that_occur():
    index = _forty(body_part=["hand", "wrist"] * 40)
    with pytest.raises(UserError, match=r"split.body_part: no image shows 'knee'; .* hand, wrist$"):
        cut(index, protocol("body_part", body_part="knee"), LABELS, seed=0)


def test_three_labels_are_cut_like_two():
    labels = ("normal", "osteopenia", "osteoporosis")
    index = rows(labels * 40, [f"p{row // 3}" for row in range(120)])
    found = cut(index, protocol(train=0.6, validation=0.2, test=0.2), labels, seed=0).splits.table
    assert found.groupby(["part", "label"]).size().tolist() == [8] * 3 + [24] * 3 + [8] * 3


@pytest.mark.parametrize(("name", "sizes", "words"), [
    pytest.param("official", {"train": 30, "valid": 10},
                 ["train (60 images), valid (20 images)", "missing: test", "split=official_carved"],
                 id="official without a test part"),
    pytest.param("official", {"valid": 40}, ["missing: train, test"], id="one part alone"),
    pytest.param("official", {"": 40}, ["the official part '' of 80 images", "split=ratio"],
                 id="no official parts"),
    pytest.param("official", {"train": 30, "holdout": 10},
                 ["'holdout' of 20 images is none of train, training, valid"], id="an odd name"),
    pytest.param("official_carved", {"train": 40}, ["needs a test or validation part"],
                 id="nothing to test on"),
    pytest.param("official_carved", {"test": 40}, ["missing: train"], id="nothing to carve"),
    pytest.param("official_test_carved", {"train": 40}, ["missing: validation"], id="nothing held"),
    pytest.param("official_test_carved", {"train": 20, "valid": 10, "test": 10},
                 ["has an official test part"], id="a test part that would go unused"),
])
def test_official_parts_that_do_not_fit_are_named(name, sizes, words):
    with pytest.raises(UserError) as refused:
        cut(_official(**sizes), protocol(name), LABELS, seed=0)
    for word in words:
        assert word in str(refused.value)


def _divided():
    """p22 (train) shares a group with p34 (test), p23 (train) with p25 (validation)."""
    index = _official(train=24, valid=10, test=6)
    joined = index["patient_id"].replace({"p34": "p22", "p25": "p23"})
    return index.assign(group_id=joined)


def test_a_group_that_official_parts_divide_is_refused_by_name():
    with pytest.raises(UserError, match="2 groups of images") as refused:
        cut(_divided(), protocol("official"), LABELS, seed=0)
    for words in ("p22 (the official train part, the official test part)",
                  "p23 (the official train part, the official validation part)",
                  "split.crossing=drop", "split.as_published=true", "split=ratio"):
        assert words in str(refused.value)


def test_dropped_images_leave_training_and_the_test_part_stays():
    found = cut(_divided(), protocol("official", crossing="drop"), LABELS, seed=0)
    assert isinstance(found.splits, Splits)
    assert _counts(found.splits.table) == (44, 20, 12)
    assert found.left_out[["patient_id", "reason"]].drop_duplicates().to_numpy().tolist() == [
        ["p22", "its group also has images in the official test part"],
        ["p23", "its group also has images in the official validation part"]]


def test_what_is_carved_together_may_be_divided_by_the_authors():
    # Train and validation are cut anew: only p22 and p34 are in each other's way.
    found = cut(_divided(), protocol("official_carved", crossing="drop"), LABELS, seed=0)
    assert found.left_out["patient_id"].tolist() == ["p22", "p22"]


@pytest.mark.parametrize(("name", "index", "how"), [
    pytest.param("ratio", _forty(), "cut by image", id="ratio"),
    pytest.param("official", _divided(), "cut by the official parts", id="official"),
    pytest.param("official_carved", _divided(), "cut by image", id="carved"),
])
def test_as_published_is_leaky_and_says_why(name, index, how):
    found = cut(index, protocol(name, as_published=True), LABELS, seed=0)
    assert isinstance(found.splits, LeakySplits)
    assert found.splits.reasons[0] == f"{how}, as published"
    assert "in several parts: " in found.splits.reasons[1]
    assert len(found.splits.table) == 80
    assert found.left_out.empty


def test_as_published_without_a_known_leak_is_leaky_all_the_same():
    index = rows(LABELS * 40, [f"p{row}" for row in range(80)])
    found = cut(index, protocol(as_published=True), LABELS, seed=0).splits
    assert found.mark == "LEAKY: cut by image, as published"


def _mura(train, valid):
    random = np.random.default_rng(0)
    images = train + valid
    return rows(np.where(random.random(images) < 0.4, *LABELS[::-1]),
                [f"p{row // 4}" for row in range(images)],
                official_split=["train"] * train + ["valid"] * valid)


def test_the_first_published_cut_of_mura_has_its_published_counts():
    settings = protocol("official_test_carved", train=0.92, validation=0.072, test=0.008,
                        as_published=True)
    found = cut(_mura(400, 3_197), settings, LABELS, seed=0).splits.table
    assert _counts(found) == (400, 2_877, 320)


def test_the_second_published_cut_of_mura_has_its_published_counts():
    settings = protocol(train=0.6, validation=0.2, test=0.2, as_published=True)
    found = cut(_mura(36_808, 3_197), settings, LABELS, seed=0).splits.table
    assert _counts(found) == (24_003, 8_001, 8_001)


@pytest.mark.parametrize(("index", "settings", "words"), [
    pytest.param(rows(["normal"] * 100 + ["abnormal"], [f"p{row}" for row in range(101)]),
                 protocol(train=0.05, validation=0.05, test=0.9),
                 "no image labelled 'abnormal' in train; give split.train a larger share, or add "
                 "patients with that label", id="one abnormal image"),
    pytest.param(rows(["normal"] * 60, [f"p{row}" for row in range(60)]), protocol(),
                 "no image labelled 'abnormal' in train", id="a label that never occurs"),
    pytest.param(rows(["normal"] * 20 + list(LABELS) * 30, [f"p{row}" for row in range(80)],
                      body_part=["wrist"] * 20 + ["hand"] * 60),
                 protocol("body_part", body_part="wrist"),
                 "no image labelled 'abnormal' in test; add some, or cut anew: split=ratio",
                 id="a body part without a finding"),
])
def test_a_part_that_would_lack_a_class_is_refused_with_a_remedy(index, settings, words):
    with pytest.raises(UserError) as refused:
        cut(index, settings, LABELS, seed=0)
    assert words in str(refused.value)
