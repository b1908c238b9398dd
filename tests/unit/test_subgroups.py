"""Body parts, views and sizes as a reader would name them."""

import pandas as pd
import pytest

from osteon import subgroups

TABLE = pd.DataFrame({
    "body_part": ["hip", "hand", "hip", "hand"], "view": ["", "lateral", "", "frontal"],
    "width_px": [400, 900, 300, 500], "height_px": [300, 100, 600, 500]})


def _names(found):
    return {kind: {name: list(rows.index) for name, rows in parts.items()}
            for kind, parts in found.items()}


def test_rows_are_told_by_part_view_and_size():
    assert _names(subgroups.of(TABLE)) == {
        "body_part": {"hand": [1, 3], "hip": [0, 2]},
        "view": {"frontal": [3], "lateral": [1], "unknown": [0, 2]},
        "size": {"400 to 500 px": [0, 3], "600 px": [2], "900 px": [1]}}


@pytest.mark.parametrize(("changed", "kinds"), [
    pytest.param({"body_part": "hip"}, ["view", "size"], id="one body part"),
    pytest.param({"view": ""}, ["body_part", "size"], id="no views"),
    pytest.param({"width_px": 640, "height_px": 512}, ["body_part", "view"], id="one size"),
])
def test_what_does_not_vary_is_no_subgroup(changed, kinds):
    assert list(subgroups.of(TABLE.assign(**changed))) == kinds


def test_studies_have_no_view_and_no_size():
    assert list(subgroups.of(TABLE[["body_part"]])) == ["body_part"]


@pytest.mark.parametrize(("sides", "names"), [
    pytest.param([100, 200, 300, 400, 500, 600],
                 ["100 to 200 px", "300 to 400 px", "500 to 600 px"], id="thirds"),
    pytest.param([100, 100, 900], ["100 px", "900 px"], id="nothing between two sizes"),
    pytest.param([454] * 8 + [2304], ["454 px", "2304 px"], id="a common size is never divided"),
    pytest.param([512], ["512 px"], id="one image"),
])
def test_sizes_are_thirds_by_the_longer_side(sides, names):
    found = subgroups.sizes(pd.DataFrame({"width_px": sides, "height_px": 50}))
    assert list(found.cat.categories) == names
    assert found.notna().all()
