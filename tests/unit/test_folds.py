"""Folds are pooled when they belong together and cover everything; otherwise it is said why not."""

import pandas as pd
import pytest

from osteon.combination import Combination
from osteon.errors import UserError
from osteon.folds import Fold, measure, pool

WINNER = Combination("mean", ("one",), (1.0,), {"image": (0.5,), "study": (0.5,)},
                     {"image": 0.5, "study": 0.5})


def _fold(held_out, paths, protocol="folds", **settings):
    rows = pd.DataFrame({
        "path": list(paths), "study_id": list(paths), "group_id": list(paths), "body_part": "hand",
        "target": [ord(name) % 2 for name in paths],
        "probability": [0.9 if ord(name) % 2 else 0.1 for name in paths]})
    rows["verdict"] = rows["probability"] >= 0.5
    return Fold(f"exp{held_out}", held_out,
                {"split": {"protocol": protocol, "folds": 3}, **settings}, rows, WINNER)


def test_three_folds_become_one_table():
    pooled = pool([_fold(0, "ab"), _fold(1, "cd"), _fold(2, "ef")])
    assert list(pooled["path"]) == list("abcdef")
    assert list(pooled["fold"]) == [0, 0, 1, 1, 2, 2]


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
    assert len(pooled) == 4


def test_figures_are_of_all_images_together():
    folds = [_fold(0, "ab"), _fold(1, "cd"), _fold(2, "ef")]
    folds[0].predictions.loc[0, ["probability", "verdict"]] = [0.2, False]  # one wrong of six
    scores = measure(folds, pool(folds), resamples=200, seed=0)
    for level in ("image", "study"):
        assert scores[level]["accuracy"].value == pytest.approx(5 / 6, abs=1e-6)
        assert scores[level]["auroc"].value == 1.0
