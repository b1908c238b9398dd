"""Real radiographs: the audit finds the published leak, and the shortcuts, in one line each."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.proof


def _audit(folder: Path, weights: Path, out: Path) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "osteon.audit", folder, "--out", out, "--weights",
         weights / "mobilenetv2_100.pth"], cwd=out.parent, capture_output=True, text=True,
        check=False)
    assert (out / "audit.html").is_file(), done.stderr
    content = json.loads((out / "audit.json").read_text())
    print(done.stdout)  # noqa: T201 (the figures of a proof)
    return done.returncode, content


def _value(content: dict[str, Any], protocol: str, probe: str) -> float:
    return content["protocols"][protocol]["probes"][probe][content["headline"]]["value"]


def test_augmenting_before_the_cut_turns_a_third_into_nearly_all(
        real_data: Path, real_weights: Path, tmp_path: Path) -> None:
    # 1,129 images of ten classes: a published .97 is what a look-up claims under its protocol.
    code, found = _audit(real_data / "bone-break", real_weights, tmp_path / "out")
    assert _value(found, "augment_by_image", "nearest") > 0.96
    assert 0.30 < _value(found, "augment_grouped", "nearest") < 0.40
    assert 0.30 < _value(found, "grouped", "nearest") < 0.40
    assert 0.32 < _value(found, "grouped", "linear") < 0.42
    assert code == 1  # its own test part has twins in training
    assert 20 <= found["official"]["groups"] <= 30


def test_fracatlas_leaks_little_and_offers_shortcuts(
        real_data: Path, real_weights: Path, tmp_path: Path) -> None:
    code, found = _audit(real_data / "FracAtlas", real_weights, tmp_path / "out")
    grouped = _value(found, "grouped", "linear")
    assert 0.82 < grouped < 0.88
    assert 0 < _value(found, "by_image", "linear") - grouped < 0.04
    alone = {name: scores["auroc"]["value"] for name, scores in found["shortcuts"].items()}
    assert 0.65 < alone["statistics"] < 0.76
    assert 0.75 < alone["statistics and metadata"] < 0.83
    assert 0.70 < alone["order of the files"] < 0.80
    assert code == 0
