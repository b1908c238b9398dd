"""Real radiographs: the README's one line for FracAtlas."""

import json
import time
from pathlib import Path

import pytest

from project import Project

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def fracatlas(tmp_path_factory: pytest.TempPathFactory, real_data: Path,
              real_weights: Path) -> Project:
    project = Project.clone(tmp_path_factory.mktemp("fracatlas"))
    started = time.monotonic()
    project.run("dvc", "exp", "run", "-S", "recipe=fracatlas",
                "-S", f"dataset.root={real_data / 'FracAtlas'}",
                "-S", f"weights={real_weights / 'mobilenetv2_100.pth'}")
    assert time.monotonic() - started < 25 * 60
    return project


def test_fractures_are_found_on_blocks_never_trained_on(fracatlas: Project) -> None:
    metrics = json.loads((fracatlas.folder / "metrics/evaluate.json").read_text())
    print(json.dumps(metrics["winner"]["image"]))  # noqa: T201 (the figures of a proof)
    assert metrics["test"]["images"] > 700
    assert metrics["winner"]["image"]["auroc"]["value"] >= 0.88


def test_the_report_says_what_stands_for_a_patient(fracatlas: Project) -> None:
    page = (fracatlas.folder / "artifacts/report/report.html").read_text()
    assert "blocks of 20 consecutive image numbers" in page
    split = fracatlas.table("artifacts/split/split.csv")
    number = split["study_id"].str.removeprefix("IMG").astype(int)
    assert split["part"].groupby(number // 20).nunique().max() == 1


def test_truncated_files_are_named_in_the_quarantine(fracatlas: Project) -> None:
    quarantine = fracatlas.table("artifacts/index/quarantine.csv")
    assert 20 <= len(quarantine) <= 100
    assert quarantine["reason"].str.contains("truncated").all()


def test_the_card_names_the_weights_by_hash(fracatlas: Project) -> None:
    card = json.loads((fracatlas.folder / "artifacts/package/card.json").read_text())
    assert "mobilenetv2_100.pth (sha256 " in card["members"]["mobilenetv2"]["weights"]
