"""What each network says of a part, beside what it said before fine-tuning."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteon import checkpoints, params
from osteon.backbone import create
from osteon.outcome import Fit
from osteon.predictions import predict
from osteon.sections.training import Backbone
from osteon.splits import Splits
from rows import rows

ROOT = Path(__file__).parents[2]
LABELS = ("a", "b")
TINY = Backbone(arch="test_resnet", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


def _save(folder, seed):
    folder.mkdir(parents=True)
    checkpoints.save(folder, create(TINY, 2, seed), {"member": folder.name},
                     Fit(pd.DataFrame({"epoch": [0]}), 0, 0.5))


@pytest.fixture
def predicted(tmp_path):
    """Predict four test images by a member that fine-tuning changed, and by one that it did not."""
    content = params.load(ROOT / "params.yaml").model_dump()
    content |= {"backbones": dict.fromkeys(("one", "two"), TINY.model_dump()),
                "model": {"members": ["one", "two"], "folds": 1},
                "trainer": {"accelerator": "cpu", "precision": "fp32"}}
    content["dataset"]["labels"] = LABELS
    for name, seeds in {"one": (1, 2), "two": (3, 3)}.items():
        _save(tmp_path / "train" / name, seeds[0])
        _save(tmp_path / "finetune" / name, seeds[1])
        (tmp_path / "pictures" / name).mkdir(parents=True)
        np.save(tmp_path / "pictures" / name / "pictures.npy", np.random.default_rng(0).integers(
            0, 256, (8, 32, 32), dtype=np.uint8))
    cut = Splits(rows(LABELS * 4, [f"p{row}" for row in range(8)],
                      part=["train"] * 4 + ["test"] * 4))
    settings = params.Params.model_validate(content)

    def found(trained, *first):
        return predict(cut, "test", tmp_path / "pictures", tmp_path / trained, settings,
                       *(tmp_path / name for name in first))

    return found


def test_the_first_phase_stands_beside_where_fine_tuning_changed_it(predicted):
    table, features = predicted("finetune", "train")
    assert [name for name in table if ":" in name] == [
        "one:a", "one:b", "one_before:a", "one_before:b", "two:a", "two:b"]
    alone, own = predicted("finetune")
    before, _ = predicted("train")
    assert table["one:b"].tolist() == pytest.approx(alone["one:b"].tolist(), abs=1e-6)
    assert table["one_before:b"].tolist() == pytest.approx(before["one:b"].tolist(), abs=1e-6)
    assert not np.allclose(table["one:b"], table["one_before:b"])
    assert features == pytest.approx(own, abs=1e-5)  # of the trained networks alone
