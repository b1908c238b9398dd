"""What a data set's own cut divides: planted twins and patients, by name."""

import pandas as pd
import pytest

from osteon.audit.official import crossing, official_parts
from osteon.duplicates import PAIRS


def _pairs(*ends):
    return pd.DataFrame([(a, b, "near", False, 0, 3, 0.97) for a, b in ends], columns=PAIRS)


def _table(**parts):
    """Make a row per image, its group and official part given as `group:part`."""
    rows = [(path, *told.split(":")) for path, told in parts.items()]
    return pd.DataFrame(rows, columns=["path", "group_id", "official_split"])


@pytest.mark.parametrize(("table", "pairs", "groups", "across"), [
    pytest.param(_table(a="1:train", b="1:train", c="2:test"), [("a", "b")], {}, [],
                 id="twins within a part"),
    pytest.param(_table(a="1:train", b="1:test", c="2:test"), [("a", "b")],
                 {"1": ["train", "test"]}, [("a", "b")], id="a twin across"),
    pytest.param(_table(a="1:train", b="1:test"), [], {"1": ["train", "test"]}, [],
                 id="a patient across, without a twin"),
    pytest.param(_table(a="1:train", b="1:valid", c="1:valid"), [("a", "b"), ("b", "c")],
                 {"1": ["train", "validation"]}, [("a", "b")],
                 id="only the pair that crosses is one across"),
    pytest.param(_table(a="1:", b="1:"), [("a", "b")], {}, [], id="no official parts"),
    pytest.param(_table(a="1:hand", b="1:wrist"), [("a", "b")], {}, [],
                 id="folders that are no parts"),
    pytest.param(_table(a="1:train", b="1:"), [("a", "b")], {}, [], id="one end in no part"),
])
def test_groups_and_pairs_across_are_named(table, pairs, groups, across):
    found = crossing(table, _pairs(*pairs))
    assert found.groups == groups
    assert list(zip(found.pairs["path_a"], found.pairs["path_b"], strict=True)) == across


def test_every_image_of_a_divided_group_is_told():
    found = crossing(_table(c="1:test", a="1:train", b="2:train"), _pairs(("a", "c")))
    assert found.to_json() == {
        "groups": 1, "pairs": 1, "images": {"1": {"a": "train", "c": "test"}}}


def test_parts_go_by_their_usual_names():
    table = pd.DataFrame({"official_split": ["Train", "valid", "val", "testing", "fold1", ""]})
    assert list(official_parts(table)) == ["train", "validation", "validation", "test", "", ""]
