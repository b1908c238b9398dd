"""Drift is told of planted shifts, and of the columns that have shifted."""

import numpy as np
import pandas as pd
import pytest

from osteon.drift import compare, watched
from osteon.errors import UserError
from osteon.records import STATISTICS, probability_columns
from osteon.sections.verdict import Drift

SETTINGS = Drift(column_threshold=0.3, share_of_columns=0.5, least_images=50)


@pytest.mark.parametrize(("labels", "expected"), [
    pytest.param(("normal", "abnormal"), ["ensemble:abnormal"], id="of two classes the last"),
    pytest.param(("x", "y", "z"), ["ensemble:x", "ensemble:y", "ensemble:z"], id="of more each"),
])
def test_the_watched_columns(labels, expected):
    assert watched(probability_columns("ensemble", labels)) == [*STATISTICS, *expected]


def _table(seed, rows=200, **shift):
    random = np.random.default_rng(seed)
    return pd.DataFrame({name: random.normal(shift.get(name, 0), 1, rows)
                         for name in ("mean", "ensemble:x", "ensemble:y")})


def test_a_planted_shift_is_named_with_its_size(tmp_path):
    columns = ["mean", "ensemble:x", "ensemble:y"]
    found = compare(_table(0), _table(1, **{"ensemble:x": 2.0}), columns, SETTINGS,
                    tmp_path / "page.html", mark="LEAKY: planted")
    assert [column.drifted for column in found.columns] == [False, True, False]
    assert found.columns[1].distance == pytest.approx(2, abs=0.3)
    assert not found.drifted  # one of three is less than half
    assert "1 of 3 columns moved" in found.verdict
    assert "LEAKY: planted" in (tmp_path / "page.html").read_text()


def test_of_few_images_nothing_is_said(tmp_path):
    with pytest.raises(UserError, match="40 current images are fewer than"):
        compare(_table(0), _table(1, rows=40), ["mean"], SETTINGS, tmp_path / "p.html", mark="")
