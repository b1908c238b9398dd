"""Real radiographs: the README's one line for FracAtlas, within the hour on two cores."""

import json
import time
from pathlib import Path
from typing import Any

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
    assert time.monotonic() - started < 60 * 60
    return project


def _read(fracatlas: Project, file: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((fracatlas.folder / file).read_text())
    return content


def test_fractures_are_found_out_of_fold_where_everything_was_chosen(fracatlas: Project) -> None:
    image = _read(fracatlas, "artifacts/ensemble/out_of_fold.json")["levels"]["image"]
    figures = image["figures"]["ensemble"]
    print(json.dumps(figures))  # noqa: T201 (the figures of a proof)
    assert image["counts"]["rows"] > 2000
    assert figures["auroc"]["value"] >= 0.93
    assert figures["average_precision"]["value"] >= 0.83
    assert image["before"]  # the frozen backbone with its new head
    for other in [*image["before"].values(), image["shortcut"]]:
        assert other["above"]["auroc"]["low"] > 0
        assert other["above"]["average_precision"]["low"] > 0


def test_fractures_are_found_on_blocks_never_trained_on(fracatlas: Project) -> None:
    metrics = _read(fracatlas, "artifacts/evaluate/headline.json")
    print(json.dumps(metrics["winner"]["image"]))  # noqa: T201 (the figures of a proof)
    assert metrics["test"]["images"] > 700
    assert metrics["winner"]["image"]["auroc"]["value"] >= 0.90
    image = _read(fracatlas, "artifacts/evaluate/evaluation.json")["levels"]["image"]
    assert image["before"]
    for other in [*image["before"].values(), image["shortcut"]]:
        assert other["above"]["auroc"]["low"] > 0
    found = image["figures"]["ensemble"]["sensitivity_at_90_specificity"]
    print(json.dumps(found))  # noqa: T201 (the figures of a proof)
    assert None not in found.values()
    page = (fracatlas.folder / "artifacts/report/report.html").read_text()
    assert "sensitivity at 90 % specificity" in page
    assert f"<b>{found['value']:.3f}</b>" in page


def test_it_looks_at_the_fracture_and_learnt_to(fracatlas: Project) -> None:
    above = _read(fracatlas, "artifacts/explain/explain.json")["localisation"]["grad_cam"]["above"]
    for other in ("centre", "before"):
        for figure in ("hit", "share"):
            assert above["ensemble"][other][figure]["low"] > 0


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
    assert "mobilenetv2_100.pth (sha256 " in card["members"]["mobilenetv2_320"]["weights"]
