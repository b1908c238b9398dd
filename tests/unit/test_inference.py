"""Logits row by row, whatever the batches."""

import numpy as np
import pytest
import torch

from osteon import inference
from osteon.backbone import create
from osteon.errors import UserError
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


class _Counted:
    """Pictures that count how often they are read."""

    def __init__(self, pictures):
        self.pictures, self.reads = pictures, 0

    def __getitem__(self, rows):
        self.reads += 1
        return self.pictures[rows]


def test_several_networks_share_one_read_of_the_pictures(network, pictures):
    other = create(Backbone(arch="resnet10t", normalize="imagenet"), 2, seed=1)
    counted, rows = _Counted(pictures), np.arange(70)
    found = inference.outputs_of([network, other], counted, rows, CPU)
    assert counted.reads == 2  # of 64 rows and of 6
    for one, of in zip((network, other), found, strict=True):
        assert of.logits == pytest.approx(inference.logits(one, pictures, rows, CPU), abs=1e-6)
    assert not np.allclose(found[0].logits, found[1].logits)


def test_the_processor_is_used_where_it_is_asked_for():
    assert inference.device("cpu") == CPU


def test_a_card_that_is_asked_for_is_not_silently_done_without(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert inference.device("auto") == CPU
    with pytest.raises(UserError, match=r"trainer.accelerator=gpu: torch sees no graphics card"):
        inference.device("gpu")
