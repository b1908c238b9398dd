"""Folds are pooled when they belong together and cover everything; otherwise it is said why not."""

import pandas as pd
import pytest

from osteon.aggregation import SHORTCUTS
from osteon.combination import Combination
from osteon.errors import UserError
from osteon.evaluation import About, evaluate, tables
from osteon.folds import Fold, measure, pool, read_folds

LABELS = ("normal", "abnormal")
WINNER = Combination.plain(("one", "two"), LABELS)


def _fold(held_out, paths, protocol="folds", *, shortcut="sizes", wrong=(), **settings):
    """Give a fold of one image a study; a letter's number, odd or even, is its label."""
    odd = [ord(name) % 2 for name in paths]
    last = [0.9 if found != (name in wrong) else 0.1
            for name, found in zip(paths, odd, strict=True)]
    rows = pd.DataFrame({
        "path": list(paths), "study_id": list(paths), "group_id": list(paths), "body_part": "hand",
        "target": odd})
    for name in ("one", "two", *([SHORTCUTS] if shortcut else [])):
        rows = rows.assign(**{f"{name}:normal": [1 - p for p in last], f"{name}:abnormal": last})
    by_level = tables(rows, WINNER)
    about = About(LABELS, WINNER.members, "mean", WINNER.thresholds, shortcut, 100, 0)
    return Fold(f"exp{held_out}", held_out,
                {"split": {"protocol": protocol, "folds": 3}, **settings}, by_level,
                evaluate(by_level, about).to_json())


def test_three_folds_become_one_table():
    pooled = pool([_fold(0, "ab"), _fold(1, "cd"), _fold(2, "ef")])
    assert list(pooled["image"]["path"]) == list("abcdef")
    assert list(pooled["image"]["fold"]) == [0, 0, 1, 1, 2, 2]
    assert list(pooled["study"]["study_id"]) == list("abcdef")


@pytest.mark.parametrize(("folds", "words"), [
    pytest.param([_fold(0, "ab"), _fold(2, "ef")], "2 of 3 have run.*split.fold=1'",
                 id="one is missing"),
    pytest.param([_fold(0, "ab"), _fold(1, "bc"), _fold(2, "d")], "1 images are tested twice .b,",
                 id="an image in two folds"),
    pytest.param([_fold(0, "ab", seed=1), _fold(1, "c", seed=2), _fold(2, "d", seed=1)],
                 "exp0 and exp1 differ in seed", id="other settings"),
])
def test_folds_that_do_not_belong_together_are_refused(folds, words):
    with pytest.raises(UserError, match=words):
        pool(folds)


def test_left_out_body_parts_are_pooled_without_a_count():
    pooled = pool([_fold("hand", "ab", "body_part"), _fold("hip", "cd", "body_part")])
    assert len(pooled["image"]) == 4


def test_figures_are_of_all_images_together():
    folds = [_fold(0, "ab", wrong="a"), _fold(1, "cd"), _fold(2, "ef")]  # one wrong of six
    found = measure(folds, pool(folds), resamples=200, seed=0)
    for level in ("image", "study"):
        figures = found.levels[level].figures
        assert set(figures) == {"ensemble", "one", "two"}
        assert figures["ensemble"]["accuracy"].value == pytest.approx(5 / 6, abs=1e-6)
        # a, at .1, ties with b, d and f and stands behind none.
        assert figures["ensemble"]["auroc"].value == pytest.approx((1.5 + 3 + 3) / 9, abs=1e-6)
        assert found.levels[level].shortcut.above["auroc"].value == 0
        assert found.levels[level].threshold is None


def test_a_fold_without_a_baseline_leaves_none_to_be_pooled():
    folds = [_fold(0, "ab"), _fold(1, "cd", shortcut=None), _fold(2, "ef")]
    assert measure(folds, pool(folds), resamples=200, seed=0).levels["image"].shortcut is None


def test_outside_a_project_it_is_said_where_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^folds: .*; run it in the project's own folder$"):
        read_folds("artifacts/evaluate")
