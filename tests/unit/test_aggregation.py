"""Studies are as suspicious as their views are on average."""

import pandas as pd

from osteon.aggregation import studies


def test_a_study_has_the_mean_of_its_views():
    images = pd.DataFrame({
        "study_id": ["s2", "s1", "s2", "s1", "s1"],
        "group_id": ["p2", "p1", "p2", "p1", "p1"],
        "body_part": ["hand", "wrist", "hand", "wrist", "wrist"],
        "target": [0, 1, 0, 1, 1],
        "probability": [0.1, 0.9, 0.3, 0.3, 0.3],
        "probability_a": [0.0, 1.0, 1.0, 1.0, 1.0],
        "path": list("abcde"),
    })
    found = studies(images, ["probability", "probability_a"]).round(9)
    assert found.to_dict("records") == [
        {"study_id": "s1", "group_id": "p1", "body_part": "wrist", "target": 1,
         "probability": 0.5, "probability_a": 1.0},
        {"study_id": "s2", "group_id": "p2", "body_part": "hand", "target": 0,
         "probability": 0.2, "probability_a": 0.5}]


def test_one_positive_view_makes_a_study_positive():
    images = pd.DataFrame({"study_id": ["s", "s"], "group_id": "p", "body_part": "hand",
                           "target": [0, 1], "probability": [0.0, 0.0]})
    assert list(studies(images, ["probability"])["target"]) == [1]
