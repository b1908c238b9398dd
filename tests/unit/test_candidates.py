"""Each way to combine members, fitted to rows where the right answer is planted."""

from dataclasses import replace

import numpy as np
import pytest

from osteon.candidates import Candidate, Rows, candidates, fit, table, with_members
from osteon.sections.verdict import Ensemble

SETTINGS = Ensemble(metric="auroc", folds=4, threshold_rule="youden", required_sensitivity=0.9,
                    study_rule="auto")
TARGET = np.tile([0, 1], 30)
RIGHT = 0.05 + 0.9 * TARGET


def _noise(seed, rows=60):
    return np.random.default_rng(seed).random(rows)


def _rows(target, *last, labels=("normal", "abnormal"), parts=None, studies=None):
    """One image a patient; members a, b, c, ... by their probability of the last label."""
    names = np.array([f"g{number:03d}" for number in range(len(target))], object)
    last = np.stack([np.asarray(values, float) for values in last], axis=1)
    return Rows(tuple("abcdefghijk"[:last.shape[1]]), labels, np.stack([1 - last, last], axis=2),
                np.asarray(target), names, names if studies is None else np.array(studies, object),
                np.full(len(target), "hand", object) if parts is None else np.array(parts, object))


def _methods(rows):
    return [str(candidate) for candidate in candidates(rows)]


@pytest.mark.parametrize(("rows", "expected"), [
    pytest.param(_rows(TARGET, RIGHT), ["single:a"], id="one member"),
    pytest.param(_rows(TARGET, RIGHT, RIGHT), [
        "single:a", "single:b", "mean", "majority", "weighted", "calibrated", "subset", "stacking"],
        id="two members, the simplest first; one body part leaves nothing to choose by"),
    pytest.param(_rows(TARGET, RIGHT, RIGHT, parts=["hand"] * 30 + ["wrist"] * 30), [
        "single:a", "single:b", "mean", "majority", "weighted", "calibrated", "subset", "stacking",
        "per_part"], id="two body parts"),
    pytest.param(_rows(TARGET, RIGHT, RIGHT, parts=["hand"] * 41 + ["wrist"] * 19), [
        "single:a", "single:b", "mean", "majority", "weighted", "calibrated", "subset", "stacking"],
        id="of nineteen wrists nothing can be told"),
    pytest.param(_rows(TARGET, RIGHT, RIGHT, parts=["hand"] * 30 + [""] * 30), [
        "single:a", "single:b", "mean", "majority", "weighted", "calibrated", "subset", "stacking"],
        id="an unnamed part is none"),
])
def test_the_candidates_that_apply(rows, expected):
    assert _methods(rows) == expected


def test_of_nine_members_not_every_subset_is_tried():
    assert {"subset", "per_part"}.isdisjoint(_methods(_rows(TARGET, *[RIGHT] * 9)))
    assert "subset" in _methods(_rows(TARGET, *[RIGHT] * 8))


@pytest.mark.parametrize("planted", ["a", "b", "c"])
@pytest.mark.parametrize("method", ["weighted", "subset"])
def test_weights_find_the_planted_member(method, planted):
    columns = [RIGHT if member == planted else _noise(seed) for seed, member in enumerate("abc")]
    found = fit(Candidate(method), _rows(TARGET, *columns), SETTINGS, "mean")
    assert max(found.weights, key=found.weights.get) == planted
    assert found.weights[planted] >= 0.8
    assert found.thresholds["image"] == pytest.approx(0.5, abs=0.2)


def test_a_single_member_has_all_the_weight():
    found = fit(Candidate("single", "b"), _rows(TARGET, _noise(1), RIGHT), SETTINGS, "mean")
    assert found.weights == {"a": 0, "b": 1}
    assert found.thresholds == pytest.approx({"image": 0.5, "study": 0.5})


def test_an_overconfident_member_is_softened_and_a_timid_one_sharpened():
    random = np.random.default_rng(3)
    logits = random.normal(0, 1.5, 600)
    target = (random.random(600) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    said = [1 / (1 + np.exp(-logits * factor)) for factor in (1, 4, 0.5)]
    found = fit(Candidate("calibrated"), _rows(target, *said), SETTINGS, "mean")
    assert found.temperatures == pytest.approx({"a": 1, "b": 4, "c": 0.5}, rel=0.2)
    assert list(found.weights.values()) == pytest.approx([1 / 3] * 3)


def test_each_body_part_gets_the_member_that_knows_it():
    parts = np.repeat(["hand", "wrist", "knee"], [30, 20, 10])
    hand, wrist = (np.where(parts == part, RIGHT, _noise(seed)) for seed, part in
                   enumerate(("hand", "wrist")))
    found = fit(Candidate("per_part"), _rows(TARGET, hand, wrist, parts=parts), SETTINGS, "mean")
    assert found.part_weights == {"hand": {"a": 1, "b": 0}, "wrist": {"a": 0, "b": 1}}
    assert found.weights == {"a": 0.5, "b": 0.5}  # for the ten knees, and parts not seen


@pytest.mark.parametrize(("rule", "expected"), [
    pytest.param("youden", 0.5, id="half of the votes, by definition"),
    pytest.param("kappa", 0.5, id="whatever is maximised"),
    pytest.param("sensitivity", 1 / 6, id="but as few as a required sensitivity takes"),
])
def test_how_many_votes_a_verdict_takes(rule, expected):
    sees = np.arange(60) // 2 % 3  # each member sees another third of the positive images
    columns = [np.where((TARGET == 1) & (sees == number), 0.9, 0.1) for number in range(3)]
    settings = SETTINGS.model_copy(update={"threshold_rule": rule, "required_sensitivity": 0.33})
    found = fit(Candidate("majority"), _rows(TARGET, *columns), settings, "mean")
    assert found.member_thresholds["a"]["image"] == pytest.approx(0.5)
    assert found.thresholds["image"] == pytest.approx(expected)


def test_thresholds_of_studies_are_fitted_to_their_pool():
    # Images of a study: .2 and .6 (negative), .4 and .9 (positive), so means of .4 and .65.
    studies = [f"s{row // 2}" for row in range(20)]
    rows = _rows(np.tile([0, 0, 1, 1], 5), np.tile([0.2, 0.6, 0.4, 0.9], 5), studies=studies)
    by_mean = fit(Candidate("single", "a"), rows, SETTINGS, "mean")
    assert by_mean.thresholds["study"] == pytest.approx((0.4 + 0.65) / 2)
    own = with_members(by_mean, rows, SETTINGS).member_thresholds
    assert own["a"] == pytest.approx({"image": 0.75, "study": (0.4 + 0.65) / 2})
    assert by_mean.thresholds["image"] == pytest.approx((0.9 + 0.6) / 2)
    by_largest = fit(Candidate("single", "a"), rows, SETTINGS, "max")
    assert (by_largest.study_rule, by_largest.thresholds["study"]) == ("max", pytest.approx(0.75))


def test_a_study_has_the_group_and_the_label_of_its_images():
    rows = replace(_rows([0, 1, 0], [0.2, 0.4, 0.6], studies=["t", "s", "t"]),
                   groups=np.array(["q", "p", "q"], object))
    found = table(rows, rows.of_members[:, 0], "study", "max")
    assert list(found.targets) == [1, 0]
    assert list(found.groups) == ["p", "q"]
    assert list(found.probabilities[:, 1]) == pytest.approx([0.4, 0.6])


def test_more_than_two_classes_have_no_threshold():
    of_members = np.random.default_rng(0).dirichlet([1, 1, 1], (60, 2))
    rows = replace(_rows(TARGET, RIGHT, RIGHT), labels=("x", "y", "z"), of_members=of_members,
                   targets=np.tile([0, 1, 2], 20))
    for candidate in candidates(rows):
        found = fit(candidate, rows, SETTINGS, "max")
        assert found.thresholds == {"image": None, "study": None}
        probabilities = found.probabilities(of_members, ["hand"] * 60)
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(60))


CERTAIN = TARGET.astype(float)
DEGENERATE = [
    pytest.param(_rows(TARGET, CERTAIN, CERTAIN, 1 - CERTAIN), id="exactly 0 and 1"),
    pytest.param(_rows(np.zeros(60, int), RIGHT, _noise(1)), id="the last class is absent"),
    pytest.param(_rows(np.ones(60, int), RIGHT, _noise(1)), id="the first class is absent"),
    pytest.param(_rows([1], [0.7], [0.2]), id="one image"),
    pytest.param(_rows(TARGET, np.full(60, 0.5), np.full(60, 0.5)), id="all one prediction"),
    pytest.param(_rows(TARGET, np.ones(60), np.zeros(60)), id="all one certain prediction"),
    pytest.param(_rows(TARGET, RIGHT, RIGHT), id="ties throughout"),
]


@pytest.mark.parametrize("rows", DEGENERATE)
@pytest.mark.filterwarnings("error")
def test_degenerate_rows_give_probabilities_and_thresholds_all_the_same(rows):
    for candidate in candidates(rows):
        found = fit(candidate, rows, SETTINGS, "noisy_or")
        probabilities = found.probabilities(rows.of_members, rows.parts.tolist())
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(rows.targets)))
        assert probabilities.min() >= 0
        assert all(0 <= threshold <= 1 for threshold in found.thresholds.values())
