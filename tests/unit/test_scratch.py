"""The network of our own: its shapes, and that it can learn at all."""

import pytest
import torch
from torch import nn

from osteon.backbone import create
from osteon.scratch import ScratchCnn
from osteon.sections.training import Backbone
from phases import head

SCRATCH = Backbone(arch="scratch_cnn", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("side", [
    pytest.param(150, id="150, as published"), pytest.param(32, id="the least"),
    pytest.param(97, id="odd")])
def test_pictures_of_any_size_give_as_many_features(side):
    with torch.inference_mode():
        assert ScratchCnn()(torch.rand(2, 3, side, side)).shape == (2, 256)


def test_its_filters_are_of_several_sizes():
    sizes = [layer.kernel_size for layer in ScratchCnn().modules() if isinstance(layer, nn.Conv2d)]
    assert sizes == [(7, 7), (5, 5), (3, 3), (3, 3)]


def test_the_signal_neither_dies_nor_explodes():
    torch.manual_seed(0)
    with torch.inference_mode():
        found = ScratchCnn()(torch.rand(8, 3, 64, 64) * 2 - 1)
    assert 0.1 < found.std() < 10


def test_it_learns_to_tell_fine_lines_from_coarse_ones():
    network = create(SCRATCH, 2, 0, head(hidden=(128,), dropout=0.2))
    phases = torch.rand(16, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    width = torch.tensor([4.0, 9.0]).repeat(8).view(-1, 1, 1, 1)
    images = (0.5 + 0.5 * torch.sin(6.28 * (torch.arange(32.0) / width + phases))).expand(
        16, 1, 32, 32)
    targets = torch.arange(2).repeat(8)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001, weight_decay=1e-4)
    for _ in range(15):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), targets).backward()
        optimizer.step()
    with torch.inference_mode():
        assert network.eval()(images).argmax(dim=1).tolist() == targets.tolist()
