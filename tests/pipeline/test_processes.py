"""Two processes that share every batch train as one does, and one of them writes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workplace import MEMBER, Workplace

# What would differ by its nature: batch norm over a batch that is cut in two, random dropout.
# Class weights differ, so that each process's share of a batch weighs otherwise.
ALIKE = {"freeze_batch_norm": True, "epochs": 4, "batch_size": 16, "label_smoothing": 0.1,
         "learning_rate": 0.01, "class_weights": True}
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def curves(workplace: Workplace, stage: str) -> pd.DataFrame:
    return pd.read_csv(workplace.folder / f"artifacts/{stage}/{MEMBER}/curves.csv")


def both(folder: Path, devices: int) -> Workplace:
    return Workplace(folder, train=ALIKE, trainer={"devices": devices},
                     finetune={**ALIKE, "optimizer": "sgd"})


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    workplace = both(tmp_path_factory.mktemp("alone"), 1)
    workplace.run("train")
    workplace.run("finetune")
    return workplace


@pytest.mark.parametrize("launcher", [
    pytest.param((), id="started by the stage itself"),
    pytest.param(TORCHRUN, id="started by torchrun")])
def test_two_processes_give_the_curves_of_one(
        tmp_path: Path, alone: Workplace, launcher: tuple[str, ...]) -> None:
    two = both(tmp_path, 2)
    for stage in ("train", "finetune"):
        process = two.start(*launcher, "-m", f"stages.{stage}", MEMBER)
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
        found, expected = curves(two, stage), curves(alone, stage)
        assert list(found) == list(expected)
        away = np.abs(found - expected).max()
        assert away[["train_loss", "loss", "learning_rate"]].max() <= 1e-4
        assert away[["auroc", "accuracy"]].max() <= 0.05  # ties, of 25 images, may fall otherwise
        assert expected["loss"].nunique() == len(expected)
        times = (two.folder / "runs/stages.csv").read_text()
        assert times.count(f",{stage} {MEMBER},") == 1  # one of them writes
    assert not list((two.folder / "runs/train" / MEMBER).glob("*/"))
