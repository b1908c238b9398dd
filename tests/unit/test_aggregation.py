"""Tables of probabilities: a column a member and class, verdicts beside them, then studies."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osteon.aggregation import of_member, of_members, studies, with_verdicts
from osteon.combination import Combination

LABELS = ("normal", "abnormal")
WINNER = replace(Combination.plain(("a", "b"), LABELS), thresholds={"image": 0.5, "study": 0.45})


def _images(a, b, **columns):
    table = {"study_id": [f"s{row}" for row in range(len(a))], "body_part": "wrist",
             "target": 0, "group_id": "p", **columns}
    for name, last in (("a", a), ("b", b)):
        table |= {f"{name}:normal": 1 - np.array(last), f"{name}:abnormal": np.array(last)}
    return pd.DataFrame(table)


def test_probabilities_are_read_by_member_and_label():
    images = _images([0.1, 0.9], [0.3, 0.6])
    assert of_member(images, "b", LABELS) == pytest.approx(np.array([[0.7, 0.3], [0.4, 0.6]]))
    assert of_members(images, ("b", "a"), LABELS)[:, :, 1] == pytest.approx(
        np.array([[0.3, 0.1], [0.6, 0.9]]))


def test_the_winner_and_its_verdict_stand_beside_the_members():
    found = with_verdicts(_images([0.1, 0.9], [0.3, 0.1]), WINNER)
    assert list(found.columns[-3:]) == ["ensemble:normal", "ensemble:abnormal", "verdict"]
    assert list(found["ensemble:abnormal"]) == pytest.approx([0.2, 0.5])
    assert list(found["verdict"]) == [0, 1]


def test_body_parts_with_weights_of_their_own_are_combined_by_them():
    winner = replace(WINNER, method="per_part", part_weights={"hand": {"a": 0.0, "b": 1.0}})
    found = with_verdicts(_images([0.2, 0.2], [0.8, 0.8], body_part=["hand", "wrist"]), winner)
    assert list(found["ensemble:abnormal"]) == pytest.approx([0.8, 0.5])


STUDY = {"study_id": ["s2", "s1", "s2", "s1", "s1"], "group_id": ["p2", "p1", "p2", "p1", "p1"],
         "body_part": ["hand", "wrist", "hand", "wrist", "wrist"], "target": [0, 1, 0, 0, 1]}


@pytest.mark.parametrize(("rule", "of_a", "of_ensemble", "verdicts"), [
    pytest.param("mean", [0.5, 0.2], [0.45, 0.3], [1, 0], id="mean"),
    pytest.param("max", [0.9, 0.3], [0.65, 0.4], [1, 0], id="largest"),
    pytest.param("noisy_or", [1 - 0.1 * 0.7 * 0.7, 1 - 0.9 * 0.7],
                 [1 - 0.35 * 0.65 * 0.65, 1 - 0.8 * 0.6], [1, 1], id="noisy-or"),
])
def test_a_study_is_pooled_by_the_winners_rule(rule, of_a, of_ensemble, verdicts):
    winner = replace(WINNER, study_rule=rule)
    images = _images([0.1, 0.9, 0.3, 0.3, 0.3], [0.3, 0.4, 0.5, 0.4, 0.4], **STUDY)
    found = studies(with_verdicts(images, winner), winner)
    assert found[["study_id", "group_id", "body_part", "target", "images"]].to_dict("records") == [
        {"study_id": "s1", "group_id": "p1", "body_part": "wrist", "target": 1, "images": 3},
        {"study_id": "s2", "group_id": "p2", "body_part": "hand", "target": 0, "images": 2}]
    assert list(found["a:abnormal"]) == pytest.approx(of_a)
    assert list(found["ensemble:abnormal"]) == pytest.approx(of_ensemble)
    assert list(found["ensemble:normal"]) == pytest.approx(1 - np.array(of_ensemble))
    assert list(found["verdict"]) == verdicts


def test_of_three_classes_a_study_is_its_most_probable():
    labels = ("thin", "middle", "dense")
    images = pd.DataFrame({
        "study_id": "s", "group_id": "p", "body_part": "hip", "target": [2, 2],
        "a:thin": [0.5, 0.1], "a:middle": [0.4, 0.1], "a:dense": [0.1, 0.8]})
    winner = Combination.plain(("a",), labels)
    found = with_verdicts(images, winner)
    assert list(found["verdict"]) == [0, 2]
    [study] = studies(found, winner).to_dict("records")
    assert (study["target"], study["images"], study["verdict"]) == (2, 2, 2)
    assert study["ensemble:dense"] == pytest.approx(0.45)
