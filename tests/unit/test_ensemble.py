"""The choice among combinations is made on rows that no combination was fitted to."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from osteon.candidates import Candidate, Rows, fit
from osteon.combination import Combination, softmax
from osteon.ensemble import choose
from osteon.intervals import to_json
from osteon.sections.verdict import Ensemble

SETTINGS = Ensemble(metric="auroc", folds=4, threshold_rule="youden", required_sensitivity=0.9,
                    study_rule="auto")
LABELS = ("normal", "abnormal")
TARGET = np.tile([0, 1], 30)
RIGHT = 0.05 + 0.9 * TARGET


def _images(target, columns=None, **members):
    """One image a study and a patient."""
    names = [f"g{number:03d}" for number in range(len(target))]
    table = {"target": target, "group_id": names, "study_id": names, "body_part": "hand"}
    for name, last in members.items():
        table |= {f"{name}:normal": 1 - np.asarray(last), f"{name}:abnormal": last}
    return pd.DataFrame({**table, **(columns or {})})


def _choose(images, members, settings=SETTINGS, labels=LABELS):
    return choose(images, members, labels, settings, resamples=100, seed=0)


def _noise(seed, rows=60):
    return np.random.default_rng(seed).random(rows)


def _values(choice):
    return {name: standing.estimate.value for name, standing in choice.candidates.items()}


def test_a_planted_member_among_noise_wins_by_itself():
    found = _choose(_images(TARGET, a=_noise(1), b=RIGHT, c=_noise(2)), "abc")
    assert (found.winner.method, found.winner.weights) == ("single", {"a": 0, "b": 1, "c": 0})
    assert _values(found)["single:b"] == 1
    assert _values(found)["mean"] < 1
    assert found.why.startswith("b alone has the best AUROC of 9 candidates on validation")


def test_members_that_err_apart_make_their_mean_win():
    random = np.random.default_rng(0)
    columns = {name: 0.35 * TARGET + 0.65 * random.random(60) for name in "abcd"}
    found = _choose(_images(TARGET, **columns), "abcd")
    values = _values(found)
    assert found.winner.method not in ("single", "majority")
    assert values["mean"] > max(values[f"single:{name}"] for name in "abcd")


def test_ties_go_to_the_simpler_and_the_reason_says_so():
    found = _choose(_images(TARGET, a=RIGHT, b=RIGHT), "ab")
    assert set(_values(found).values()) == {1}
    assert list(_values(found)) == ["single:a", "single:b", "mean", "majority", "weighted",
                                    "calibrated", "subset", "stacking"]
    assert found.winner.weights == {"a": 1, "b": 0}
    assert found.why == (
        "a alone has the best AUROC of 8 candidates on validation, each judged on groups it was "
        "not fitted to; as good and less simple: b alone, mean, majority, weighted, calibrated, "
        "subset, stacking. Ties in the fourth decimal go to the simpler: single, mean, majority, "
        "weighted, calibrated, subset, stacking, weights by body part")


def test_a_difference_beyond_the_fourth_decimal_is_a_tie():
    # 300 of each class; one pair in 90,000 is out of order for a, none for b.
    target = np.repeat([0, 1], 300)
    right = np.linspace(0.2, 0.8, 600)
    wrong = right.copy()
    wrong[[299, 300]] = right[[300, 299]]
    found = _choose(_images(target, a=wrong, b=right), "ab")
    assert found.candidates["single:a"].estimate.value < 1
    assert found.winner.weights == {"a": 1, "b": 0}


@pytest.mark.parametrize("seed", [3, 8])
def test_what_flatters_its_own_rows_is_judged_on_others(seed):
    """Six members of noise: coefficients fitted to so few rows find what is not there."""
    members = {name: _noise((seed, number)) for number, name in enumerate("abcdef")}
    images = _images(TARGET, **members)
    rows = Rows.read(images, "abcdef", LABELS)
    fitted = fit(Candidate("stacking"), rows, SETTINGS, "mean").probabilities(rows.of_members)
    in_sample = roc_auc_score(TARGET, fitted[:, 1])
    assert in_sample > 0.58
    assert _values(_choose(images, "abcdef"))["stacking"] < in_sample - 0.05


def test_groups_are_held_out_whole():
    """What tells patients apart, and nothing else, is worth nothing out of fold."""
    patient = np.repeat(np.arange(20), 3)
    target = np.random.default_rng(4).integers(0, 2, 20)[patient]
    same = np.random.default_rng(5).random((20, 6))[patient]
    images = _images(target, {"group_id": [f"p{name}" for name in patient]},
                     **{name: same[:, number] for number, name in enumerate("abcdef")})
    by_patient = _values(_choose(images, "abcdef"))["stacking"]
    apart = images.assign(group_id=[f"g{row}" for row in range(60)])
    assert _values(_choose(apart, "abcdef"))["stacking"] > by_patient + 0.1


def test_what_the_winner_says_of_each_image_is_of_folds_it_was_not_fitted_to():
    images = _images(TARGET, **{name: _noise((3, number)) for number, name in enumerate("abc")})
    found = _choose(images, "abc", SETTINGS.model_copy(update={"metric": "average_precision"}))
    rows, said = Rows.read(images, "abc", LABELS), np.full(60, np.nan)
    for turn in found.turns:
        of_members = rows.some(turn.held_out).of_members
        said[turn.held_out] = turn.fitted.probabilities(of_members)[:, 1]
    value = found.candidates[found.chosen].estimate.value
    assert average_precision_score(TARGET, said) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("asked", ["auto", "noisy_or"])
def test_nothing_that_judges_a_fold_was_chosen_with_it(asked):
    """Turn round what is said of one fold: its own turn stays, those of all others change."""
    studies = [f"s{row // 4}" for row in range(120)]
    images = _images(np.tile([0] * 4 + [1] * 4, 15), {"study_id": studies, "group_id": studies},
                     a=np.where(_noise(1, 120) < 0.7, FAINT, _noise(2, 120)))
    settings = SETTINGS.model_copy(update={"study_rule": asked})
    first, *others = _choose(images, "a", settings).turns
    turned = images.copy()
    turned.loc[first.held_out, ["a:normal", "a:abnormal"]] = images.loc[
        first.held_out, ["a:abnormal", "a:normal"]].to_numpy()
    same, *changed = _choose(turned, "a", settings).turns
    assert same.held_out.tolist() == first.held_out.tolist()
    assert same.fitted == first.fitted
    assert first.fitted.member_thresholds["a"] == first.fitted.thresholds
    for one, other in zip(others, changed, strict=True):
        assert one.fitted.thresholds != other.fitted.thresholds


def test_the_table_tells_by_how_much_each_is_behind():
    found = _choose(_images(TARGET, a=_noise(1), b=RIGHT), "ab")
    noise, winner = found.candidates["single:a"], found.candidates["single:b"]
    assert noise.behind.value == pytest.approx(1 - noise.estimate.value)
    assert noise.behind.low > 0.2
    assert (winner.behind.value, winner.behind.low, winner.behind.high) == (0, 0, 0)


@pytest.mark.parametrize("level", ["image", "study"])
def test_the_winner_stands_beside_the_shortcut_baseline(level):
    images = _images(TARGET, a=RIGHT, shortcuts=1 - RIGHT)  # wrong about every pair
    found = choose(images, "a", LABELS, SETTINGS, shortcut="sizes", resamples=100, seed=0)
    beside = json.loads(json.dumps(found.to_json()))["shortcuts"][level]
    assert beside["figures"]["auroc"]["value"] == 0
    room = 1 - 0.025 ** (1 / 30)  # of thirty groups without a fault, on either side
    assert beside["above"]["auroc"] == {"value": 1, "low": round(1 - 2 * room, 6), "high": 1}
    assert beside["says"].startswith(f"By {level}, the AUROC of a alone is 1.000")
    assert found.candidates.keys() == {"single:a"}
    assert _choose(images, "a").shortcuts == {}


# A study of four images: negative ones all at .5; a positive one shows in one view alone.
FAINT = np.tile([0.5, 0.5, 0.5, 0.5, 0.9, 0.3, 0.3, 0.3], 15)
# And one where negatives have a bright artefact now and then, positives a little of all.
STEADY = np.tile([0.8, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5], 15)


@pytest.mark.parametrize(("last", "asked", "rule"), [
    pytest.param(FAINT, "auto", "max", id="one view shows it"),
    pytest.param(STEADY, "auto", "mean", id="all views show a little of it"),
    pytest.param(FAINT, "mean", "mean", id="as asked"),
    pytest.param(STEADY, "noisy_or", "noisy_or", id="noisy-or as asked"),
])
def test_the_rule_of_studies_is_chosen_on_validation(last, asked, rule):
    studies = [f"s{row // 4}" for row in range(120)]
    images = _images(np.tile([0] * 4 + [1] * 4, 15), {"study_id": studies, "group_id": studies},
                     a=last)
    found = _choose(images, "a", SETTINGS.model_copy(update={"study_rule": asked}))
    assert found.winner.study_rule == rule
    assert list(found.study_rules) == (["mean", "max", "noisy_or"] if asked == "auto" else [asked])
    assert found.study_rules[rule].value == max(
        estimate.value for estimate in found.study_rules.values())


def test_studies_of_one_image_have_one_rule():
    assert list(_choose(_images(TARGET, a=RIGHT), "a").study_rules) == ["mean"]


def test_the_operating_point_tells_what_was_reached_out_of_fold():
    point = _choose(_images(TARGET, a=RIGHT), "a").operating_point
    # Of 30 without a fault: 0.025**(1/30).
    without_fault = {"value": 1, "low": pytest.approx(0.884297, abs=2e-6), "high": 1}
    assert {level: to_json(of) for level, of in point.items()} == dict.fromkeys(
        ("image", "study"), dict.fromkeys(("sensitivity", "specificity"), without_fault))


def test_thresholds_that_were_fitted_look_better_than_those_that_were_not():
    """Of noise the best threshold finds something in its own rows, and nothing in others."""
    images = _images(np.tile([0, 1], 60), a=_noise(10, 120))
    found = _choose(images, "a")
    own = found.winner.verdicts(Rows.read(images, "a", LABELS).of_members[:, 0], "image")
    fitted = own[1::2].mean() - own[::2].mean()
    point = found.operating_point["image"]
    assert fitted > 0.1
    assert point["sensitivity"].value + point["specificity"].value - 1 < 0.05


@pytest.mark.parametrize("metric", ["auroc", "average_precision", "accuracy", "balanced_accuracy",
                                    "kappa", "f1"])
def test_every_metric_can_choose_among_several_classes(metric):
    target = np.tile([0, 1, 2], 20)
    random = np.random.default_rng(0)
    columns = {}
    for name, strength in (("a", 0.0), ("b", 4.0)):
        logits = random.normal(size=(60, 3))
        logits[np.arange(60), target] += strength
        columns |= {f"{name}:{label}": softmax(logits)[:, number]
                    for number, label in enumerate("xyz")}
    found = _choose(_images(target, columns), "ab", SETTINGS.model_copy(update={"metric": metric}),
                    labels="xyz")
    values = _values(found)
    assert values["single:b"] > values["single:a"] + 0.3
    assert values[str(Candidate(found.winner.method, "b" if found.winner.method == "single"
                                else None))] == max(values.values())
    assert found.winner.thresholds == {"image": None, "study": None}
    assert found.operating_point == {}


def test_what_is_written_can_be_read_and_says_why():
    settings = SETTINGS.model_copy(update={"threshold_rule": "sensitivity"})
    found = _choose(_images(TARGET, a=RIGHT, b=_noise(1)), "ab", settings)
    content = json.loads(json.dumps(found.to_json()))
    assert Combination.from_json(content) == found.winner
    assert (content["threshold_rule"], content["required_sensitivity"]) == ("sensitivity", 0.9)
    assert content["candidates"]["single:b"].keys() == {"method", "value", "low", "high", "behind"}
    assert content["why"] == found.why
    assert content["chosen"] in content["candidates"]


ONE_GROUP = {"group_id": "p", "study_id": "s"}
DEGENERATE = [
    pytest.param(_images(TARGET, a=RIGHT), "a", "single", "there is one member", id="one member"),
    pytest.param(_images(TARGET, ONE_GROUP, a=_noise(1), b=RIGHT), "ab", "mean",
                 "validation is one group", id="one group"),
    pytest.param(_images(TARGET, ONE_GROUP, a=RIGHT), "a", "single",
                 "validation is one group", id="one member, one group"),
    pytest.param(_images(TARGET[:1], a=RIGHT[:1], b=RIGHT[:1]), "ab", "mean",
                 "validation is one group", id="one image"),
    pytest.param(_images(np.zeros(60, int), a=RIGHT, b=_noise(1)), "ab", "mean",
                 "AUROC cannot be told", id="the last class is absent"),
    pytest.param(_images(np.ones(60, int), a=RIGHT, b=_noise(1)), "ab", "mean",
                 "AUROC cannot be told", id="the first class is absent"),
    pytest.param(_images(np.repeat([0, 1], [59, 1]), a=_noise(1), b=_noise(2)), "ab", None,
                 "best AUROC", id="one positive image"),
    pytest.param(_images(TARGET, a=np.full(60, 0.5), b=np.full(60, 0.5)), "ab", "single",
                 "as good and less simple", id="all one prediction"),
    pytest.param(_images(TARGET, a=TARGET * 1.0, b=1.0 - TARGET), "ab", "single", "best AUROC",
                 id="exactly 0 and 1"),
]


@pytest.mark.parametrize(("images", "members", "method", "said"), DEGENERATE)
def test_degenerate_validation_gives_a_winner_and_says_why(images, members, method, said):
    found = _choose(images, members)
    assert method in (found.winner.method, None)
    assert said in found.why
    if images["group_id"].nunique() < 2:
        assert found.operating_point == {}  # nothing was judged on rows that chose no threshold
    json.dumps(found.to_json(), allow_nan=False)
    probabilities = found.winner.probabilities(
        Rows.read(images, members, LABELS).of_members, images["body_part"].tolist())
    assert np.isfinite(probabilities).all()
