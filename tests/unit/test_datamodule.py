"""Batches: the right pictures with the right classes, in an order that an epoch decides alone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from osteon.datamodule import DataModule, Embeddings, Pictures

TARGETS = np.arange(10) % 2


def _pictures(rows=10):
    """Pictures of 2 x 2 pixels whose value is their row times 20."""
    pictures = np.full((12, 2, 2), 0, np.uint8) + np.arange(12, dtype=np.uint8)[:, None, None] * 20
    return Pictures(pictures, np.arange(rows) + 2, TARGETS[:rows])


def _order(module, epoch):
    loader = module.train_dataloader()
    loader.sampler.set_epoch(epoch)
    return [value // 20 - 2 for images, _, _ in loader for value in images[:, 0, 0, 0].tolist()]


def _module(batch_size=4, seed=1, rows=10):
    return DataModule(_pictures(rows), _pictures(), batch_size=batch_size, seed=seed)


def test_a_batch_is_read_by_rows_of_the_file():
    images, targets, numbers = _pictures().__getitems__([0, 9, 3])
    assert images.shape == (3, 1, 2, 2)
    assert images.dtype == torch.uint8
    assert images[:, 0, 0, 0].tolist() == [40, 220, 100]
    assert targets.tolist() == [0, 1, 1]
    assert numbers.tolist() == [0, 9, 3]


def test_embeddings_keep_their_classes():
    data = Embeddings(torch.arange(20.0).view(10, 2), TARGETS)
    features, targets, numbers = data.__getitems__([7, 2])
    assert numbers.tolist() == [7, 2]
    assert features.tolist() == [[14, 15], [4, 5]]
    assert targets.tolist() == [1, 0]
    assert len(data) == 10


def test_the_order_of_an_epoch_depends_on_seed_and_epoch_alone():
    torch.manual_seed(5)
    first = _order(_module(), epoch=3)
    torch.manual_seed(6)
    assert _order(_module(), epoch=3) == first
    assert _order(_module(), epoch=4) != first
    assert _order(_module(seed=2), epoch=3) != first


def test_an_epoch_holds_no_image_twice_and_only_whole_batches():
    order = _order(_module(batch_size=4), epoch=0)
    assert len(order) == 8  # 10 images make two batches of 4
    assert len(set(order)) == 8


def test_fewer_images_than_a_batch_make_one_small_batch():
    assert sorted(_order(_module(batch_size=4, rows=3), epoch=0)) == [0, 1, 2]


def test_validation_sees_every_row_once_in_order():
    batches = list(_module().val_dataloader())
    assert torch.cat([targets for _, targets, _ in batches]).tolist() == TARGETS.tolist()
    values = torch.cat([images for images, _, _ in batches])[:, 0, 0, 0]
    assert values.tolist() == list(range(40, 240, 20))


def _balanced(targets, processes=1, rank=0, seed=1):
    rows = torch.arange(float(len(targets))).view(-1, 1)
    data = DataModule(Embeddings(rows, np.asarray(targets)), Embeddings(rows, np.asarray(targets)),
                      batch_size=10, seed=seed, sampling="balanced")
    if processes > 1:
        data.trainer = SimpleNamespace(
            world_size=processes, global_rank=rank,
            strategy=SimpleNamespace(root_device=torch.device("cpu")))
    return data.train_dataloader()


def test_balanced_sampling_draws_each_class_as_often_and_an_epoch_stays_as_long():
    targets = np.repeat([0, 1, 2], [900, 90, 10])
    drawn = torch.cat([found for _, found, _ in _balanced(targets)])
    assert len(drawn) == 1000
    for shares in torch.bincount(drawn) / 1000:
        assert shares.item() == pytest.approx(1 / 3, abs=0.05)


def test_balanced_draws_depend_on_seed_and_epoch_alone():
    def numbers(epoch, seed=1):
        loader = _balanced(np.arange(100) % 10 // 9, seed=seed)
        loader.sampler.set_epoch(epoch)
        return torch.cat([found for _, _, found in loader]).tolist()
    assert numbers(3) == numbers(3)
    assert numbers(3) != numbers(4)
    assert numbers(3) != numbers(3, seed=2)


def test_processes_share_what_is_drawn_for_all():
    targets = np.arange(100) % 10 // 9
    whole = torch.cat([found for _, _, found in _balanced(targets)]).tolist()
    shares = [torch.cat([found for _, _, found in _balanced(targets, 2, rank)]).tolist()
              for rank in (0, 1)]
    assert [shares[number % 2][number // 2] for number in range(100)] == whole
