"""The loss of maps that miss their masks: its value, its gradient, and that it moves a network."""

from math import exp, log

import pytest
import torch

from osteon.backbone import create
from osteon.pointing import miss, unlike
from osteon.sections.training import Backbone
from outlined import outlined

RESNET = Backbone(arch="test_resnet", normalize="symmetric")
AHEAD = torch.tensor([1.0, 0.0])  # of two channels the first alone speaks for the finding

pytestmark = pytest.mark.usefixtures("one_thread")


def _maps(*activations):
    """Give maps of 2 x 2 positions whose first channel is as asked, with noise in the other."""
    first = torch.tensor(activations, dtype=torch.float32).view(-1, 1, 2, 2)
    return torch.cat([first, torch.full_like(first, 9.0)], dim=1)


# exp(0), exp(log 3): shares of 1/6 and 3/6 among four positions.
@pytest.mark.parametrize(("maps", "places", "expected"), [
    pytest.param(_maps([0, log(3), 0, 0]), outlined(1), log(2), id="half of it inside"),
    pytest.param(_maps([0, log(3), 0, 0]), outlined(2), log(6), id="a sixth inside"),
    pytest.param(_maps([50, 0, 0, 0]), outlined(0), 0, id="all inside"),
    pytest.param(_maps([0, 0, 0, 0]), torch.ones(1, 1, 8, 8), 0, id="a mask of everything"),
    pytest.param(_maps([0, log(3), 0, 0], [9, 0, 0, 0]), outlined(1, None), log(2),
                 id="an image without a mask has no say"),
    pytest.param(_maps([0, log(3), 0, 0], [0, log(3), 0, 0]), outlined(1, 2), log(12) / 2,
                 id="the mean of two"),
    pytest.param(_maps([0, 5, 0, 0]), outlined(None), 0, id="no mask at all"),
])
def test_it_is_the_logarithm_of_the_share_inside(maps, places, expected):
    assert miss(maps, AHEAD, places).item() == pytest.approx(expected, abs=1e-5)


def test_more_evidence_everywhere_changes_nothing():
    maps, places = _maps([0, log(3), 0, 0]), outlined(1)
    assert miss(maps + 7, AHEAD, places).item() == pytest.approx(log(2), abs=1e-5)


def test_its_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 2, 2, 2, generator=generator, requires_grad=True)
    places = outlined(1, 2)
    miss(maps, AHEAD, places).backward()
    step = torch.zeros_like(maps)
    for place in [(0, 0, 0, 1), (0, 0, 1, 0), (1, 0, 1, 0), (1, 1, 0, 0)]:
        step.zero_()[place] = 1e-2
        with torch.no_grad():
            slope = (miss(maps + step, AHEAD, places) - miss(maps - step, AHEAD, places)) / 2e-2
        assert maps.grad[place].item() == pytest.approx(slope.item(), abs=2e-4)


def test_a_few_steps_bring_the_map_of_a_network_into_the_mask():
    """Pictures with a spot in each half: the label does not say which is meant, the mask does."""
    network = create(RESNET, 2, 0).train()
    images = 0.1 * torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    images[:, :, 28:36, 10:18] += 0.8
    images[:, :, 28:36, 46:54] += 0.8
    places = torch.zeros(8, 1, 56, 56)
    places[:, :, 22:34, 36:50] = 1
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    missed = []
    for _ in range(12):
        direction = network.head.weight[1] - network.head.weight[0]
        loss = miss(network.feature_map(images), direction, places)
        missed.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert missed[-1] < missed[0] / 2


# log 2 = what log-odds of 0 cost in a place; threefold inside.
@pytest.mark.parametrize(("spots", "outlines", "expected"), [
    pytest.param([0, 0, 0, 0], outlined(1), 6 / 4 * log(2), id="undecided"),
    pytest.param([0, 0, 0, 0], outlined(None), log(2), id="undecided, without a finding"),
    pytest.param([-99, 99, -99, -99], outlined(1), 0, id="right everywhere"),
    pytest.param([-99, -99, -99, -99], outlined(None), 0, id="right that there is none"),
    pytest.param([-4, -99, -99, -99], outlined(0), 3 * (4 + log(1 + exp(-4))) / 4, id="missed"),
    pytest.param([4, -99, -99, -99], outlined(None), (4 + log(1 + exp(-4))) / 4, id="imagined"),
])
def test_each_place_learns_from_the_outlines(spots, outlines, expected):
    values = torch.tensor(spots, dtype=torch.float32).view(1, 1, 2, 2)
    assert unlike(values, outlines).item() == pytest.approx(expected, abs=1e-5)
