"""One step of training: what its loss holds, what it may change, and when it stops."""

from contextlib import nullcontext
from math import exp, log

import pytest
import torch

from osteon.backbone import create
from osteon.errors import UserError
from osteon.head import LINEAR, Head
from osteon.module import Classifier, OccurringAuroc, uses_bf16
from osteon.sections.training import Backbone, Trainer
from phases import head, phase

RESNET = Backbone(arch="test_resnet", normalize="symmetric")
IMAGES, TARGETS = torch.rand(4, 1, 32, 32), torch.tensor([0, 1, 0, 1])
NUMBERS = torch.arange(4)

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*self.trainer. reference is not registered")]


def _classifier(network, **changes):
    return Classifier(network, phase(**changes), class_weights=torch.ones(2),
                      transform=None, seed=0)


def _head(weight, **changes):
    """Give a head of two features with set weights; its scores for (1, 0) are the first row."""
    found = Head(2, 2, head(**changes))
    with torch.no_grad():
        found.weight.copy_(torch.tensor(weight))
    return found


@pytest.mark.parametrize(("changes", "of_head", "expected"), [
    pytest.param({}, {}, log(4 / 3), id="softmax: a chance of 3/4"),
    pytest.param({}, {"output": "sigmoid"}, (log(4 / 3) + log(2)) / 2, id="sigmoids 3/4 and 1/2"),
    pytest.param({"label_smoothing": 0.2}, {}, 0.9 * log(4 / 3) + 0.1 * log(4), id="smoothed"),
    # |log 3| + |-2|; biases do not count.
    pytest.param({"l1": 0.5}, {}, log(4 / 3) + 0.5 * (log(3) + 2), id="with L1"),
])
def test_the_loss_of_a_step(changes, of_head, expected):
    classifier = _classifier(_head([[log(3), 0.0], [0.0, -2.0]], **of_head), **changes)
    with torch.no_grad():
        found = classifier.training_step((torch.tensor([[1.0, 0.0]]), torch.tensor([0]), NUMBERS))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_l1_leaves_out_biases_norms_and_what_is_frozen():
    network = create(RESNET, 2, 0)
    network.unfreeze(1)
    last = [*network.backbone.layer4.parameters(), *network.head.parameters()]
    expected = sum(weight.abs().sum().item() for weight in last if weight.ndim > 1)
    assert _classifier(network)._size().item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weight", [
    pytest.param(float("nan"), id="not a number"), pytest.param(float("inf"), id="infinite")])
def test_a_loss_that_is_no_number_stops_with_its_place_and_a_remedy(weight):
    found = _head([[1.0, 0.0], [0.0, 0.0]])
    classifier = _classifier(found)
    batch = (torch.ones(1, 2), torch.tensor([1]), NUMBERS)
    for _ in range(7):
        classifier.training_step(batch)
    assert classifier.mean_loss().item() == pytest.approx(log(1 + exp(1)))
    with torch.no_grad():
        found.weight[0, 0] = weight
    classifier.training_step(batch)
    classifier.training_step(batch)
    with pytest.raises(UserError, match=r"the loss is (nan|inf) in epoch 0, step 7; lower learn"):
        classifier.mean_loss()


def test_pictures_of_bytes_become_numbers_up_to_one():
    """A head that gives the first pixel: black and white, and a third between."""
    classifier = _classifier(_head([[1.0, 0.0], [0.0, 0.0]]))
    seen = []

    def change(inputs, numbers, epoch):
        seen.extend([inputs, numbers, epoch])
        return inputs[:, 0, 0]

    classifier._transform = change
    pictures = torch.tensor([[[[0, 255]]], [[[51, 255]]]], dtype=torch.uint8)
    classifier.training_step((pictures, torch.tensor([0, 1]), torch.tensor([7, 3])))
    assert torch.allclose(seen[0].flatten(), torch.tensor([0, 1, 0.2, 1]))
    assert seen[1].tolist() == [7, 3]
    assert seen[2] == 0


# Scores of one class each, against the rest: of three classes, two occur and one does not.
@pytest.mark.parametrize(("targets", "expected"), [
    pytest.param([0, 0, 1, 1], (1 + 0.75) / 2, id="a class is missing"),
    pytest.param([0, 1, 2, 2], (1 + 2 / 3 + 0.5) / 3, id="all occur"),
])
def test_auroc_is_the_mean_of_the_classes_that_occur(targets, expected):
    measure = OccurringAuroc(num_classes=3)
    chances = torch.tensor([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.3, 0.25, 0.45], [0.1, 0.9, 0.0]])
    missing = pytest.warns(UserWarning, match="No positive samples")
    with nullcontext() if 2 in targets else missing:
        measure.update(chances[:2], torch.tensor(targets[:2]))
        measure.update(chances[2:], torch.tensor(targets[2:]))
        found = measure.compute()
    assert found.item() == pytest.approx(expected)


def _statistics(network):
    return {name: value.clone() for name, value in network.named_buffers() if "running" in name}


@pytest.mark.parametrize(("frozen", "unfreeze", "moving"), [
    pytest.param(False, "all", {"bn1", "conv1", "layer1", "layer2", "layer3", "layer4", "hidden"},
                 id="all"),
    pytest.param(False, 2, {"layer3", "layer4", "hidden"}, id="those of frozen blocks stay"),
    pytest.param(True, "all", {"hidden"}, id="the backbone's stay, the head's is new"),
])
def test_which_batch_norms_learn_statistics(frozen, unfreeze, moving):
    network = create(RESNET, 2, 0, head(hidden=(8,), batch_norm=True))
    network.unfreeze(unfreeze)
    classifier = _classifier(network, freeze_batch_norm=frozen).train()
    before = _statistics(network)
    classifier.training_step((IMAGES, TARGETS, NUMBERS))
    changed = {name.split(".")[1] for name, value in _statistics(network).items()
               if not torch.equal(value, before[name])}
    assert changed == moving


def test_frozen_blocks_get_no_gradient_and_no_place_in_the_optimiser():
    network = create(RESNET, 2, 0)
    network.unfreeze(1)
    classifier = _classifier(network)
    classifier.training_step((IMAGES, TARGETS, NUMBERS)).backward()
    learning = {name.split(".")[0] + "." + name.split(".")[1]
                for name, weight in network.named_parameters() if weight.grad is not None}
    assert learning == {"backbone.layer4", "head.weight", "head.bias"}
    assert len(classifier._learning()) == 9 + 2


@pytest.mark.parametrize(("precision", "expected"), [("bf16", True), ("fp32", False)])
def test_precision_is_as_asked_for(precision, expected):
    assert uses_bf16(Trainer(accelerator="cpu", precision=precision)) is expected


def test_an_embedding_is_trained_on_as_a_picture_is():
    classifier = _classifier(Head(5, 2, LINEAR))
    loss = classifier.training_step((torch.rand(3, 5), torch.tensor([0, 1, 1]), NUMBERS[:3]))
    assert loss.item() == pytest.approx(log(2), abs=0.05)
