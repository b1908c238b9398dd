"""The probes on embeddings worked by hand, and what they claim where a leak is planted."""

import numpy as np
import pytest

from osteon.audit.probes import linear, nearest, predict
from osteon.audit.protocols import Facts, protocols


def _accuracy(predictions, targets, views):
    return np.mean(predictions.scores.argmax(axis=1) == targets[predictions.rows // views])


def test_nearest_says_how_much_nearer_a_class_is_than_all_others():
    known = np.array([[1.0, 0], [0, 2], [0.6, 0.8]])  # of classes 2, 0 and 1; a length is nothing
    found = nearest(known, np.array([2, 0, 1]), np.array([[5.0, 0], [0, 1]]), 3)
    # Cosines to the classes 0, 1, 2: (0, .6, 1) and (1, .8, 0).
    assert found == pytest.approx(np.array([[-1, -0.4, 0.4], [0.2, -0.2, -1]]))


def test_nearest_takes_the_nearest_of_a_class():
    known = np.array([[1, 0], [0, 1], [0.8, 0.6]])
    found = nearest(known, np.array([0, 0, 1]), np.array([[1, 0.0]]), 2)
    assert found == pytest.approx(np.array([[0.2, -0.2]]))  # 1 against .8, not 0 against .8


@pytest.mark.parametrize("probe", [linear, nearest])
def test_a_class_without_training_rows_is_never_called(probe):
    known = np.random.default_rng(0).normal(size=(20, 4))
    targets = np.tile([0, 2], 10)
    found = probe(known, targets, known, 3)
    assert found.shape == (20, 3)
    assert 1 not in found.argmax(axis=1)


def test_linear_reads_a_label_that_lies_in_one_feature():
    random = np.random.default_rng(1)
    targets = np.arange(80) % 2
    known = random.normal(size=(80, 5))
    known[:, 3] += 6 * targets
    found = linear(known, targets, known, 2)
    assert np.array_equal(found.argmax(axis=1), targets)
    assert found.sum(axis=1) == pytest.approx(np.ones(80))


@pytest.fixture(scope="module")
def leaky():
    """160 images with labels by chance, two copies of each of 80 pictures, and a view of each."""
    random = np.random.default_rng(2)
    targets = np.repeat(random.integers(0, 2, size=80), 2)
    pictures = np.repeat(random.normal(size=(80, 64)), 2, axis=0)
    embeddings = pictures[:, np.newaxis] + 0.05 * random.normal(size=(160, 2, 64))
    groups = np.repeat(np.arange(80).astype(str), 2).astype(object)
    official = np.full(160, "train", dtype=object)
    official[1::4] = "test"  # its copies are in the train part
    cuts = protocols(Facts(targets, groups, official), views=2, folds=5, seed=3)
    return targets, predict(embeddings.astype(np.float32), targets, cuts, 2)


@pytest.mark.parametrize(("protocol", "least", "most"), [
    ("grouped", 0.35, 0.65), ("augment_grouped", 0.35, 0.65), ("official_mended", 0.3, 0.7),
    ("by_image", 0.8, 0.95),  # four of five copies are in training, the rest by chance
    ("augment_by_image", 0.97, 1.0), ("official", 1.0, 1.0)])
def test_a_look_up_claims_what_a_protocol_leaks_and_no_more(leaky, protocol, least, most):
    targets, found = leaky
    assert least <= _accuracy(found[protocol, "nearest"], targets, 2) <= most


@pytest.mark.parametrize("protocol", ["grouped", "augment_grouped"])
def test_a_linear_probe_finds_nothing_where_there_is_nothing(leaky, protocol):
    targets, found = leaky
    assert 0.35 <= _accuracy(found[protocol, "linear"], targets, 2) <= 0.65


def test_every_tested_row_has_its_scores(leaky):
    _, found = leaky
    assert sorted(found["grouped", "nearest"].rows) == list(range(0, 320, 2))
    assert sorted(found["augment_by_image", "linear"].rows) == list(range(320))
    assert found["official", "linear"].scores.shape == (40, 2)
