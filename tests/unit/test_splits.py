"""No patient and no file on both sides of a cut, whatever else the cut has to give up."""

import numpy as np
import pandas as pd
import pytest

from osteon.errors import UserError
from osteon.params import Split
from osteon.records import INDEX, PARTS
from osteon.splits import LeakError, Splits, group_ids, split

LABELS = ("normal", "abnormal")
SHARES = Split(train=0.6, validation=0.15, test=0.25)
BODY_PARTS = ["elbow", "hand", "wrist"]


def _index(labels, patients, body_parts=None, prints=None):
    """Rows with what a cut looks at; all else is left empty."""
    table = pd.DataFrame("", index=range(len(labels)), columns=INDEX)
    return table.assign(
        label=labels, patient_id=patients,
        sha256=[f"file{row}" for row in range(len(labels))] if prints is None else prints,
        body_part=BODY_PARTS[0] if body_parts is None else body_parts)


def _four_hundred_groups():
    random = np.random.default_rng(8)
    patients = np.repeat(np.arange(400), random.integers(1, 5, size=400))
    return _index(np.where(random.random(len(patients)) < 0.4, *LABELS[::-1]),
                  [f"p{patient}" for patient in patients],
                  np.array(BODY_PARTS)[patients % 3])


@pytest.fixture(scope="module")
def index():
    return _four_hundred_groups()


@pytest.fixture(scope="module")
def table(index):
    return split(index, SHARES, LABELS, seed=1).table


def _crossing(table, column):
    return (table.groupby(column)["part"].nunique() > 1).sum()


@pytest.mark.parametrize(("patients", "prints", "expected"), [
    pytest.param("abc", "123", "abc", id="nothing shared"),
    pytest.param("aab", "123", "aab", id="one patient, two images"),
    pytest.param("aabbc", "12233", "aaaaa", id="a-b share one file, b-c another: one group"),
    pytest.param("cbba", "1122", "aaaa", id="named after the first name, not the first row"),
    pytest.param(["10", "9"], "11", ["10", "10"], id="names are text: 10 before 9"),
    pytest.param("abcd", "1122", "aacc", id="two pairs stay two groups"),
])
def test_patients_who_share_a_file_are_one_group(patients, prints, expected):
    assert group_ids(list(patients), list(prints)) == list(expected)


def test_a_table_with_a_group_in_two_parts_cannot_be_made():
    rows = pd.DataFrame({"group_id": ["a", "b", "b"], "part": ["train", "train", "test"]})
    with pytest.raises(LeakError, match=r"1 groups lie in several parts: \['b'\]"):
        Splits(rows)
    assert len(Splits(rows.iloc[:2]).table) == 2


@pytest.mark.parametrize("seed", range(3))
def test_no_patient_and_no_file_crosses_a_cut(index, seed):
    copies = index.copy()
    copies.loc[::10, "sha256"] = copies["sha256"].iloc[:len(copies) // 50 + 1].repeat(
        6).to_numpy()[:len(copies.loc[::10])]
    found = split(copies, SHARES, LABELS, seed).table
    assert copies["sha256"].duplicated().sum() > 50
    assert _crossing(found, "patient_id") == 0
    assert _crossing(found, "sha256") == 0


def test_every_row_keeps_its_place(index, table):
    pd.testing.assert_frame_equal(table[INDEX], index)


@pytest.mark.parametrize("shares", [
    pytest.param((0.6, 0.15, 0.25), id="as the project cuts"),
    pytest.param((0.8, 0.1, 0.1), id="a small test part"),
    pytest.param((0.05, 0.05, 0.9), id="the smallest parts allowed"),
])
def test_parts_have_their_shares_of_the_images(index, shares):
    wanted = dict(zip(PARTS, shares, strict=True))
    found = split(index, Split(**wanted), LABELS, seed=2).table["part"]
    assert found.value_counts(normalize=True).to_dict() == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("column", ["label", "body_part"])
def test_each_part_looks_like_the_whole(index, table, column):
    whole = index[column].value_counts(normalize=True).to_dict()
    for part in PARTS:
        found = table.loc[table["part"] == part, column].value_counts(normalize=True).to_dict()
        assert found == pytest.approx(whole, abs=0.05), part


def test_the_seed_alone_decides(index, table):
    again = split(index, SHARES, LABELS, seed=1).table
    other = split(index, SHARES, LABELS, seed=2).table
    pd.testing.assert_frame_equal(again, table)
    assert (other["part"] != table["part"]).mean() > 0.1


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_a_class_that_a_part_would_lack_is_refused_with_a_remedy():
    labels = ["normal"] * 100 + ["abnormal"]
    with pytest.raises(UserError, match="no image labelled 'abnormal' in train") as refused:
        split(_index(labels, [f"p{row}" for row in range(101)]),
              Split(train=0.05, validation=0.05, test=0.9), LABELS, seed=0)
    assert "give split.train a larger share, or add patients" in str(refused.value)


def test_a_label_that_never_occurs_is_refused():
    with pytest.raises(UserError, match="no image labelled 'abnormal'"):
        split(_index(["normal"] * 60, [f"p{row}" for row in range(60)]), SHARES, LABELS, seed=0)


def test_too_few_groups_are_refused_by_number():
    index = _index(["normal", "abnormal"] * 50, [f"p{row % 19}" for row in range(100)])
    with pytest.raises(UserError, match=r"only 19 groups .* at least 20"):
        split(index, SHARES, LABELS, seed=0)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_few_images_of_many_body_parts_are_cut_all_the_same():
    # 60 patients over 14 strata: none holds as many images as there are slices.
    labels = ["normal", "abnormal"] * 30
    parts = [f"part{row // 2 % 7}" for row in range(60)]
    found = split(_index(labels, [f"p{row}" for row in range(60)], parts), SHARES, LABELS, seed=0)
    assert found.table["part"].value_counts(normalize=True).to_dict() == pytest.approx(
        {"train": 0.6, "validation": 0.15, "test": 0.25}, abs=0.1)
