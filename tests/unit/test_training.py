"""The training loop: resumed it ends the same, averaged and stopped it does as it says."""

import json
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from osteon import training
from osteon.backbone import create
from osteon.datamodule import DataModule, Embeddings, Pictures
from osteon.errors import UserError
from osteon.head import Head
from osteon.module import Classifier
from osteon.sections.training import Backbone, Finetune, Train, Trainer
from osteon.training import balanced_weights
from phases import head, phase

RESNET = Backbone(arch="test_resnet", normalize="symmetric")
MACHINE = Trainer(accelerator="cpu", precision="fp32")
RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (24, 16, 16), dtype=np.uint8)
FEATURES = torch.from_numpy(RANDOM.normal(size=(24, 5)).astype(np.float32))
TARGETS = np.arange(24) % 2

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(("targets", "weights"), [
    pytest.param([0, 1, 0, 1], [1, 1], id="balanced already"),
    pytest.param([0, 0, 0, 1], [4 / 6, 4 / 2], id="three to one"),
    pytest.param([1, 1, 1, 1, 0], [5 / 2, 5 / 8], id="one to four"),
    pytest.param([0, 2, 2, 2], [4 / 2, 0, 4 / 6], id="a class that does not occur"),
])
def test_rare_classes_weigh_more_and_the_mean_over_images_is_one(targets, weights):
    found = balanced_weights(np.array(targets), len(weights)).numpy()
    assert found == pytest.approx(weights)
    assert found[targets].mean() == pytest.approx(1)


class Kill:
    """A change to pictures that changes nothing, and kills the training at the given step."""

    def __init__(self, step=None):
        self.left = step

    def __call__(self, images, numbers, epoch):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("killed")
        return images


def _fit_network(folder, settings, unfreeze="all", kill=None, *, compiled=False, dropout=0.3):
    network = create(RESNET, 2, 0, head(hidden=(8,), batch_norm=True, dropout=dropout))
    network.unfreeze(unfreeze)
    rows = np.arange(24)
    data = DataModule(Pictures(PICTURES, rows, TARGETS),
                      Pictures(PICTURES, rows[:12], TARGETS[:12]), batch_size=8, seed=0)
    classifier = Classifier(network, settings, class_weights=torch.ones(2),
                            transform=kill or Kill(), seed=0, compiled=compiled)
    return network, training.fit(classifier, data, settings, MACHINE, folder)


@pytest.mark.parametrize(("changes", "unfreeze"), [
    pytest.param({"optimizer": "adamw", "schedule": "one_cycle"}, "all", id="as it is by default"),
    pytest.param({"optimizer": "sgd", "schedule": "warm_restarts"}, 1, id="SGDR, last block"),
    pytest.param({"optimizer": "adam", "schedule": "cosine", "ema": 0.8, "l1": 1e-4,
                  "monitor": "accuracy", "patience": 3}, "all", id="averaged, stopping early"),
    pytest.param({"ema": 0.5, "freeze_batch_norm": True, "label_smoothing": 0.1}, 2,
                 id="averaged, partly frozen"),
])
def test_a_killed_training_ends_as_an_undisturbed_one(tmp_path, changes, unfreeze):
    settings = phase(**changes)
    whole, fit = _fit_network(tmp_path / "whole", settings, unfreeze)
    with pytest.raises(RuntimeError, match="killed"):  # in the third of four epochs of 3 steps
        _fit_network(tmp_path / "cut", settings, unfreeze, kill=Kill(7))
    kill = Kill(6)
    resumed, again = _fit_network(tmp_path / "cut", settings, unfreeze, kill=kill)
    assert kill.left == 0  # six steps were left
    assert again.curves.equals(fit.curves)
    assert (again.best_epoch, again.best) == (fit.best_epoch, fit.best)
    expected = whole.state_dict()
    for name, value in resumed.state_dict().items():
        assert torch.equal(value, expected[name]), name


def _fit_head(folder, settings, transform=None, machine=MACHINE):
    torch.manual_seed(0)
    found = Head(5, 2, head())
    data = DataModule(Embeddings(FEATURES, TARGETS), Embeddings(FEATURES[:12], TARGETS[:12]),
                      batch_size=settings.batch_size, seed=0)
    classifier = Classifier(found, settings, class_weights=torch.ones(2),
                            transform=transform, seed=0)
    fit = training.fit(classifier, data, settings, machine, folder)
    return found, fit


@pytest.mark.proof
def test_a_compiled_network_learns_the_same(tmp_path):
    plain, compiled = (
        _fit_network(tmp_path / str(compiles), phase(epochs=2), compiled=compiles, dropout=0.0)
        for compiles in (False, True))
    away = np.abs(plain[1].curves - compiled[1].curves)[["train_loss", "loss"]]
    assert away.max(axis=None) < 1e-3
    assert plain[0].state_dict().keys() == compiled[0].state_dict().keys()


@pytest.mark.parametrize(("changes", "epochs"), [
    pytest.param({"epochs": 3}, 3, id="all epochs done"),
    # A rate too small to change any figure.
    pytest.param({"epochs": 9, "patience": 2, "learning_rate": 1e-12}, 3, id="stopped early"),
])
def test_a_training_killed_after_its_end_is_not_trained_further(tmp_path, changes, epochs):
    settings = phase(**changes)
    whole, fit = _fit_head(tmp_path, settings)
    resumed, again = _fit_head(tmp_path, settings, Kill(0))
    assert len(fit.curves) == epochs
    assert again.curves.equals(fit.curves)
    assert (again.best_epoch, again.best) == (fit.best_epoch, fit.best)
    assert torch.equal(resumed.weight, whole.weight)


def test_an_average_is_of_the_weights_after_each_step(tmp_path):
    """From the first step on: each step moves the average by 1 - .75 towards the weights."""
    seen = []
    torch.manual_seed(0)
    found = Head(5, 2, head())
    data = DataModule(Embeddings(FEATURES, TARGETS), Embeddings(FEATURES[:12], TARGETS[:12]),
                      batch_size=8, seed=0)

    def before_each_step(inputs, numbers, epoch):
        seen.append(found.weight.detach().clone())
        return inputs

    plain, _ = _fit_head(tmp_path / "plain", phase(epochs=1))
    settings = phase(epochs=1, ema=0.75)
    classifier = Classifier(found, settings, class_weights=torch.ones(2),
                            transform=before_each_step, seed=0)
    training.fit(classifier, data, settings, MACHINE, tmp_path / "averaged")
    _, first, second = seen
    third = plain.weight  # the same steps, without an average in the place of the last weights
    expected = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
    assert torch.allclose(found.weight, expected, atol=1e-6)
    assert not torch.allclose(found.weight, third, atol=1e-3)


@pytest.mark.parametrize("monitor", ["accuracy", "auroc", "loss"])
def test_training_stops_when_the_measure_gets_no_better(tmp_path, monitor):
    # A rate too small to change any figure: the first epoch stays the best.
    settings = phase(epochs=9, monitor=monitor, patience=2, learning_rate=1e-12)
    _, fit = _fit_head(tmp_path, settings)
    assert len(fit.curves) == 3
    assert fit.best_epoch == 0
    assert fit.best == fit.curves[monitor][0]


def test_the_epoch_that_is_kept_is_the_best_by_its_measure(tmp_path):
    found, fit = _fit_head(tmp_path, phase(epochs=8, monitor="accuracy", learning_rate=0.3))
    assert fit.best == fit.curves["accuracy"].max()
    assert fit.best_epoch == fit.curves["accuracy"].idxmax()
    with torch.inference_mode():
        right = found(FEATURES[:12]).argmax(dim=1).numpy() == TARGETS[:12]
    assert fit.best == pytest.approx(right.mean(), abs=1e-6)


def test_the_last_epoch_is_kept_where_validation_must_not_choose(tmp_path):
    settings = phase(epochs=8, monitor="accuracy", learning_rate=0.3)
    _, best = _fit_head(tmp_path / "best", settings)
    found, last = _fit_head(tmp_path / "last", settings.model_copy(update={"monitor": "last"}))
    assert best.best_epoch < 7  # else this would prove nothing
    assert last.curves.equals(best.curves)
    assert (last.best_epoch, last.best) == (7, last.curves["auroc"][7])
    with torch.inference_mode():
        right = found(FEATURES[:12]).argmax(dim=1).numpy() == TARGETS[:12]
    assert right.mean() == pytest.approx(last.curves["accuracy"][7], abs=1e-6)
    kept = torch.load(tmp_path / "last/last.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(kept["network.weight"], found.weight)


def test_curves_have_a_row_an_epoch_and_every_measure(tmp_path):
    _, fit = _fit_head(tmp_path, phase(epochs=2, schedule="cosine"))
    assert list(fit.curves) == ["epoch", "train_loss", "loss", "auroc", "accuracy",
                                "learning_rate"]
    assert fit.curves["epoch"].tolist() == [0, 1]
    assert not fit.curves.isna().any(axis=None)


def test_each_epoch_leaves_a_line_on_its_speed(tmp_path):
    _fit_head(tmp_path / "run", phase(epochs=2))
    lines = [json.loads(line) for line in (tmp_path / "epochs.jsonl").read_text().splitlines()]
    assert [(line["run"], line["epoch"], line["images"]) for line in lines] == [
        ("run", 0, 24), ("run", 1, 24)]
    for line in lines:
        assert line["seconds"] > 0
        assert line["images_per_s"] >= line["images"] / line["seconds"] - 0.1


@pytest.mark.parametrize(("step", "epoch", "place"), [
    pytest.param(4, 1, 1, id="within an epoch of 3 steps"), pytest.param(2, 0, 2, id="at its end")])
def test_a_loss_that_is_no_number_ends_the_training_before_its_epoch_is_kept(
        tmp_path, step, epoch, place):
    spoil = iter(range(99))

    def change(inputs, numbers, of_epoch):
        return inputs * float("nan") if next(spoil) >= step else inputs

    with pytest.raises(UserError, match=f"the loss is nan in epoch {epoch}, step {place}; lower"):
        _fit_head(tmp_path / "run", phase(), change)
    kept = tmp_path / "run/last.ckpt"
    assert kept.is_file() == (epoch > 0)
    assert not kept.is_file() or torch.load(kept, weights_only=True)["epoch"] == epoch - 1


def test_weights_that_the_last_step_spoilt_are_not_kept(tmp_path):
    """No loss of a step can tell: each was of the weights before it."""
    spoils = phase(epochs=1, batch_size=24, optimizer="sgd", learning_rate=1e300, monitor="last")
    with pytest.raises(UserError, match="the loss is nan in epoch 0, on validation; lower"):
        _fit_head(tmp_path / "run", spoils)
    assert not (tmp_path / "run/last.ckpt").exists()


@pytest.mark.parametrize("failure", [
    pytest.param(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), id="a card's"),
    pytest.param(RuntimeError("DefaultCPUAllocator: can't allocate memory"), id="the system's"),
    pytest.param(MemoryError(), id="Python's")])
@pytest.mark.parametrize(("section", "more"), [
    pytest.param(Train, {"views": 0}, id="first phase"),
    pytest.param(Finetune, {"unfreeze": 1}, id="second phase")])
def test_out_of_memory_says_what_to_lower(tmp_path, section, more, failure):
    def change(inputs, numbers, epoch):
        raise failure

    settings = section.model_validate({**phase().model_dump(), **more})
    name = section.__name__.lower()
    with pytest.raises(UserError, match=rf"memory: lower {name}.batch_size \(now 8\) or preproc"):
        _fit_head(tmp_path / "run", settings, change)


def test_a_card_that_is_not_there_ends_training_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"trainer\.accelerator=gpu: torch sees no graphics card"):
        _fit_head(tmp_path / "run", phase(), machine=Trainer(accelerator="gpu", precision="fp32"))


def test_another_failure_is_not_taken_for_memory(tmp_path):
    def change(inputs, numbers, epoch):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        _fit_head(tmp_path / "run", phase(), change)


@pytest.mark.parametrize(("processes", "share"), [(1, 8), (2, 4), (4, 2)])
def test_several_processes_share_every_batch_and_validation(processes, share):
    """Each batch of one process is what the same batches of all are together, in any order."""
    class Place:
        world_size = processes
        strategy = SimpleNamespace(root_device=torch.device("cpu"))

        def __init__(self, rank):
            self.global_rank = rank

    def batches(rank, count, loader="train_dataloader"):
        rows = torch.arange(22.0).view(22, 1)
        data = DataModule(Embeddings(rows, np.zeros(22, np.int64)),
                          Embeddings(rows[:13], np.zeros(13, np.int64)), batch_size=8, seed=3)
        data.trainer = None if count == 1 else Place(rank)
        return [numbers.tolist() for _, _, numbers in getattr(data, loader)()]

    whole = batches(0, 1)
    assert [len(batch) for batch in whole] == [8, 8]
    shares = [batches(rank, processes) for rank in range(processes)]
    for number, batch in enumerate(whole):
        assert {len(own[number]) for own in shares} == {share}
        assert sorted(chain(*(own[number] for own in shares))) == sorted(batch)
    validated = [batches(rank, processes, "val_dataloader") for rank in range(processes)]
    assert sorted(chain(*chain(*validated))) == list(range(13))
