"""A killed training goes on where it was, and ends as if nothing had happened."""

import os
import shutil
import signal
import time

from project import Project

OUTPUT = "artifacts/train/tiny"


def weights(project: Project) -> bytes:
    """Read what training made."""
    return (project.folder / OUTPUT / "model.safetensors").read_bytes()


def test_a_killed_training_ends_with_the_same_weights(small: Project) -> None:
    small.run("dvc", "repro", "train")
    undisturbed = weights(small)
    curves = small.table(f"{OUTPUT}/curves.csv")
    shutil.rmtree(small.folder / OUTPUT)
    (small.folder / "dvc.lock").write_text(
        (small.folder / "dvc.lock").read_text().replace("train@tiny", "train@gone"))
    shutil.rmtree(small.folder / ".dvc/cache/runs")

    process = small.start("dvc", "repro", "train")
    deadline = time.monotonic() + 120
    while not list((small.folder / "runs/train/tiny").glob("*/last.ckpt")):
        assert process.poll() is None, "training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (small.folder / OUTPUT).exists()

    output = small.run("dvc", "repro", "train")
    assert "going on from epoch" in output
    assert weights(small) == undisturbed
    assert small.table(f"{OUTPUT}/curves.csv").equals(curves)
