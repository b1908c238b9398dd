"""What training takes from a cut, and what it refuses before any work."""

from pathlib import Path

import numpy as np
import pytest
import torch

from osteon import member, params
from osteon.backbone import create
from osteon.errors import UserError
from osteon.sections import Backbone
from osteon.splits import Splits
from rows import rows

ROOT = Path(__file__).parents[2]
RESNET = Backbone(arch="test_resnet", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


def test_training_takes_two_parts_by_their_rows_and_leaves_the_test(tmp_path):
    np.save(tmp_path / "pictures.npy", np.zeros((4, 2, 2), np.uint8))
    cut = Splits(rows(["b", "a", "b", "a"], "pqrs", part=["test", "train", "validation", "train"]))
    found = member.read_material(cut, tmp_path, ("a", "b"))
    assert {part: list(found.rows[part]) for part in found.rows} == {
        "train": [1, 3], "validation": [2]}
    assert {part: list(found.targets[part]) for part in found.targets} == {
        "train": [0, 0], "validation": [1]}


def test_more_than_two_classes_are_refused_at_the_start():
    member.require_two_classes(("normal", "abnormal"))
    with pytest.raises(UserError, match=r"dataset.labels: 3 classes; .* `dvc repro audit` works"):
        member.require_two_classes(("normal", "osteopenia", "osteoporosis"))


@pytest.fixture
def material():
    return member.Material(
        pictures=np.random.default_rng(0).integers(0, 256, (24, 32, 32), dtype=np.uint8),
        rows={"train": np.arange(16), "validation": np.arange(16, 24)},
        targets={"train": np.arange(16) % 2, "validation": np.arange(8) % 2})


def _settings(**sections):
    """Give the committed settings, shrunk, with some keys of some sections changed."""
    content = params.load(ROOT / "params.yaml").model_dump()
    for name in ("train", "finetune"):
        content[name].update(epochs=1, batch_size=8)
    content["trainer"] = {"accelerator": "cpu", "precision": "fp32"}
    for name, changes in sections.items():
        content[name].update(changes)
    return params.Params.model_validate(content)


def test_the_last_blocks_and_the_head_are_finetuned_and_the_rest_stays(tmp_path, material):
    settings = _settings(finetune={"unfreeze": 1}, head={"hidden": (8,), "batch_norm": True})
    network = create(RESNET, 2, 0, settings.head)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    member.finetune(network, settings, material, tmp_path)
    changed = {name.split(".")[1] for name, value in network.state_dict().items()
               if not torch.equal(value, before[name])}
    assert changed == {"layer4", "hidden", "weight", "bias"}


@pytest.mark.parametrize(("own", "expected"), [(None, "softmax"), ("sigmoid", "sigmoid")])
def test_a_member_is_trained_with_its_own_output_and_the_head_of_all(
        tmp_path, material, own, expected):
    backbone = RESNET.model_copy(update={"output": own})
    network, fit, source = member.train(
        backbone, _settings(head={"hidden": (8,), "dropout": 0.5}), material, tmp_path)
    assert network.output == expected
    assert network.head.settings.hidden == (8,)
    assert len(fit.curves) == 1
    assert source == "none: trained from scratch"
