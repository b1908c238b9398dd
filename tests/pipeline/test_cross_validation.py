"""Folds queued as experiments and pooled by one command: every image is tested once."""

import json
from pathlib import Path

import pandas as pd
import pytest

from project import Project

pytestmark = pytest.mark.proof

SMALL = ["sample.patients=60", "preprocess.image_size_px=64", "model=resnet_tiny",
         "train.epochs=2", "finetune.epochs=1", "audit.views=1"]


def _experiment(project: Project, fold: int, *options: str) -> None:
    settings = [*SMALL, "split=folds", "split.folds=3", f"split.fold={fold}"]
    project.run("dvc", "exp", "run", *options,
                *(word for setting in settings for word in ("-S", setting)))


def test_queued_folds_are_pooled(tmp_path: Path) -> None:
    project = Project.clone(tmp_path)
    # The first in the workspace: a queue cannot import what was never drawn outside of it.
    _experiment(project, 0)
    _experiment(project, 1, "--queue")
    project.run("dvc", "exp", "run", "--run-all")
    output = project.run("python", "-m", "osteon.folds", fails=True)
    assert "2 of 3 have run" in output
    assert "split.fold=2" in output
    _experiment(project, 2, "--queue")
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
