"""`python -m osteon.compare` reads experiments, revisions and the workspace as DVC keeps them."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ran
from osteon.files import write_json

# What evaluate would write, from the one setting of this small pipeline.
_STAGE = """
import json, shutil, yaml
seen = yaml.safe_load(open("params.yaml"))["run"]
shutil.copytree(f"made/{seen['which']}", "artifacts/evaluate")
"""
_PIPELINE = """
stages:
  evaluate:
    cmd: {python} stage.py
    deps: [made, stage.py]
    params: [run]
    outs: [artifacts/evaluate]
"""


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _made(folder: Path, probabilities: list[float]) -> None:
    folder.mkdir(parents=True)
    target = [row % 2 for row in range(len(probabilities))]
    table = pd.DataFrame({
        "path": [f"{row}.png" for row in range(len(target))],
        "study_id": [f"s{row}" for row in range(len(target))],
        "group_id": [f"g{row}" for row in range(len(target))], "target": target,
        "verdict": [int(value >= 0.5) for value in probabilities],
        "ensemble:normal": [1 - value for value in probabilities],
        "ensemble:abnormal": probabilities})
    for name in ("predictions", "studies"):
        table.to_csv(folder / f"{name}.csv", index=False)
    write_json(folder / "evaluation.json", ran.evaluation(("normal", "abnormal")))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a DVC repository with two experiments, `coarse` and `fine`."""
    folder = tmp_path_factory.mktemp("compared")
    _made(folder / "made/coarse", [0.4, 0.6, 0.7, 0.2, 0.1, 0.3, 0.8, 0.9] * 5)
    _made(folder / "made/fine", [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.1, 0.6] * 5)
    (folder / "params.yaml").write_text("run: {which: coarse, seed: 1}\n")
    (folder / "dvc.yaml").write_text(_PIPELINE.format(python=sys.executable))
    (folder / "stage.py").write_text(_STAGE)
    dvc = [sys.executable, "-m", "dvc"]
    _run(folder, "git", "init", "--quiet")
    _run(folder, *dvc, "init", "--quiet")
    _run(folder, "git", "config", "user.name", "t")
    _run(folder, "git", "config", "user.email", "t@t")
    _run(folder, *dvc, "repro", "--quiet")
    _run(folder, "git", "add", "--all")
    _run(folder, "git", "commit", "--quiet", "-m", "all")
    _run(folder, *dvc, "exp", "run", "--quiet", "-n", "fine", "-S", "run.which=fine")
    _run(folder, "git", "checkout", "--quiet", "--", ".")
    _run(folder, *dvc, "checkout", "--quiet")
    return folder


def _compare(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "osteon.compare", *arguments], cwd=folder,
                          capture_output=True, text=True)


@pytest.mark.parametrize("one", ["HEAD", "workspace"])
def test_an_experiment_beside_a_revision_and_the_workspace(repository: Path, one: str) -> None:
    done = _compare(repository, one, "fine", "-o", "page.html")
    assert done.returncode == 0, done.stdout + done.stderr
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (repository / "page.html").read_text()))
    assert f"fine against {one}" in words
    assert f"By image, the AUROC of fine is above that of {one}: +0." in words
    assert "run.which coarse fine" in words
    assert "run.seed" not in words


@pytest.mark.parametrize(("arguments", "words"), [
    (["HEAD", "nosuch"], "error: compare: nosuch:"),
    (["HEAD", "fine", "--evaluate", "elsewhere"], "error: compare: HEAD:"),
], ids=["unknown revision", "never evaluated"])
def test_what_cannot_be_read_is_one_line(repository: Path, arguments: list[str],
                                         words: str) -> None:
    done = _compare(repository, *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "name an experiment" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
