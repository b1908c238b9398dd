"""Two clones give the same bytes; other members train by the same line."""

import json
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from project import ROOT, Project

pytestmark = pytest.mark.proof


def outputs(project: Project) -> dict[str, str]:
    """Give the hash of every output that dvc.lock knows."""
    lock = YAML(typ="safe").load(project.folder / "dvc.lock")
    return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}


def line_of_the_readme(begins: str) -> str:
    """Find the one command that begins so."""
    lines = (ROOT / "README.md").read_text().splitlines()
    [found] = [line for line in lines if line.startswith(begins)]
    return found


def test_two_clones_agree_to_the_last_digit(
        demo: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Project.clone(tmp_path_factory.mktemp("other"))
    other.run("dvc", "repro")
    assert (other.folder / "metrics/evaluate.json").read_bytes() == (
        demo.folder / "metrics/evaluate.json").read_bytes()
    assert outputs(other) == outputs(demo)


def test_xception_trains_by_the_line_of_the_readme(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "project")
    project.run("dvc", "exp", "run", "-S", "model=xception")
    evaluation = json.loads((project.folder / "artifacts/evaluate/evaluation.json").read_text())
    assert evaluation["members"] == ["xception"]
    table = project.run(*shlex.split(line_of_the_readme("dvc exp show"), comments=True))
    assert "['xception']" in table
    assert max(map(len, table.splitlines())) <= 120
