"""The shortcut baseline's columns: who learns from which rows, and who is judged."""

import numpy as np
import pandas as pd
import pytest

from osteon import params
from osteon.aggregation import of_member
from osteon.baseline import beside_folds, beside_part
from osteon.records import BORDER, SIZE, STATISTICS
from osteon.splits import Splits
from project import ROOT
from rows import rows

LABELS = ("a", "b")
PARTS = ["train"] * 80 + ["validation"] * 40 + ["test"] * 40


@pytest.fixture(scope="module")
def settings():
    found = params.load(ROOT / "params.yaml")
    dataset = found.dataset.model_copy(update={"labels": LABELS})
    return found.model_copy(update={"dataset": dataset})


def _cut(widths):
    return Splits(rows(LABELS * 80, [f"p{row}" for row in range(160)], part=PARTS,
                       **dict.fromkeys([*SIZE, *STATISTICS, *BORDER], 1.0)).assign(
        width_px=widths))


def _right(images, cut):
    said = of_member(images, "shortcuts", LABELS).argmax(axis=1)
    return np.mean(said == (cut.table["label"][images.index] == "b"))


BETRAYED = np.tile([200, 300], 80)
TURNED = np.concatenate([BETRAYED[:80], 500 - BETRAYED[80:]])  # the other way round after training


def test_it_learns_from_the_parts_that_are_named(settings):
    of_test = pd.DataFrame(index=range(120, 160))
    found, read = beside_part(of_test, _cut(BETRAYED), ["train"], "test", settings)
    assert (_right(found, _cut(BETRAYED)), read) == (1, "size")
    found, _ = beside_part(of_test, _cut(TURNED), ["train"], "test", settings)
    assert _right(found, _cut(TURNED)) == 0
    found, _ = beside_part(of_test, _cut(TURNED), ["validation"], "test", settings)
    assert _right(found, _cut(TURNED)) == 1


def test_each_fold_is_judged_by_what_the_others_show(settings):
    noise = np.random.default_rng(0).integers(200, 300, 160)
    for widths, least, most in ((BETRAYED, 1, 1), (noise, 0.3, 0.7)):
        images = pd.DataFrame({"fold": np.arange(120) // 40})
        found, _ = beside_folds(images, _cut(widths), settings)
        assert least <= _right(found, _cut(widths)) <= most  # trees know by heart what they see


def test_where_nothing_varies_there_is_none(settings):
    images = pd.DataFrame({"fold": np.arange(120) // 40})
    found, read = beside_folds(images, _cut(np.full(160, 200)), settings)
    assert (list(found), read) == (["fold"], None)
