"""An image that is like none of the reference is told, by its embedding and its grey values."""

import numpy as np
import pytest

from osteon.familiarity import Familiarity

NAMES = ["mean", "p05", "sharpness"]
GROUPS = [f"patient{number // 2}" for number in range(400)]


def _images(seed, count=400, embedding=0.0, **moved):
    """Draw features on three directions of twenty, with a little noise, and grey statistics."""
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(9).normal(size=(3, 20))
    features = (random.normal(size=(count, 3)) + embedding) @ directions
    features += 0.1 * random.normal(size=features.shape)
    features[:, 7] = 4.0  # a channel that is dead
    usual = {"mean": 0.3, "p05": 0.0, "sharpness": 0.04} | moved
    statistics = np.stack([usual[name] * np.exp(0.2 * random.normal(size=count))
                           for name in NAMES], axis=1)
    return features, statistics


@pytest.fixture(scope="module")
def familiarity():
    return Familiarity.fit(*_images(0), GROUPS, NAMES)


def test_the_reference_has_unit_variance_on_uncorrelated_axes(familiarity):
    found = familiarity.reference
    assert found.shape == (400, 3)
    assert np.cov(found.T, ddof=0) == pytest.approx(np.eye(3), abs=1e-4)
    assert familiarity.coordinates(_images(0)[0]) == pytest.approx(found, abs=1e-4)


@pytest.mark.parametrize("groups", [pytest.param(400, id="400 patients"),
                                    pytest.param(12, id="12 patients")])
def test_axes_are_fewer_than_the_groups_they_rest_on(groups):
    random = np.random.default_rng(1)
    fitted = Familiarity.fit(random.normal(size=(400, 60)), np.ones((400, 1)),
                             [str(number % groups) for number in range(400)], ["mean"])
    assert fitted.axes.shape == (60, {400: 32, 12: 2}[groups])


def test_of_new_images_of_the_same_kind_about_1_in_100_warn(familiarity):
    features, statistics = _images(1, count=4000)
    alarms = familiarity.unlike(familiarity.coordinates(features), statistics)
    assert 0.002 <= np.mean([bool(reasons) for reasons in alarms]) <= 0.025


@pytest.mark.parametrize(("planted", "told"), [
    pytest.param({"embedding": 9.0}, ["embedding"], id="another embedding"),
    pytest.param({"sharpness": 0.01}, ["sharpness"], id="blurred"),
    pytest.param({"mean": 0.02}, ["mean"], id="dark"),
    pytest.param({"p05": 0.2}, ["p05"], id="black became grey"),
    pytest.param({"mean": np.nan}, ["mean"], id="no number"),
    pytest.param({"embedding": 9.0, "mean": 1.9}, ["embedding", "mean"], id="both"),
])
def test_what_is_unlike_is_named(familiarity, planted, told):
    features, statistics = _images(2, count=20, **planted)
    for reasons in familiarity.unlike(familiarity.coordinates(features), statistics):
        assert [reason.split()[0] for reason in reasons] == told


def test_a_reason_gives_value_and_bound(familiarity):
    bound = float(familiarity.lowest[2])
    assert 0.015 < bound < 0.03
    reasons = familiarity.unlike(familiarity.reference[:1], [[0.3, 0.0, 0.0101]])
    assert reasons == [[f"sharpness 0.010 is below {bound:.3f}, the least usual in the reference"]]


def test_distance_is_the_mean_to_the_five_nearest():
    plain = Familiarity(*(np.asarray(value) for value in (
        ["mean"], np.zeros(1), np.eye(1), [[0.0], [1.0], [2.0], [3.0], [4.0], [90.0]], 5.0, [0.0],
        [1.0])))
    assert plain.distance([[0.0], [-2.0]]).tolist() == [2.0, 4.0]


def test_images_of_one_patient_do_not_vouch_for_each_other():
    random = np.random.default_rng(3)
    # Ten pictures each of 20 patients, who lie far from each other: all at home among their own.
    features = np.repeat(random.normal(size=(20, 4)) * 10, 10, axis=0)
    features += 0.01 * random.normal(size=features.shape)
    statistics, patients = np.full((200, 1), 0.3), np.repeat(np.arange(20), 10)
    grouped, alone = (float(Familiarity.fit(features, statistics, groups, ["mean"]).farthest)
                      for groups in (patients, np.arange(200)))
    assert grouped > 10 * alone


def test_a_file_holds_all_of_it_and_the_name_tells_models_apart(familiarity, tmp_path):
    familiarity.save(tmp_path / "one.npz")
    familiarity.save(tmp_path / "two.npz")
    read = Familiarity.load(tmp_path / "one.npz")
    assert read.name == familiarity.name
    assert len(read.name) == 12
    assert np.array_equal(read.reference, familiarity.reference)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert Familiarity.fit(*_images(5), GROUPS, NAMES).name != familiarity.name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [3, 11])
def test_of_few_large_groups_too_most_images_are_familiar(count):
    """Of groups too large for all to be taken one is left, or some that would share a fold."""
    features, statistics = _images(7, count=1200 * count)
    groups = [f"p{number // 1200}" for number in range(1200 * count)]
    found = Familiarity.fit(features, statistics, groups, NAMES)
    assert 0 < found.farthest < 10
    told = found.unlike(found.coordinates(features[:200]), statistics[:200])
    assert sum(map(bool, told)) < 20


def test_of_a_large_reference_the_axes_take_a_part(familiarity):
    features, statistics = _images(6, count=5000)
    large = Familiarity.fit(features, statistics, [f"p{n // 3}" for n in range(5000)], NAMES)
    assert large.reference.shape == (5000, 3)
    assert float(large.farthest) == pytest.approx(float(familiarity.farthest), rel=0.5)
