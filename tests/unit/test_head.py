"""Heads: which layers, which loss, and logits whose softmax is the probability."""

from math import log

import numpy as np
import pytest
import torch
from torch import nn

from osteon.combination import softmax
from osteon.head import LINEAR, Head, logits, loss
from phases import HEADS, head


def _head(features=6, classes=2, **changes):
    torch.manual_seed(0)
    return Head(features, classes, head(**changes))


def _shapes(layers):
    return [(layer.in_features, layer.out_features) for layer in layers
            if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize(("changes", "kinds", "shapes"), [
    pytest.param({}, ["Dropout"], [(6, 2)], id="linear"),
    pytest.param({"hidden": (256,), "dropout": 0.5}, ["Linear", "ReLU", "Dropout"],
                 [(6, 256), (256, 2)], id="256, ReLU, dropout"),
    pytest.param({"hidden": (512, 128), "batch_norm": True},
                 ["BatchNorm1d", *["Linear", "ReLU", "Dropout"] * 2],
                 [(6, 512), (512, 128), (128, 2)], id="batch norm, 512, 128"),
    pytest.param({"hidden": (256, 256, 128), "batch_norm": True},
                 ["BatchNorm1d", *["Linear", "ReLU", "Dropout"] * 3],
                 [(6, 256), (256, 256), (256, 128), (128, 2)], id="batch norm, 256, 256, 128"),
])
def test_the_layers_are_those_asked_for(changes, kinds, shapes):
    found = _head(**changes)
    assert [type(layer).__name__ for layer in found.hidden] == kinds
    assert _shapes([*found.hidden, found]) == shapes
    assert {layer.p for layer in found.hidden if isinstance(layer, nn.Dropout)} == {
        changes.get("dropout", 0.0)}


def test_a_linear_head_has_the_weights_of_a_linear_layer_alone():
    assert list(Head(3, 2, LINEAR).state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_every_head_starts_undecided_and_small(changes):
    found = _head(features=32, classes=3, **changes).eval()
    with torch.inference_mode():
        chances = found(torch.rand(5, 32)).softmax(dim=1)
    assert chances.shape == (5, 3)
    assert chances.tolist() == [pytest.approx([1 / 3] * 3, abs=0.05)] * 5


@pytest.mark.parametrize(("output", "scores", "probabilities"), [
    pytest.param("softmax", [log(3), 0], [3 / 4, 1 / 4], id="softmax: odds of 3 to 1"),
    pytest.param("sigmoid", [log(3), 0], [0.6, 0.4], id="sigmoids .75 and .5"),
    pytest.param("sigmoid", [log(3), log(3)], [0.5, 0.5], id="both likely"),
    pytest.param("sigmoid", [-log(4), log(4)], [0.2, 0.8], id="sigmoids .2 and .8 add up to 1"),
    pytest.param("sigmoid", [log(3), 0, -log(3)], [1 / 2, 1 / 3, 1 / 6], id="three classes"),
    # Both sigmoids are 0 in float32; by the limit they stand as e to 1.
    pytest.param("sigmoid", [-200, -201], [0.7310586, 0.2689414], id="none likely at all"),
    pytest.param("sigmoid", [200, -200], [1, 0], id="certain"),
])
def test_the_softmax_of_the_logits_is_the_probability(output, scores, probabilities):
    found = logits(torch.tensor([scores], dtype=torch.float32), output)
    assert softmax(found.numpy())[0] == pytest.approx(probabilities, abs=1e-6)


def test_a_sigmoid_head_answers_by_its_normalised_sigmoids():
    found = _head(output="sigmoid").eval()
    features = torch.rand(4, 6) * 100
    with torch.inference_mode():
        sigmoids = found.scores(features).sigmoid().double()
        served = softmax(found(features).numpy())
    expected = sigmoids / sigmoids.sum(dim=1, keepdim=True)
    assert np.abs(served - expected.numpy()).max() < 1e-6


@pytest.mark.parametrize(("output", "smoothing", "expected"), [
    # softmax(0, log 3) = 1/4, 3/4. sigmoid(0, log 3) = 1/2, 3/4.
    pytest.param("softmax", 0.0, -log(1 / 4), id="softmax"),
    pytest.param("sigmoid", 0.0, -(log(1 / 2) + log(1 / 4)) / 2, id="sigmoid"),
    pytest.param("softmax", 0.2, -(0.9 * log(1 / 4) + 0.1 * log(3 / 4)), id="softmax, smoothed"),
    pytest.param("sigmoid", 0.2, -(log(1 / 2) + 0.9 * log(1 / 4) + 0.1 * log(3 / 4)) / 2,
                 id="sigmoid, smoothed"),
])
def test_the_loss_of_one_image(output, smoothing, expected):
    found = loss(torch.tensor([[0.0, log(3)]]), torch.tensor([0]), output, smoothing=smoothing)
    assert found.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_images_of_a_heavy_class_weigh_more(output):
    scores, targets = torch.tensor([[0.3, -1.0], [2.0, 0.5], [0.0, 1.0]]), torch.tensor([0, 1, 1])
    alone = [loss(scores[[n]], targets[[n]], output).item() for n in range(3)]
    weighted = loss(scores, targets, output, weights=torch.tensor([1.0, 3.0])).item()
    assert weighted == pytest.approx((alone[0] + 3 * alone[1] + 3 * alone[2]) / 7, rel=1e-6)
    assert loss(scores, targets, output).item() == pytest.approx(sum(alone) / 3, rel=1e-6)
