"""A killed training goes on where it was, and ends as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest

from project import Project

OUTPUT = "artifacts/train/tiny"


def weights(project: Project) -> bytes:
    """Read what training made."""
    return (project.folder / OUTPUT / "model.safetensors").read_bytes()


@pytest.fixture
def undisturbed(small: Project) -> tuple[bytes, pd.DataFrame]:
    """Train, take what came of it, and leave the project as if nothing had been trained."""
    small.run("dvc", "repro", "train")
    found = weights(small), small.table(f"{OUTPUT}/curves.csv")
    shutil.rmtree(small.folder / OUTPUT)
    (small.folder / "dvc.lock").write_text(
        (small.folder / "dvc.lock").read_text().replace("train@tiny", "train@gone"))
    shutil.rmtree(small.folder / ".dvc/cache/runs")
    return found


def started(small: Project) -> subprocess.Popen[str]:
    """Begin to train, and come back once an epoch is done."""
    # What it prints goes nowhere: a pipe that nobody reads would fill and stop it.
    process = small.start("dvc", "repro", "train", stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((small.folder / "runs/train/tiny").glob("*/last.ckpt")):
        assert process.poll() is None, "training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def test_a_killed_training_ends_with_the_same_weights(
        small: Project, undisturbed: tuple[bytes, pd.DataFrame]) -> None:
    process = started(small)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (small.folder / OUTPUT).exists()

    output = small.run("dvc", "repro", "train")
    assert output.count("going on from epoch") == 1
    assert weights(small) == undisturbed[0]
    assert small.table(f"{OUTPUT}/curves.csv").equals(undisturbed[1])


@pytest.mark.proof
def test_a_training_that_outlived_dvc_is_waited_for(
        small: Project, undisturbed: tuple[bytes, pd.DataFrame]) -> None:
    small.configure(train__epochs=200)  # long enough to be met by the next run
    process = started(small)
    process.kill()  # dvc alone
    process.wait()
    output = small.run("dvc", "repro", "train")
    assert "another process is training here; waiting for it to let go" in output
    assert len(small.table(f"{OUTPUT}/curves.csv")) == 200
