"""What the container image is built from: the service, its package, pinned libraries, no more."""

import json
import re
import shutil
from pathlib import Path

import pytest

import malformed
from house import SOURCE, reach
from project import Project

TRAINING = {"torch", "torchvision", "timm", "pytorch-lightning", "lightning", "pandas",
            "scikit-learn", "dvc", "optuna", "great-expectations", "evidently", "captum",
            "matplotlib", "pytest", "mypy"}
FOLDERS = {"service.py", "src/osteon", "artifacts/package", "bentofile.yaml"}
MOST_MIB = 100


@pytest.fixture(scope="module")
def bento(demo: Project) -> Path:
    card = json.loads((demo.folder / "artifacts/package/card.json").read_text())
    return demo.folder / f"runs/bentoml/bentos/osteon/{card['version']}"


def _pins(bento: Path) -> dict[str, list[str]]:
    """Give the hashes of each requirement, by `name==version` or whatever stands there.

    BentoML adds its own name once more without a hash; uv checks those that are given elsewhere.
    """
    text = (bento / "env/python/requirements.txt").read_text().replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", line)
            found.setdefault(words[0], []).extend(hashes)
    return found


def _name(text: str) -> str:
    """Give a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>~!\[; ]", text)[0]).lower()


def faults(bento: Path) -> list[str]:
    """Say what should not be in an image, or is missing from it."""
    pins = _pins(bento)
    found = [f"not pinned by hash: {pin}" for pin, hashes in pins.items()
             if "==" not in pin or not hashes]
    found += [f"of the training: {pin}" for pin in pins if _name(pin) in TRAINING]
    files = [file for file in (bento / "src").rglob("*") if file.is_file()]
    names = [file.relative_to(bento / "src").as_posix() for file in files
             if file.parent.name != "__pycache__"]
    found += [f"not of the service: {name}" for name in names
              if not name.startswith(tuple(FOLDERS))]
    if sum(file.stat().st_size for file in files) > MOST_MIB * 2**20:
        found.append("too large")
    needed = reach(SOURCE / "osteon/serving/service.py")
    wanted = {file.relative_to(SOURCE.parent).as_posix() for file in needed} | {"service.py"}
    found += [f"missing: {name}" for name in sorted(wanted - set(names))]
    return found + [f"of the pipeline: {name}" for name in sorted(set(names) - wanted)
                    if re.search(r"(?<!__init__)[.]py$", name) and "/serving/" not in name]


def test_it_holds_the_service_and_no_more(bento: Path) -> None:
    assert faults(bento) == []
    assert len(_pins(bento)) > 20


def _add(line: str) -> object:
    def plant(bento: Path) -> None:
        file = bento / "env/python/requirements.txt"
        file.write_text(f"{file.read_text()}\n{line}\n")
    return plant


def _file(name: str) -> object:
    def plant(bento: Path) -> None:
        file = bento / "src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return plant


@pytest.mark.parametrize(("plant", "found"), [
    pytest.param(_add("requests==2.32.0"), "not pinned by hash: requests==2.32.0", id="no hash"),
    pytest.param(_add("requests>=2 --hash=sha256:" + "0" * 64), "not pinned by hash: requests>=2",
                 id="no version"),
    pytest.param(_add("Torch==2.9.0 --hash=sha256:" + "0" * 64), "of the training: Torch==2.9.0",
                 id="torch"),
    pytest.param(_file("src/osteon/training.py"), "of the pipeline: src/osteon/training.py",
                 id="a module of the pipeline"),
    pytest.param(_file("data/sample/patient.png"), "not of the service: data/sample/patient.png",
                 id="an image of a patient"),
    pytest.param(lambda bento: (bento / "src/src/osteon/grey.py").unlink(),
                 "missing: src/osteon/grey.py", id="a module that is not there"),
])
def test_a_fault_would_be_found(bento: Path, tmp_path: Path, plant: object, found: str) -> None:
    copy = shutil.copytree(bento, tmp_path / "bento",
                           ignore=shutil.ignore_patterns("*.onnx", "apis"))
    plant(copy)
    assert faults(copy) == [found]


def test_the_dockerfile_installs_the_pins_and_runs_as_nobody_special(bento: Path) -> None:
    lines = (bento / "env/docker/Dockerfile").read_text().splitlines()
    starts = [line for line in lines if line.startswith("FROM ")]
    assert starts == ["FROM python:3.11-slim AS base-container"]
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER bentoml"
    text = "\n".join(lines)
    assert "pip install -r $BENTO_PATH/env/python/requirements.txt" in text
    assert "PYTHONPATH" not in text  # service.py finds the code, in an image as elsewhere
    assert (bento / "src/src/osteon/serving/service.py").is_file()
    assert not re.search(r"^ADD |KEY|TOKEN|PASSWORD|SECRET", text, re.M)


ALONE = """
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

owners, pinned = packages_distributions(), set(sys.argv[3].split())

class Absent:
    def find_spec(self, name, path=None, target=None):
        found = owners.get(name.partition(".")[0])
        if found and not pinned & {owner.lower().replace("_", "-") for owner in found}:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Absent())
root = Path(sys.argv[1])
sys.path.insert(0, str(root))
import service
import osteon.serving.service
from osteon.serving.predictor import Predictor
assert Path(osteon.serving.service.__file__).is_relative_to(root)
predictor = Predictor.load(root / "artifacts/package")
for file in sorted(Path(sys.argv[2]).iterdir()):
    predictor.predict(file.read_bytes())
predictor.explain(file.read_bytes())
"""


def test_it_needs_nothing_that_is_not_in_the_image(
        demo: Project, bento: Path, tmp_path: Path) -> None:
    for number, content in enumerate(malformed.WHOLE.values()):
        (tmp_path / str(number)).write_bytes(content)
    environment = {**demo.environment, "PYTHONPATH": "",
                   "OSTEON_PACKAGE": str(bento / "src/artifacts/package"),
                   "OSTEON_MONITORING": "off"}
    pinned = set(map(_name, _pins(bento))) | {"osteon"}
    command = ("python", "-P", "-c", ALONE, str(bento / "src"), str(tmp_path))
    demo.run(*command, " ".join(pinned), cwd=tmp_path, env=environment)
    said = demo.run(*command, " ".join(pinned - {"pydicom"}), cwd=tmp_path, env=environment,
                    fails=True)
    assert "pydicom is not in the image" in said
