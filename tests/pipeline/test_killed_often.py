"""Killed again and again, a training goes on each time and ends as an undisturbed one."""

import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from workplace import MEMBER, Workplace

pytestmark = pytest.mark.proof

EPOCHS, KILLS = 60, 20


def epochs_done(workplace: Workplace, stage: str) -> list[int]:
    """List the epochs that runs have told of so far; a repeated one occurs twice."""
    file = workplace.folder / f"runs/{stage}/{MEMBER}/epochs.jsonl"
    if not file.is_file():
        return []
    # A kill may have cut the last line short.
    whole = [line for line in file.read_text().split("\n") if line.endswith("}")]
    return [json.loads(line)["epoch"] for line in whole]


def killed(workplace: Workplace, stage: str, *, epochs: int, after_s: float) -> list[int]:
    """Start a stage, kill it so many seconds after it has told of so many epochs; list these."""
    before = len(epochs_done(workplace, stage))
    # What it prints goes nowhere: a pipe that nobody reads would fill and stop it.
    process = workplace.start("-m", f"stages.{stage}", MEMBER, output=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while process.poll() is None and len(epochs_done(workplace, stage)) < before + epochs:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(after_s)
    assert process.poll() is None, "it ended before it could be killed"
    workplace.kill(process)
    return epochs_done(workplace, stage)[before:]


def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    settings = {"train": {"epochs": EPOCHS}, "finetune": {"epochs": EPOCHS}}
    undisturbed, often = (Workplace(tmp_path / name, **settings) for name in ("whole", "often"))
    moment = random.Random(20)
    for stage in ("train", "finetune"):
        undisturbed.run(stage)
        last = -1
        for _ in range(KILLS // 2):
            at_once = moment.random() < 0.25  # while it imports, reads, takes up the checkpoint
            new = killed(often, stage, epochs=not at_once,
                         after_s=moment.uniform(0, 6 if at_once else 0.2))
            if new:  # it went on where it was, or one epoch before
                assert new[0] in (last, last + 1)
                assert new == list(range(new[0], new[-1] + 1))
                last = new[-1]
        assert last < EPOCHS - 1, "it was done before its last kill"
        output = often.run(stage)
        assert "going on from epoch" in output
        for folder in (f"artifacts/{stage}/{MEMBER}", f"plots/{stage}/{MEMBER}"):
            assert often.bytes_of(folder) == undisturbed.bytes_of(folder)
        assert not list((often.folder / f"runs/{stage}/{MEMBER}").glob("*/"))


@pytest.mark.parametrize(("section", "change", "goes_on"), [
    pytest.param("train", {}, True, id="nothing changed"),
    pytest.param("train", {"learning_rate": 0.01}, False, id="learning rate"),
    pytest.param("augment", {"zoom": 0.3}, False, id="augmentation"),
    pytest.param("head", {"dropout": 0.5}, False, id="head"),
    pytest.param("evaluate", {"resamples": 100}, True, id="what training does not read")])
def test_changed_settings_begin_anew(
        tmp_path: Path, *, section: str, change: dict[str, object], goes_on: bool) -> None:
    workplace = Workplace(tmp_path)
    killed(workplace, "train", epochs=2, after_s=0)
    Workplace(tmp_path, **{section: change})  # the same images, other settings
    assert ("going on from epoch" in workplace.run("train")) is goes_on
