"""Random changes: drawn for each image, repeatable by seed, and geometry that stays geometry."""

import pytest
import torch
from torch.nn import functional
from torchvision.transforms.v2 import RandAugment

from osteon.augment import Augmentation, _matrices, draw
from osteon.augment import augment as change
from osteon.backbone import create
from osteon.sections.training import Augment, Backbone

NOTHING = Augment(horizontal_flip=0, rotation_deg=0, shift=0, zoom=0, contrast=0, randaugment=0,
                  randaugment_magnitude=9)
ALL = Augment(horizontal_flip=0.5, rotation_deg=10, shift=0.05, zoom=0.1, contrast=0.1,
              stretch=0.1, gamma=0.3, border=0.1, randaugment=2, randaugment_magnitude=9)


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def augment(images, settings, generator):
    return change(images, settings, draw(len(images), generator))


def _drawn_matrices(count, settings, generator):
    return _matrices(draw(count, generator), settings)


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


@pytest.mark.parametrize("settings", [
    pytest.param(_changed(ALL, randaugment=0), id="turned, moved, brighter"),
    # At full strength no operation is the image itself, and most of 14 x 14 pairs differ.
    pytest.param(_changed(NOTHING, randaugment=2, randaugment_magnitude=30), id="RandAugment"),
    pytest.param(ALL, id="both"),
])
def test_equal_images_of_a_batch_come_out_different(images, settings):
    changed = augment(images[:1].repeat(6, 1, 1, 1), settings, _seeded(2))
    for one in range(6):
        for other in range(one):
            assert not torch.allclose(changed[one], changed[other], atol=1e-3)


def test_the_generator_alone_decides(images):
    torch.manual_seed(1)
    first = augment(images, ALL, _seeded(3))
    torch.manual_seed(2)
    assert torch.equal(augment(images, ALL, _seeded(3)), first)
    assert not torch.allclose(augment(images, ALL, _seeded(4)), first, atol=1e-3)


def test_an_image_is_changed_alike_in_every_batch(images):
    change = Augmentation(ALL, images=6, seed=3)
    whole = change(images, torch.arange(6), 2)
    again = Augmentation(ALL, images=6, seed=3)(images[[4, 1]], torch.tensor([4, 1]), 2)
    assert torch.allclose(again, whole[[4, 1]], atol=1e-6)


@pytest.mark.parametrize(("seed", "epoch"), [(3, 1), (4, 2)], ids=["another epoch", "another seed"])
def test_an_image_is_changed_otherwise_in(images, seed, epoch):
    numbers = torch.arange(6)
    first = Augmentation(ALL, images=6, seed=3)(images, numbers, 2)
    other = Augmentation(ALL, images=6, seed=seed)(images, numbers, epoch)
    for one, another in zip(first, other, strict=True):
        assert not torch.allclose(one, another, atol=1e-3)


def test_half_precision_around_it_changes_nothing(images):
    plain = augment(images, ALL, _seeded(3))
    with torch.autocast("cpu", torch.bfloat16):
        inside = augment(images, ALL, _seeded(3))
    assert inside.dtype == torch.float32
    assert torch.equal(inside, plain)


@pytest.mark.parametrize("name", ["horizontal_flip", "rotation_deg", "shift", "zoom", "contrast",
                                  "stretch", "gamma", "border", "randaugment"])
def test_each_setting_does_something_alone(images, name):
    alone = _changed(NOTHING, **{name: getattr(ALL, name)})
    assert not torch.allclose(augment(images, alone, _seeded()), images, atol=1e-3)


def test_turning_and_mirroring_shear_nothing():
    settings = _changed(NOTHING, rotation_deg=180.0, horizontal_flip=0.5)
    linear = _drawn_matrices(500, settings, _seeded())[:, :, :2]
    assert torch.allclose(linear @ linear.mT, torch.eye(2).expand(500, 2, 2), atol=1e-5)
    mirrored = (torch.det(linear) < 0).float().mean()
    assert mirrored == pytest.approx(0.5, abs=0.08)


def test_zoom_and_shift_stay_in_their_reach_and_use_it():
    matrices = _drawn_matrices(500, _changed(NOTHING, zoom=0.1, shift=0.05), _seeded())
    scale, moved = matrices[:, 0, 0], matrices[:, :, 2].abs()
    assert torch.equal(scale, matrices[:, 1, 1])
    assert 0.9 <= scale.min() < 0.91
    assert 1.09 < scale.max() <= 1.1
    assert 0.09 < moved.max() <= 0.1  # .05 of a side that is 2 long


def test_angles_stay_in_their_reach_and_use_it():
    matrices = _drawn_matrices(500, _changed(NOTHING, rotation_deg=10.0), _seeded())
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


def test_randaugment_leaves_the_global_generator_alone(images):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    augment(images, _changed(NOTHING, randaugment=2), _seeded())
    assert torch.equal(torch.rand(3), expected)


def test_randaugment_leaves_the_generators_of_graphics_cards_alone(images, monkeypatch):
    """torch.manual_seed seeds every card there is, or will be as soon as one is used."""
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    torch.manual_seed(5)
    assert seeded == [5]  # else this would prove nothing
    augment(images, _changed(NOTHING, randaugment=2), _seeded())
    assert seeded == [5]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("magnitude", [0, 9, 30])
def test_every_operation_of_randaugment_keeps_pictures_pictures(images, magnitude):
    many = images.repeat(20, 1, 1, 1)  # 240 operations of 14 kinds
    changed = augment(many, _changed(NOTHING, randaugment=2, randaugment_magnitude=magnitude),
                      _seeded())
    assert changed.shape == many.shape
    assert changed.dtype == torch.float32
    assert 0 <= changed.min() <= changed.max() <= 1


def test_randaugment_turns_bilinearly(monkeypatch):
    """Copied pixels of a black and white picture would be black and white again."""
    monkeypatch.setattr(RandAugment, "_AUGMENTATION_SPACE",
                        {"Rotate": RandAugment._AUGMENTATION_SPACE["Rotate"]})
    squares = torch.ones(4, 4).repeat_interleave(6, 0).repeat_interleave(6, 1).view(1, 1, 24, 24)
    changed = augment(squares, _changed(NOTHING, randaugment=1), _seeded())
    grey = ((changed > 0.01) & (changed < 0.99)).float().mean()
    assert grey > 0.02


SIDE = 320  # a grid of half precision errs by most of a pixel here


def _drawn(matrices):
    """Draw a shaft with coarse trabeculae (pictures, 1, side, side), seen through each matrix.

    Edges are 4 pixels soft, so that a bilinear resampling of one drawing is very nearly another.
    """
    along = (2 * torch.arange(SIDE) + 1) / SIDE - 1
    y, x = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)])
    drawn = []
    for number, matrix in enumerate(matrices):
        seen_x, seen_y = torch.einsum("ij,jyx->iyx", matrix, places)
        angle = torch.tensor(0.4 * number + 0.1)
        across = seen_x * angle.cos() + seen_y * angle.sin()
        down = seen_y * angle.cos() - seen_x * angle.sin()
        shaft = torch.sigmoid((0.35 + 0.1 * down**2 - across.abs()) * SIDE / 8)
        field = torch.sigmoid((0.9 - torch.hypot(seen_x, seen_y)) * SIDE / 8)
        texture = 1 + 0.3 * torch.cos(12 * across) * torch.cos(12 * down)
        drawn.append((0.1 + 0.6 * shaft * texture) * field)
    return torch.stack(drawn).unsqueeze(1)


def _agreement(*, bf16=False):
    """Turn drawings by a few degrees and compare with what is drawn at that angle.

    The least cosine between a small network's embeddings of the two, about the mean embedding.
    With `bf16` the pictures are turned inside of autocast, as in training.
    """
    turning = _changed(NOTHING, rotation_deg=5.0)
    plain = _drawn(_drawn_matrices(6, NOTHING, _seeded(1)))
    network = create(Backbone(arch="test_resnet", normalize="symmetric"), 2, seed=0).eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        by_augment = augment(plain, turning, _seeded(1))
    with torch.inference_mode():
        mean = network.features(plain).mean(dim=0)
        turned, drawn = (network.features(pictures) - mean for pictures in (
            by_augment, _drawn(_drawn_matrices(6, turning, _seeded(1)))))
        return functional.cosine_similarity(turned, drawn).min().item()


@pytest.mark.parametrize("bf16", [
    pytest.param(False, id="fp32"), pytest.param(True, id="inside of bf16 autocast")])
def test_a_small_rotation_moves_an_embedding_no_further_than_it_should(bf16):
    assert _agreement(bf16=bf16) > 0.995


def _nearest(images, grid, mode, padding, align_corners, sample=functional.grid_sample):
    return sample(images, grid, "nearest", padding, align_corners)


def _halved(matrices, size, align_corners, make=functional.affine_grid):
    return make(matrices.bfloat16(), size, align_corners).float()


@pytest.mark.parametrize(("name", "fault"), [
    pytest.param("grid_sample", _nearest, id="copied pixels"),
    pytest.param("affine_grid", _halved, id="a grid in half precision"),
])
def test_that_test_would_see_a_worse_resampling(monkeypatch, name, fault):
    monkeypatch.setattr(functional, name, fault)
    assert _agreement() < 0.95


def test_stretching_changes_one_side_against_the_other():
    matrices = _drawn_matrices(500, _changed(NOTHING, stretch=0.1), _seeded())
    assert torch.equal(matrices[:, 1, 1], torch.ones(500))
    assert 0.9 <= matrices[:, 0, 0].min() < 0.91
    assert 1.09 < matrices[:, 0, 0].max() <= 1.1


def test_gamma_darkens_as_often_as_it_brightens_and_leaves_black_and_white():
    grey = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3).repeat(500, 1, 3, 1)
    changed = augment(grey, _changed(NOTHING, gamma=0.3), _seeded())
    assert torch.allclose(changed[:, :, :, [0, 2]], grey[:, :, :, [0, 2]])
    powers = changed[:, 0, 0, 1].log() / torch.tensor(0.5).log()
    assert 0.7 - 1e-4 <= powers.min() < 0.71
    assert 1.4 < powers.max() <= 1 / 0.7 + 1e-4
    assert (powers < 1).float().mean() == pytest.approx(0.5, abs=0.08)


def test_borders_are_black_up_to_their_reach_and_the_middle_stays():
    white = torch.ones(300, 1, 20, 20)
    changed = augment(white, _changed(NOTHING, border=0.25), _seeded())
    assert set(changed.unique().tolist()) == {0.0, 1.0}
    assert (changed[:, :, 5:15, 5:15] == 1).all()
    for edge in (changed[:, 0, 10, :5], changed[:, 0, 10, 15:].flip(1), changed[:, 0, :5, 10],
                 changed[:, 0, 15:, 10].flip(1)):
        widths = (edge == 0).sum(dim=1)
        assert widths.unique().tolist() == [0, 1, 2, 3, 4, 5]
    left, below = (changed[:, 0, 10, :5] == 0).sum(1), (changed[:, 0, 15:, 10] == 0).sum(1)
    assert (left != below).float().mean() > 0.6  # each edge is drawn by itself


def test_masks_go_where_their_images_go():
    """A spot in an image, and the same spot as a mask of a quarter of the side."""
    images, masks = torch.zeros(40, 1, 64, 64), torch.zeros(40, 1, 16, 16)
    images[:, :, 12:20, 40:48] = 1
    masks[:, :, 3:5, 10:12] = 1
    settings = _changed(NOTHING, horizontal_flip=0.5, rotation_deg=30, shift=0.1, zoom=0.2,
                        stretch=0.2, gamma=0.3)
    change, numbers = Augmentation(settings, images=40, seed=5), torch.arange(40)
    moved = functional.avg_pool2d(change(images, numbers, 2), 4)
    assert (change.move(masks, numbers, 2) - moved).abs().mean() < 0.01
    assert (change.move(masks, numbers, 3) - moved).abs().mean() > 0.01


def test_what_was_added_later_leaves_the_older_draws_alone():
    """So that a training of before can be repeated to the last digit."""
    expected = torch.tensor([[0.4963, 0.0885, 0.3074, 0.6341, 0.4556, 0.3489, 0.0223],
                             [0.7682, 0.1320, 0.4901, 0.8964, 0.6323, 0.4017, 0.1689]])
    assert torch.allclose(draw(2, _seeded())[:, :7], expected, atol=1e-4)
