"""A search in the pipeline: killed, it ends as undisturbed; what it chose is what is trained."""

import json
import os
import shutil
import signal
import time

import pytest
import timm
import torch

from project import Project

BEST = "artifacts/tune/tiny/best.json"


@pytest.fixture
def tuned(small: Project) -> Project:
    """Give a small project that starts from weights and searches for a head."""
    weights = small.folder / "weights.pth"
    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet", num_classes=0).state_dict(), weights)
    small.configure(weights=str(weights), train__views=1, tune__trials=4, tune__epochs=4,
                    tune__space={"head": {"hidden": [[4], [8]]},
                                 "train": {"learning_rate": [0.001, 0.01]}})
    return small


def _forget(project: Project) -> None:
    """Take away what the search made, and DVC's memory of it."""
    for folder in ("artifacts/tune", "runs/tune", ".dvc/cache/runs"):
        shutil.rmtree(project.folder / folder, ignore_errors=True)
    lock = project.folder / "dvc.lock"
    lock.write_text(lock.read_text().replace("tune@tiny", "tune@gone"))


def test_a_killed_search_ends_the_same_and_its_choice_is_trained(tuned: Project) -> None:
    tuned.run("dvc", "repro", "train@tiny")
    undisturbed = (tuned.folder / BEST).read_bytes()
    chosen = json.loads(undisturbed)["overrides"]
    card = json.loads((tuned.folder / "artifacts/train/tiny/card.json").read_text())
    assert card["head"]["hidden"] == chosen["head"]["hidden"] != []
    # The search embedded training and validation once, and the training took both from there.
    assert len(list((tuned.folder / "runs/embeddings").glob("*.npy"))) == 2

    _forget(tuned)
    process = tuned.start("dvc", "repro", "tune@tiny")
    deadline = time.monotonic() + 120
    while sum(len(file.read_text().splitlines())
              for file in (tuned.folder / "runs/tune/tiny").glob("*/journal.log")) < 20:
        assert process.poll() is None, "the search ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tuned.folder / BEST).exists()

    tuned.run("dvc", "repro", "tune@tiny")
    assert (tuned.folder / BEST).read_bytes() == undisturbed
    assert "didn't change" in tuned.run("dvc", "repro", "train@tiny")


def test_a_search_reads_no_label_and_no_picture_of_the_test_part(tuned: Project) -> None:
    found = []
    for turn in (lambda: None, tuned.turn_test_part_round):
        turn()
        _forget(tuned)
        tuned.run("python", "-m", "stages.tune", "tiny")
        found.append((tuned.folder / "artifacts/tune/tiny/best.json").read_bytes())
    assert found[0] == found[1]


def test_without_a_search_training_goes_by_its_settings(small: Project) -> None:
    small.run("dvc", "repro", "tune@tiny")
    assert json.loads((small.folder / BEST).read_text())["overrides"] == {}
    refused = small.run("python", "-m", "stages.tune", "tiny", "--worker", fails=True)
    assert "error: tune.trials: 0, so there is no search to help" in refused
