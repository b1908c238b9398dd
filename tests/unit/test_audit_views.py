"""Frozen embeddings: every image's own views, the same for the same seed."""

import numpy as np
import pytest
import torch

from osteon.audit.views import Frozen, Shared
from osteon.backbone import create
from osteon.embeddings import kept
from osteon.errors import UserError
from osteon.sections.training import Backbone, Trainer

TINY = Backbone(arch="test_resnet", normalize="imagenet")
ON_CPU = Trainer(accelerator="cpu", precision="fp32")
# Plain greys: however it is turned and shifted, the black one stays black.
PICTURES = np.repeat(np.array([0, 50, 100, 255], np.uint8), 32 * 32).reshape(4, 32, 32)
ROWS = np.array([3, 0, 2])


@pytest.fixture(scope="module")
def embedded():
    return Frozen(TINY, "none", ON_CPU, seed=1).embed(PICTURES, ROWS, views=5)


def test_there_is_a_row_for_each_picture_and_view_of_it(embedded):
    assert embedded.shape[:2] == (3, 6)
    assert embedded.dtype == np.float32


def test_view_0_is_the_picture_itself(embedded):
    alone = Frozen(TINY, "none", ON_CPU, seed=1).embed(PICTURES, ROWS[:1], views=1)
    assert embedded[0, 0] == pytest.approx(alone[0, 0], abs=1e-5)


def test_views_are_of_their_own_picture_and_differ(embedded):
    black = embedded[1, 0]
    assert embedded[1] == pytest.approx(np.tile(black, (6, 1)), abs=1e-5)
    for other in (0, 2):
        assert (np.abs(embedded[other] - black).max(axis=1) > 0.1).all()
        assert len({view.tobytes() for view in embedded[other]}) == 6


def test_pictures_that_training_embedded_are_read_and_not_computed(tmp_path):
    whole = {"train": np.array([0, 2]), "validation": np.array([3]), "test": np.array([1])}
    shared = Shared(tmp_path, whole)
    network = create(TINY, 2, seed=1)  # as a member's: of more classes, which is of no matter
    cpu = torch.device("cpu")
    for part in ("train", "validation"):
        kept(tmp_path, network, PICTURES, whole[part], bf16=False, device=cpu)
    for number, file in enumerate(sorted(tmp_path.glob("*.npy"))):
        planted = np.load(file)
        np.save(file, planted * 0 + number + 7)  # what is computed could not be this
    found = Frozen(TINY, "none", ON_CPU, seed=1).embed(PICTURES, ROWS[[0, 2]], 2, shared)
    assert sorted(found[:, 0, 0].tolist()) == [7, 8]  # row 2 is a part of training's file
    assert (found[:, 0] == found[:, 0, :1]).all()
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_what_training_has_not_embedded_is_kept_for_it(tmp_path, embedded):
    whole = {"train": np.array([0, 2]), "validation": np.array([3]), "test": np.array([1])}
    frozen = Frozen(TINY, "none", ON_CPU, seed=1)
    found = frozen.embed(PICTURES, ROWS, 5, Shared(tmp_path, whole))
    assert found == pytest.approx(embedded, abs=1e-5)
    files = {file.name for file in tmp_path.glob("*.npy")}
    assert len(files) == 2
    for part in ("train", "validation"):
        kept(tmp_path, create(TINY, 2, seed=1), PICTURES, whole[part], bf16=False,
             device=torch.device("cpu"))
    assert {file.name for file in tmp_path.glob("*.npy")} == files


def test_the_same_seed_gives_the_same_views(embedded):
    same = Frozen(TINY, "none", ON_CPU, seed=1).embed(PICTURES, ROWS, views=5)
    assert np.array_equal(same, embedded)


def test_it_is_said_where_the_weights_came_from():
    assert Frozen(TINY, "none", ON_CPU, seed=7).weights == "none: random weights, seed 7"
    with pytest.raises(UserError, match=r"no file nowhere\.pth"):
        Frozen(TINY, "nowhere.pth", ON_CPU, seed=7)
