"""Random changes: drawn for each image, repeatable by seed, and geometry that stays geometry."""

import pytest
import torch

from osteon.augment import _matrices, augment
from osteon.params import Augment

NOTHING = Augment(horizontal_flip=0, rotation_deg=0, shift=0, zoom=0, contrast=0)
ALL = Augment(horizontal_flip=0.5, rotation_deg=10, shift=0.05, zoom=0.1, contrast=0.1)


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def _changed(settings, **changes):
    return settings.model_copy(update=changes)


@pytest.fixture
def images():
    return torch.rand(6, 1, 24, 24, generator=_seeded(9))


def test_no_change_asked_for_is_none_made(images):
    assert torch.allclose(augment(images, NOTHING, _seeded()), images, atol=1e-5)


def test_a_mirror_is_exactly_that(images):
    mirrored = augment(images, _changed(NOTHING, horizontal_flip=1.0), _seeded())
    assert torch.allclose(mirrored, images.flip(3), atol=1e-5)


def test_equal_images_of_a_batch_come_out_different(images):
    changed = augment(images[:1].repeat(6, 1, 1, 1), ALL, _seeded())
    for one in range(6):
        for other in range(one):
            assert not torch.allclose(changed[one], changed[other], atol=1e-3)


def test_the_generator_alone_decides(images):
    torch.manual_seed(1)
    first = augment(images, ALL, _seeded(3))
    torch.manual_seed(2)
    assert torch.equal(augment(images, ALL, _seeded(3)), first)
    assert not torch.allclose(augment(images, ALL, _seeded(4)), first, atol=1e-3)


def test_half_precision_around_it_changes_nothing(images):
    plain = augment(images, ALL, _seeded(3))
    with torch.autocast("cpu", torch.bfloat16):
        inside = augment(images, ALL, _seeded(3))
    assert inside.dtype == torch.float32
    assert torch.equal(inside, plain)


@pytest.mark.parametrize("name", ["horizontal_flip", "rotation_deg", "shift", "zoom", "contrast"])
def test_each_setting_does_something_alone(images, name):
    alone = _changed(NOTHING, **{name: getattr(ALL, name)})
    assert not torch.allclose(augment(images, alone, _seeded()), images, atol=1e-3)


def test_turning_and_mirroring_shear_nothing():
    settings = _changed(NOTHING, rotation_deg=180.0, horizontal_flip=0.5)
    linear = _matrices(500, settings, _seeded())[:, :, :2]
    assert torch.allclose(linear @ linear.mT, torch.eye(2).expand(500, 2, 2), atol=1e-5)
    mirrored = (torch.det(linear) < 0).float().mean()
    assert mirrored == pytest.approx(0.5, abs=0.08)


def test_zoom_and_shift_stay_in_their_reach_and_use_it():
    matrices = _matrices(500, _changed(NOTHING, zoom=0.1, shift=0.05), _seeded())
    scale, moved = matrices[:, 0, 0], matrices[:, :, 2].abs()
    assert torch.equal(scale, matrices[:, 1, 1])
    assert 0.9 <= scale.min() < 0.91
    assert 1.09 < scale.max() <= 1.1
    assert 0.09 < moved.max() <= 0.1  # .05 of a side that is 2 long


def test_angles_stay_in_their_reach_and_use_it():
    matrices = _matrices(500, _changed(NOTHING, rotation_deg=10.0), _seeded())
    angles = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert -10.001 <= angles.min() < -9
    assert 9 < angles.max() <= 10.001


def test_contrast_changes_about_the_mean():
    halves = torch.tensor([0.4, 0.6]).repeat(1, 1, 8, 4)
    changed = augment(halves.repeat(50, 1, 1, 1), _changed(NOTHING, contrast=0.5), _seeded())
    assert torch.allclose(changed.mean(dim=(1, 2, 3)), torch.tensor(0.5), atol=1e-5)
    reach = changed.amax(dim=(1, 2, 3)) - changed.amin(dim=(1, 2, 3))
    assert 0.1 - 1e-5 <= reach.min() < 0.15
    assert 0.25 < reach.max() <= 0.3 + 1e-5


def test_values_stay_between_zero_and_one():
    extremes = torch.tensor([0.0, 1.0]).repeat(20, 1, 8, 4)
    changed = augment(extremes, _changed(ALL, contrast=0.9), _seeded())
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_one_image_alone_keeps_its_shape(images):
    assert augment(images[:1], ALL, _seeded()).shape == (1, 1, 24, 24)
