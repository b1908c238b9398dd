"""Logits row by row, whatever the batches."""

import numpy as np
import pytest
import torch

from osteon import inference
from osteon.backbone import create
from osteon.sections.training import Backbone

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    return create(Backbone(arch="resnet10t", normalize="imagenet"), 2, seed=0)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, size=(70, 32, 32), dtype=np.uint8)


def test_logits_come_in_the_order_of_the_rows(network, pictures):
    rows = np.arange(70)[::-1].copy()  # 70 rows are a batch of 64 and one of 6
    found = inference.logits(network.train(), pictures, rows, CPU)
    assert found.shape == (70, 2)
    assert found.dtype == np.float32
    for place in (0, 63, 64, 69):
        alone = inference.logits(network, pictures, rows[place:place + 1], CPU)
        assert found[place] == pytest.approx(alone[0], abs=1e-4)


def test_features_are_what_the_head_reads(network, pictures):
    found = inference.outputs(network, pictures, np.arange(70), CPU)
    assert found.features.shape == (70, network.backbone.head_hidden_size)
    assert found.features.dtype == np.float32
    with torch.inference_mode():
        logits = network.head(torch.from_numpy(found.features)).numpy()
    assert logits == pytest.approx(found.logits, abs=1e-5)


def test_the_processor_is_used_where_it_is_asked_for():
    assert inference.device("cpu") == CPU
