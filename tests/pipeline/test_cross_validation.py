"""Folds queued as experiments and pooled by one command: every image is tested once."""

import json
from pathlib import Path

import pandas as pd
import pytest

from project import Project

pytestmark = pytest.mark.proof

SMALL = ["sample.patients=60", "preprocess.image_size_px=64", "model=resnet_tiny",
         "train.epochs=2", "finetune.epochs=1", "audit.views=1",
         "drift.least_images=10"]


def _queue(project: Project, *settings: str) -> None:
    given = [word for setting in [*SMALL, *settings] for word in ("-S", setting)]
    project.run("dvc", "exp", "run", "--queue", *given)


def test_queued_folds_are_pooled(tmp_path: Path) -> None:
    project = Project.clone(tmp_path)
    _queue(project, "split=folds", "split.folds=3", "split.fold=0,1")
    project.run("dvc", "exp", "run", "--run-all")
    output = project.run("python", "-m", "osteon.folds", fails=True)
    assert "2 of 3 have run" in output
    assert "split.fold=2" in output
    _queue(project, "split=folds", "split.folds=3", "split.fold=2")
    project.run("dvc", "exp", "run", "--run-all")
    output = project.run("python", "-m", "osteon.folds")
    assert "3 folds" in output
    assert "auroc" in output
    found = json.loads((project.folder / "runs/folds/folds.json").read_text())
    pooled = pd.read_csv(project.folder / "runs/folds/predictions.csv")
    assert sorted(found["folds"]) == ["0", "1", "2"]
    assert pooled["path"].is_unique
    assert len(pooled) == found["images"]
    assert pooled.groupby("group_id")["fold"].nunique().max() == 1
    drawn = project.run("dvc", "exp", "show", "--json")
    assert len(json.loads(drawn)) >= 1
