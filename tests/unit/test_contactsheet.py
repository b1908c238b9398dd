"""The pairs that most need an eye come first; a sheet shows them the same way up."""

import cv2
import numpy as np
import pandas as pd
import pytest

from osteon.contactsheet import worth_seeing, write_sheet
from osteon.duplicates import PAIRS

TABLE = pd.DataFrame({"path": list("abcdef"), "label": ["x", "x", "x", "y", "x", "x"],
                      "official_split": ["train", "train", "train", "train", "test", "train"]})


def _pairs(*rows):
    return pd.DataFrame([(a, b, kind, False, 0, 0, correlation)
                         for a, b, kind, correlation in rows], columns=PAIRS)


def test_contradictions_come_first_then_divided_pairs_then_the_least_alike():
    shown = worth_seeing(_pairs(
        ("a", "b", "near", 0.99), ("a", "c", "near", 0.85), ("a", "e", "near", 0.95),
        ("b", "d", "pixels", 1.0), ("a", "f", "bytes", 1.0)), TABLE)
    assert (shown["path_a"] + shown["path_b"]).tolist() == ["bd", "ae", "ac", "ab"]
    assert shown["labels"].tolist() == ["x | y", "x", "x", "x"]
    assert shown["parts"].tolist() == ["train", "train | test", "train", "train"]


@pytest.mark.parametrize("pairs", [
    pytest.param([], id="none"), pytest.param([("a", "b", "near", 0.9)] * 60, id="many")])
def test_a_sheet_is_drawn_for_any_number_of_pairs(tmp_path, pairs):
    picture = np.zeros((40, 30), np.uint8)
    picture[:20] = 255
    for name in "ab":
        (tmp_path / name).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    shown = worth_seeing(_pairs(*pairs), TABLE)
    assert len(shown) == min(len(pairs), 40)
    file = tmp_path / "sheet.png"
    write_sheet(file, shown, tmp_path)
    first = file.read_bytes()
    assert cv2.imdecode(np.frombuffer(first, np.uint8), 0) is not None
    write_sheet(file, shown, tmp_path)
    assert file.read_bytes() == first
