"""Killed again and again, a training goes on each time and ends as an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from project import Project
from workplace import MEMBER, Workplace

pytestmark = pytest.mark.proof

KILLS, EPOCHS = 20, 80
WAYS = ("all", "dvc", "stage")
PATIENCE_S = 240


def epochs_done(folder: Path, stage: str) -> list[int]:
    """List the epochs that runs have told of so far; a repeated one occurs twice."""
    file = folder / f"runs/{stage}/{MEMBER}/epochs.jsonl"
    if not file.is_file():
        return []
    # A kill may have cut the last line short.
    whole = [line for line in file.read_text().split("\n") if line.endswith("}")]
    return [json.loads(line)["epoch"] for line in whole]


def until(happened: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Repro:
    """One stage under DVC, in a process group of its own, which can be killed in part."""

    def __init__(self, project: Project, stage: str) -> None:
        self._folder, self._stage = project.folder, stage
        self._log = project.folder.with_name(f"{stage}-{time.monotonic_ns()}.log")
        with self._log.open("w") as stream:
            self._dvc = project.start("dvc", "repro", "-s", f"{stage}@{MEMBER}", stdout=stream)

    def await_epochs(self, count: int) -> None:
        """Come back once so many more have been told of, or all of the group has ended."""
        wanted = len(epochs_done(self._folder, self._stage)) + count
        until(lambda: len(epochs_done(self._folder, self._stage)) >= wanted or not self._lives())

    def kill(self, way: str) -> None:
        """Kill DVC with what it started, DVC alone, or alone the process that trains."""
        assert self._dvc.poll() is None, "it ended before it could be killed"
        if way == "all":
            self.kill_all()
        elif way == "dvc":
            self._dvc.kill()
            self._dvc.wait()
        else:
            until(self._training)
            self._training()[0].kill()
            assert self._dvc.wait(PATIENCE_S) != 0  # it says so, and ends

    def kill_all(self) -> None:
        """Kill all that is left of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self._dvc.pid, signal.SIGKILL)
        self._dvc.wait()

    def output(self) -> str:
        """Give all that a run printed that comes to its end."""
        assert self._dvc.wait(PATIENCE_S) == 0, self._log.read_text()
        return self._log.read_text()

    def _lives(self) -> bool:
        self._dvc.poll()  # else what has ended would still be counted
        with suppress(ProcessLookupError):
            os.killpg(self._dvc.pid, 0)
            return True
        return False

    def _training(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return [process for process in psutil.Process(self._dvc.pid).children(recursive=True)
                    if f"stages.{self._stage}" in process.cmdline()]
        return []


def killed(project: Project, stage: str, ways: list[str], moment: random.Random) -> Repro:
    """Start a stage, kill it in each of these ways in turn, and give the run after the last."""
    repro = Repro(project, stage)
    for way in ways:
        if moment.random() < 0.25:  # while DVC starts, it imports, reads, takes up the checkpoint
            time.sleep(moment.uniform(0, 8))
        else:
            repro.await_epochs(1)
            time.sleep(moment.uniform(0, 0.2))
        repro.kill(way)
        following = Repro(project, stage)
        if way == "dvc":  # the training goes on without it; the one after it starts, and may wait
            repro.await_epochs(moment.randint(0, 10))
            repro.kill_all()
        repro = following
    return repro


def test_twenty_kills_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    project = Project.clone(tmp_path / "often")
    settings = {"train": {"epochs": EPOCHS}, "finetune": {"epochs": EPOCHS}}
    undisturbed, often = (
        Workplace(folder, **settings) for folder in (tmp_path / "whole", project.folder))
    moment = random.Random(20)
    for stage in ("train", "finetune"):
        undisturbed.run(stage)
        ways = [WAYS[number % len(WAYS)] for number in range(KILLS // 2)]
        moment.shuffle(ways)
        assert "going on from epoch" in killed(project, stage, ways, moment).output()
        for folder in (f"artifacts/{stage}/{MEMBER}", f"plots/{stage}/{MEMBER}"):
            assert often.bytes_of(folder) == undisturbed.bytes_of(folder)
        done = epochs_done(project.folder, stage)
        # Each run went on where the one before it was, or repeated one epoch.
        assert [done[0], done[-1]] == [0, EPOCHS - 1]
        assert {after - before for before, after in pairwise(done)} <= {0, 1}
        assert len(done) - EPOCHS <= len(ways)
        assert not list((project.folder / f"runs/{stage}/{MEMBER}").glob("*/"))


@pytest.mark.parametrize(("stage", "section", "change", "goes_on"), [
    pytest.param("train", "train", {}, True, id="nothing changed"),
    pytest.param("train", "train", {"learning_rate": 0.01}, False, id="learning rate"),
    pytest.param("train", "augment", {"zoom": 0.3}, False, id="augmentation"),
    pytest.param("train", "head", {"dropout": 0.5}, False, id="head"),
    pytest.param("train", "evaluate", {"resamples": 100}, True, id="what training does not read"),
    pytest.param("finetune", "finetune", {}, True, id="nothing changed, second phase"),
    pytest.param("finetune", "finetune", {"unfreeze": 1}, False, id="what trains"),
    pytest.param("finetune", "train", {"learning_rate": 0.01}, True, id="a phase that is done")])
def test_changed_settings_begin_anew(
        tmp_path: Path, *, stage: str, section: str, change: dict[str, object],
        goes_on: bool) -> None:
    workplace = Workplace(tmp_path)
    if stage == "finetune":
        workplace.run("train")
    process = workplace.start("-m", f"stages.{stage}", MEMBER, output=subprocess.DEVNULL)
    until(lambda: len(epochs_done(tmp_path, stage)) >= 2)
    assert process.poll() is None, "it ended before it could be killed"
    workplace.kill(process)
    Workplace(tmp_path, **{section: change})  # the same images, other settings
    assert ("going on from epoch" in workplace.run(stage)) is goes_on
