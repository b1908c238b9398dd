"""What training takes from a cut, and what it refuses before any work."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from osteon import member, params
from osteon.backbone import create
from osteon.embeddings import embed
from osteon.errors import UserError
from osteon.pointing import miss
from osteon.sections.training import Backbone
from osteon.splits import Splits
from rows import rows

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
RESNET = Backbone(arch="test_resnet", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


def test_training_takes_two_parts_by_their_rows_and_leaves_the_test(tmp_path):
    np.save(tmp_path / "pictures.npy", np.zeros((5, 2, 2), np.uint8))
    cut = Splits(rows(["b", "a", "b", "b", "a"], "pqrst",
                      part=["test", "train", "validation", "train", "validation"]))
    found = member.read_material(cut, tmp_path, ("a", "b"))
    assert {part: list(found.rows[part]) for part in found.rows} == {
        "train": [1, 3], "validation": [2, 4]}
    assert {part: list(found.targets[part]) for part in found.targets} == {
        "train": [0, 1], "validation": [1, 0]}


def test_a_part_of_one_class_is_refused(tmp_path):
    np.save(tmp_path / "pictures.npy", np.zeros((4, 2, 2), np.uint8))
    cut = Splits(rows(["a", "b", "a", "a"], "pqrs",
                      part=["train", "train", "validation", "validation"]))
    with pytest.raises(UserError, match="split: validation holds 1 of the classes a, b, c; cut"):
        member.read_material(cut, tmp_path, ("a", "b", "c"))


@pytest.fixture
def material():
    """Three classes, of which validation lacks the last."""
    return member.Material(
        pictures=np.random.default_rng(0).integers(0, 256, (24, 32, 32), dtype=np.uint8),
        rows={"train": np.arange(16), "validation": np.arange(16, 24)},
        targets={"train": np.arange(16) % 3, "validation": np.arange(8) % 2})


def _settings(**sections):
    """Give the committed settings, shrunk, with some keys of some sections changed."""
    content = params.load(ROOT / "params.yaml").model_dump()
    content["backbones"]["tiny"] = {"arch": "test_resnet", "normalize": "symmetric"}
    content["model"]["members"] = ["tiny"]
    content["dataset"]["labels"] = ("a", "b", "c")
    for name in ("train", "finetune"):
        content[name].update(epochs=2, batch_size=8)
    content["trainer"] = {"accelerator": "cpu", "precision": "fp32"}
    for name, changes in sections.items():
        content[name] = {**content[name], **changes} if isinstance(changes, dict) else changes
    return params.Params.model_validate(content)


def _weights(folder):
    """Write weights for the backbone, as a hub would have them."""
    torch.save(create(RESNET, 2, seed=9).backbone.state_dict(), folder / "test_resnet.pth")
    return str(folder)


def test_the_last_blocks_and_the_head_are_finetuned_and_the_rest_stays(tmp_path, material):
    settings = _settings(finetune={"unfreeze": 1}, head={"hidden": (8,), "batch_norm": True})
    network = create(RESNET, 3, 0, settings.head)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit = member.finetune(network, settings, material, tmp_path / "run")
    changed = {name.split(".")[1] for name, value in network.state_dict().items()
               if not torch.equal(value, before[name])}
    assert changed == {"layer4", "hidden", "weight", "bias"}
    assert fit.curves["auroc"].between(0, 1).all()


def test_without_weights_the_whole_network_is_trained(tmp_path, material):
    settings = _settings(head={"output": "sigmoid"})
    network, source = member.start("tiny", settings)
    before = network.backbone.layer4[0].conv1.weight.clone()
    fit = member.train(network, settings, material, tmp_path / "run", tmp_path / "kept")
    assert not torch.equal(network.backbone.layer4[0].conv1.weight, before)
    assert network.output == "sigmoid"
    assert len(fit.curves) == 2
    assert source == "none: trained from scratch"
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("views", "files"), [
    pytest.param(3, 4, id="three views and validation are embedded and kept"),
    pytest.param(0, 0, id="a live pass keeps nothing")])
def test_with_weights_the_head_alone_learns(tmp_path, material, views, files):
    settings = _settings(weights=_weights(tmp_path), train={"views": views})
    network, source = member.start("tiny", settings)
    fit = member.train(network, settings, material, tmp_path / "run", tmp_path / "kept")
    donor = create(RESNET, 2, seed=9).backbone.state_dict()
    for name, value in network.backbone.state_dict().items():
        assert torch.equal(value, donor[name]), name
    assert not torch.equal(network.head.weight, create(RESNET, 3, settings.seed).head.weight)
    assert len(fit.curves) == 2
    assert source.startswith("test_resnet.pth (sha256 ")
    assert len(list(tmp_path.glob("kept/*.npy"))) == files


@pytest.mark.parametrize(("across", "spot"), [
    pytest.param(slice(4, 16), "tall", id="the tall spot"),
    pytest.param(slice(36, 56), "wide", id="the wide spot")])
@pytest.mark.parametrize("spots", [False, True], ids=["by the head", "by places"])
def test_masks_teach_a_network_which_of_two_spots_is_the_finding(tmp_path, across, spot, spots):
    """Both spots are in every picture of the last class: the masks alone mean one of them.

    Pictures are mirrored half of the time, and their masks with them.
    """
    random = np.random.default_rng(0)
    pictures = random.integers(0, 60, (48, 64, 64), dtype=np.uint8)
    targets = np.arange(48) % 2
    pictures[targets == 1, 20:44, 8:14] = 250
    pictures[targets == 1, 29:35, 42:62] = 250
    cells, positive = np.zeros((48, 56, 56), bool), np.flatnonzero(targets)
    cells[:, 16:40, across] = True
    np.savez(tmp_path / "masks.npz", rows=positive, cells=cells[positive])
    material = member.Material(
        pictures=pictures, rows={"train": np.arange(40), "validation": np.arange(40, 48)},
        targets={"train": targets[:40], "validation": targets[40:]}, masks=tmp_path / "masks.npz")
    settings = _settings(
        dataset={"labels": ("a", "b")}, head={"spots": spots},
        augment={"horizontal_flip": 0.5, "rotation_deg": 0.0, "shift": 0.0, "zoom": 0.0},
        finetune={"outlines" if spots else "localisation": 1.0, "epochs": 6,
                  "learning_rate": 0.005, "monitor": "last"})
    network = create(RESNET, 2, 0, settings.head)
    member.finetune(network, settings, material, tmp_path / spot)
    with torch.inference_mode():
        maps = network.eval().feature_map(torch.from_numpy(pictures[[41, 43]])[:, None] / 255)
        direction = network.head.weight[1] - network.head.weight[0]
        if spots:
            maps, direction = network.backbone.told_apart(maps)[1], torch.ones(1)
        missed = miss(maps, direction, torch.from_numpy(cells[[41, 43]])[:, None].float())
    assert missed.neg().exp() > 0.6  # of the evidence lies on the spot: it cannot on either


@pytest.mark.parametrize("spots", [False, True], ids=["head", "head and spots"])
def test_what_is_new_learns_at_a_rate_of_its_own(tmp_path, material, spots):
    """A rate of next to nothing: the backbone alone moves."""
    settings = _settings(head={"spots": spots}, finetune={
        "head_rate": 1e-9, "learning_rate": 0.01, "monitor": "last"})
    network = create(RESNET, 3, 0, settings.head)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    member.finetune(network, settings, material, tmp_path)
    moved = {name for name, value in network.named_parameters()
             if not torch.allclose(value, before[name], atol=1e-5)}
    assert {name.split(".")[0] for name in moved} == {"backbone"}
    assert not any(name.startswith("backbone.pyramid") for name in moved)


def test_a_live_pass_sees_each_image_otherwise_in_each_epoch(tmp_path, material):
    """A rate too small to learn at: only the changes to the images move the training loss."""
    turning = {"rotation_deg": 20.0}
    still = {"horizontal_flip": 0.0, "rotation_deg": 0.0, "shift": 0.0, "zoom": 0.0,
             "contrast": 0.0}
    losses = {}
    for name, changes in {"turned": turning, "still": still}.items():
        settings = _settings(
            weights=_weights(tmp_path), augment=changes,
            train={"views": 0, "learning_rate": 1e-12, "schedule": "constant", "batch_size": 16})
        network, _ = member.start("tiny", settings)
        fit = member.train(network, settings, material, tmp_path / name, tmp_path / "kept")
        losses[name] = fit.curves["train_loss"].diff()[1]
    assert losses["still"] == pytest.approx(0, abs=2e-6)
    assert abs(losses["turned"]) > 1e-5


def test_embeddings_hold_the_plain_view_first_and_every_view_of_a_picture(tmp_path, material):
    settings = _settings(weights=_weights(tmp_path), train={"views": 3})
    network, _ = member.start("tiny", settings)
    train, validation = member.embeddings(network, settings, material, tmp_path / "kept")
    assert len(train) == 48
    assert train.targets.tolist() == [*(np.arange(16) % 3)] * 3
    plain = embed(network, material.pictures, np.arange(24), bf16=False, device=CPU)
    assert torch.allclose(train.features[:16], plain[:16], atol=1e-5)
    assert torch.allclose(validation.features, plain[16:], atol=1e-5)
    views = train.features.view(3, 16, -1)
    for one, another in [(0, 1), (0, 2), (1, 2)]:
        assert ((views[one] - views[another]).abs().amax(dim=1) > 1e-4).all()


def test_networks_that_take_turns_share_their_embeddings(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (24, 32, 32), dtype=np.uint8)
    np.save(tmp_path / "pictures.npy", pictures)
    cut = Splits(rows(["a", "b"] * 12, [f"p{number}" for number in range(24)],
                      part=["train"] * 16 + ["validation"] * 8))
    settings = _settings(weights=_weights(tmp_path), train={"views": 1, "monitor": "last"},
                         finetune={"monitor": "last"}, dataset={"labels": ("a", "b")},
                         model={"folds": 4})
    network, _ = member.start("tiny", settings)
    plain = embed(network, pictures, np.arange(24), bf16=False, device=CPU)
    for material in member.read_turns(cut, tmp_path, settings):
        train, validation = member.embeddings(network, settings, material, tmp_path / "kept")
        assert torch.allclose(train.features, plain[material.rows["train"]], atol=1e-5)
        assert torch.allclose(validation.features, plain[material.rows["validation"]], atol=1e-5)
        assert len(train) + len(validation) == 24
    assert len(list((tmp_path / "kept").glob("*.npy"))) == 1


def test_a_head_can_be_tried_on_embeddings_and_given_up(tmp_path, material):
    settings = _settings(weights=_weights(tmp_path), train={"views": 1, "epochs": 5},
                         head={"hidden": (8,)})
    network, _ = member.start("tiny", settings)
    train, validation = member.embeddings(network, settings, material, tmp_path / "kept")
    heads = [member.new_head(network, settings) for _ in range(2)]
    assert torch.equal(heads[0].weight, heads[1].weight)
    seen = []
    fit = member.fit_head(heads[0], settings, train, validation,
                          on_epoch=lambda epoch, figures: seen.append({"epoch": epoch, **figures}))
    assert pd.DataFrame(seen).round(6).equals(fit.curves)
    assert fit.best == fit.curves["auroc"].max()

    def give_up(epoch, figures):
        if epoch == 2:
            raise LookupError(figures["loss"])

    with pytest.raises(LookupError, match=str(seen[2]["loss"])):
        member.fit_head(heads[1], settings, train, validation, on_epoch=give_up)
    assert {file.name for file in tmp_path.iterdir()} == {"kept", "test_resnet.pth"}
