"""Embeddings row by row whatever the batches, and kept only for the very same question."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from osteon import embeddings
from osteon.backbone import create
from osteon.embeddings import embed, kept
from osteon.sections.training import Backbone

CPU = torch.device("cpu")
RESNET = Backbone(arch="test_resnet", normalize="imagenet")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def network():
    return create(RESNET, 2, seed=0)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, size=(70, 32, 32), dtype=np.uint8)


def _mirrored(images, numbers):
    return images.flip(3)


def test_embeddings_come_in_the_order_of_the_rows(network, pictures):
    found = embed(network.train(), pictures, np.arange(40), bf16=False, device=CPU)
    assert found.shape == (40, network.backbone.head_hidden_size)
    alone = embed(network, pictures, np.array([35]), bf16=False, device=CPU)
    assert torch.allclose(found[35], alone[0], atol=1e-4)


def test_embeddings_are_of_the_changed_pictures(network, pictures):
    rows = np.arange(3)
    mirrored = embed(network, pictures[:, :, ::-1].copy(), rows, bf16=False, device=CPU)
    found = embed(network, pictures, rows, bf16=False, device=CPU, transform=_mirrored)
    assert torch.allclose(found, mirrored, atol=1e-5)


def test_a_change_is_told_which_of_the_rows_it_gets(network, pictures):
    seen = []

    def change(images, numbers):
        seen.extend(zip(numbers.tolist(), (255 * images[:, 0, 0, 0]).round().tolist(), strict=True))
        return images

    rows = np.arange(70)[::-1].copy()
    embed(network, pictures, rows, bf16=False, device=CPU, transform=change)
    assert seen == [(number, pictures[69 - number, 0, 0]) for number in range(70)]


def _ask(cache, network, pictures, *, rows=(4, 2), bf16=False, transform=None, facts=None):
    return kept(cache, network, pictures, np.array(rows), bf16=bf16, device=CPU,
                transform=transform, facts=facts)


def test_the_same_is_computed_once_and_comes_back_to_the_bit(tmp_path, network, pictures):
    first = _ask(tmp_path, network, pictures)
    [file] = tmp_path.glob("*.npy")
    written = file.stat().st_mtime_ns
    other_head = create(RESNET, 5, seed=0)  # of no matter to embeddings
    assert torch.equal(_ask(tmp_path, other_head, pictures.copy()), first)
    assert torch.equal(first, embed(network, pictures, np.array([4, 2]), bf16=False, device=CPU))
    assert [file] == list(tmp_path.glob("*.npy"))
    assert file.stat().st_mtime_ns == written


def _other_weights(network):
    other = create(RESNET, 2, seed=0)
    with torch.no_grad():
        other.backbone.conv1[0].weight[0, 0, 0, 0] += 1
    return other


@pytest.mark.parametrize("change", [
    pytest.param({"rows": (2, 4)}, id="rows in another order"),
    pytest.param({"rows": (4, 2, 2)}, id="another row"),
    pytest.param({"bf16": True}, id="precision"),
    pytest.param({"transform": _mirrored, "facts": "mirrored"}, id="a change"),
    pytest.param({"network": _other_weights}, id="one weight"),
    pytest.param({"network": lambda _: create(
        RESNET.model_copy(update={"normalize": "unit"}), 2, seed=0)}, id="normalisation"),
    pytest.param({"pictures": lambda found: found ^ np.uint8(1)}, id="pictures"),
])
def test_another_question_is_computed_anew(tmp_path, network, pictures, change):
    _ask(tmp_path, network, pictures)
    network = change.pop("network", lambda found: found)(network)
    pictures = change.pop("pictures", lambda found: found)(pictures)
    found = _ask(tmp_path, network, pictures, **change)
    assert len(list(tmp_path.glob("*.npy"))) == 2
    asked = {"rows": (4, 2), "bf16": False, "transform": None, **change}
    asked.pop("facts", None)
    expected = embed(network, pictures, np.array(asked.pop("rows")), device=CPU, **asked)
    assert torch.equal(found, expected)


def test_what_other_code_made_is_not_taken(tmp_path, network, pictures, monkeypatch):
    _ask(tmp_path, network, pictures)
    edited = tmp_path / "augment.py"
    edited.write_text("# another way")
    monkeypatch.setattr(embeddings, "_CODE", [edited, *embeddings._CODE[1:]])
    _ask(tmp_path, network, pictures)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_a_second_one_waits_for_the_first(tmp_path, pictures):
    """Both ask for the same; the backbone works once."""
    calls = []

    class Slow(nn.Module):
        head_hidden_size = 4

        def forward(self, images):
            calls.append(len(images))
            return images.mean(dim=(2, 3)).repeat(1, 2)[:, :4]

    network = create(RESNET, 2, seed=0)
    network.backbone = Slow()
    threads = [threading.Thread(target=_ask, args=(tmp_path, network, pictures)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [2]
