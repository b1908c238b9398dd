"""Projects that several tests share, and what a run left out."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # house.py and project.py lie beside this file
if "PYTEST_XDIST_WORKER" in os.environ:  # threads that wait for one another need free cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from project import Project

_LEFT_OUT: list[str] = []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a fresh clone after one `dvc repro` of everything, as it is committed."""
    project = Project.clone(tmp_path_factory.mktemp("demo"))
    project.run("dvc", "repro")
    return project


@pytest.fixture(scope="session")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.clone(tmp_path_factory.mktemp("small"))
    project.configure(sample__patients=60, preprocess__image_size_px=64, model__members=["tiny"],
                      train__epochs=4, finetune__epochs=1)
    backbones = project.folder / "params.yaml"
    text = backbones.read_text().replace(
        "backbones:\n", "backbones:\n  tiny:\n    arch: test_resnet\n    normalize: imagenet\n")
    backbones.write_text(text)
    project.run("dvc", "repro", "tune")
    return project


@pytest.fixture
def small(_small: Project, tmp_path: Path) -> Project:
    """Give a clone of its own, shrunk, with everything done that comes before `train`."""
    return _small.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Give the folder that holds FracAtlas/, where there is one."""
    return _outside("OSTEON_REAL_DATA", "real radiographs")


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """Give the folder that holds mobilenetv2_100.pth, where there is one."""
    return _outside("OSTEON_REAL_WEIGHTS", "ImageNet weights")


def _outside(variable: str, what: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"NOT TESTED on {what}: set {variable} to their folder")
    return Path(folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the tests that share a project, or a file, to one worker."""
    from xdist.scheduler import LoadScopeScheduling

    class ByProject(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0])
            if file.parent.name == "service" or file.name == "test_demo.py":
                return "the demo"
            return "small projects" if file.parent.name == "pipeline" else file.name

    return ByProject(config, log)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note what is left to another run."""
    _LEFT_OUT.extend(item.nodeid for item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that reports what this worker left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = _LEFT_OUT


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker left out; all collect the same, so one's word is enough."""
    _LEFT_OUT[:] = getattr(node, "workeroutput", {}).get("left out", _LEFT_OUT)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say by name what was not run."""
    if _LEFT_OUT:
        terminalreporter.section("left to `make proof`")
        for name in _LEFT_OUT:
            terminalreporter.write_line(name)
