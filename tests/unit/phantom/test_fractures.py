"""Each type of fracture is what its definition says, on a plain bone; nothing else gives it away.

The bone is a straight tube, 16 pixels of half-width, seen alone and from the front.
"""

from __future__ import annotations

import numpy as np
import pytest

from osteon.phantom.anatomy import BODY_PARTS, build
from osteon.phantom.attenuation import HEALTHY, Bone
from osteon.phantom.broken import draw_broken
from osteon.phantom.fractures import TYPES, Fracture
from osteon.phantom.joints import dislocated
from osteon.phantom.projection import Field, View, outline
from osteon.phantom.sites import sites
from osteon.phantom.solids import Solid, straight
from osteon.phantom.study import Study
from pictures import statistics_auroc

HALF = 16
_VIEW = View(240, 500, 2.0, (0.0, 0.0), 0.0, 0.0, mirrored=False)
_TUBE = Solid("tube", (0.0, 110.0, 0.0), (0.0, -110.0, 0.0), straight(8.0), 1.0, 3.0)
SEEDS = range(8)


def _bone(kind: str | None, seed: int = 0) -> Field:
    """Give the attenuation of the tube, one row for each pixel along it."""
    along = np.arange(-20.0, 460.0)[:, None] + np.zeros((1, 161))
    across = np.arange(-80.0, 81.0)[None, :] + np.zeros((480, 1))
    bone = Bone(outline(_TUBE, _VIEW), _VIEW, np.zeros(along.shape), HEALTHY)
    if kind is None:
        return bone.attenuation(along, across)
    return Fracture(kind, "tube", 0.5, 1.0, (seed,)).drawn(bone, along, across)


INTACT = _bone(None)
BREAK = 20 + 220  # the row of the break


def _axis(broken: Field) -> Field:
    """Give the middle of the bone in every row."""
    weight = np.maximum(broken, 1e-9)
    return np.asarray((weight * np.arange(-80.0, 81.0)).sum(axis=1) / weight.sum(axis=1))


def _middle(kind: str, seed: int) -> Field:
    """Give the share of bone left along the middle half of the bone, about the break."""
    rows, columns = slice(BREAK - 150, BREAK + 150), slice(80 - HALF // 2, 80 + HALF // 2 + 1)
    return np.asarray(_bone(kind, seed)[rows, columns] / INTACT[rows, columns])


@pytest.mark.parametrize("kind", TYPES)
def test_no_bone_is_in_two_pieces(kind: str) -> None:
    s, x = np.meshgrid(np.linspace(-6, 6, 241), np.linspace(-0.95, 0.95, 39), indexing="ij")
    place = outline(_TUBE, _VIEW).at(0.5, _VIEW)
    for seed in SEEDS:
        pieces = TYPES[kind](np.random.default_rng(seed), place, 1.0)
        claimed = sum(piece.share(s, x, 1000.0) for piece in pieces)
        # Crushed bone is denser than it was; elsewhere a half of a bone is half a bone.
        assert np.max(claimed) <= (1.4 if kind == "impacted_fracture" else 1.0) + 1e-9
        assert np.mean(claimed) > 0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_avulsion_tears_a_chip_off_one_margin(seed: int) -> None:
    broken = _bone("avulsion_fracture", seed)
    chip = (broken[:, 80 + HALF + 2:] > 0.25).sum()
    defect = ((INTACT > 0.3) & (broken < 0.5 * INTACT)).sum()
    assert 0.1 * HALF**2 < chip < 0.6 * HALF**2, "drawn away beyond the contour"
    assert 0.2 * HALF**2 < defect < HALF**2
    assert np.array_equal(broken[:, :80 - HALF // 4], INTACT[:, :80 - HALF // 4])


@pytest.mark.parametrize("seed", SEEDS)
def test_comminution_leaves_three_splinters_or_more(seed: int) -> None:
    place = outline(_TUBE, _VIEW).at(0.5, _VIEW)
    main, splinters = np.split(
        np.array(TYPES["comminuted_fracture"](np.random.default_rng(seed), place, 1.0)), [2])
    assert len(splinters) >= 3
    assert all(abs(piece.turn_deg) < 8.0 for piece in main)
    assert max(abs(piece.turn_deg) for piece in splinters) > 10.0
    assert (_middle("comminuted_fracture", seed) < 0.3).sum() > 0.1 * HALF**2, "gaps between them"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_greenstick_bends_and_breaks_one_cortex_alone(seed: int) -> None:
    broken = _bone("greenstick_fracture", seed)
    axis = _axis(broken)
    assert abs(axis[BREAK - 60] + axis[BREAK + 60]) > HALF, "bent towards one side"
    assert np.abs(axis[[30, -30]]).max() < 3.0, "both ends where they were"
    near = broken[BREAK - 12:BREAK + 13] > 0.3
    assert near.any(axis=1).all(), "never broken through"
    assert near.sum(axis=1).min() < 0.8 * 2 * HALF, "a wedge is open"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hairline_is_thin_and_moves_nothing(seed: int) -> None:
    broken = _bone("hairline_fracture", seed)
    assert (broken <= INTACT + 1e-12).all()
    assert np.mean((broken > 0.2) == (INTACT > 0.2)) > 0.999, "the contour is whole"
    line = ((INTACT > 0.3) & (broken < 0.85 * INTACT)).sum()
    assert HALF < line < 12 * HALF, "up to six pixels wide over the bone's width"


@pytest.mark.parametrize("seed", SEEDS)
def test_impaction_makes_a_dense_band_and_shortens(seed: int) -> None:
    broken = _bone("impacted_fracture", seed)
    density = broken.sum(axis=1) / INTACT.sum(axis=1).clip(0.3)
    band = np.flatnonzero(density > 1.3)
    assert 4 <= np.ptp(band) <= 1.5 * HALF
    assert abs(band.mean() - BREAK) < HALF
    assert density[BREAK - 3 * HALF:BREAK + 3 * HALF].min() > 0.98, "no gap"
    length, shorter = (np.ptp(np.flatnonzero(bone.max(axis=1) > 0.3)) for bone in (INTACT, broken))
    assert 0.25 * HALF < length - shorter < 0.8 * HALF


@pytest.mark.parametrize(("kind", "shortest", "longest"), [
    ("hairline_fracture", 0.0, 1.6),
    ("oblique_fracture", 0.8, 2.5),
    ("spiral_fracture", 2.5, 6.0),
    ("longitudinal_fracture", 4.5, 10.0),
])
def test_a_line_is_as_long_as_its_type_says(kind: str, shortest: float, longest: float) -> None:
    for seed in SEEDS:
        rows = np.flatnonzero((_middle(kind, seed) < 0.75).any(axis=1))
        assert shortest < np.ptp(rows) / HALF < longest


@pytest.mark.parametrize("seed", SEEDS)
def test_an_oblique_line_is_straight_at_30_to_60_degrees(seed: int) -> None:
    lucent = _middle("oblique_fracture", seed) < 0.75
    heights = [float(np.flatnonzero(column).mean()) for column in lucent.T]
    slope, start = np.polyfit(np.arange(len(heights)), heights, 1)
    assert 30.0 < abs(np.rad2deg(np.arctan(slope))) < 60.0
    assert np.abs(start + slope * np.arange(len(heights)) - heights).max() < 0.15 * HALF


def test_a_spiral_parts_both_cortices_at_different_places() -> None:
    # Where one cortex alone is parted, half of the bone is left: a spiral's line is seen twice.
    through = {kind: np.mean([(_middle(kind, seed) < 0.3).sum() for seed in SEEDS])
               for kind in ("spiral_fracture", "oblique_fracture")}
    assert through["spiral_fracture"] < 0.2 * through["oblique_fracture"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pathological_fracture_goes_through_eaten_bone(seed: int) -> None:
    broken = _bone("pathological_fracture", seed)
    near = slice(BREAK - 2 * HALF, BREAK + 2 * HALF)
    assert 0.12 < 1 - broken[near].sum() / INTACT[near].sum() < 0.75
    narrowest = broken.sum(axis=1)[BREAK - HALF:BREAK + HALF].min()
    assert narrowest < 0.65 * INTACT[BREAK].sum(), "parted somewhere"


@pytest.mark.parametrize("part", BODY_PARTS)
def test_a_dislocated_joint_is_out_and_the_bone_beside_it_broken(part: str) -> None:
    for seed in SEEDS:
        person = build(part, np.random.default_rng(seed), 0.0)
        out = dislocated(part, person, np.random.default_rng(seed))
        moved = [max(np.hypot(a.start_mm[0] - b.start_mm[0], a.start_mm[1] - b.start_mm[1]),
                     np.hypot(a.end_mm[0] - b.end_mm[0], a.end_mm[1] - b.end_mm[1]))
                 for a, b in zip(person.bones, out.anatomy.bones, strict=True)]
        assert 0 < sum(distance > 6.0 for distance in moved) < len(moved)
        assert out.anatomy.bone(out.site.bone)


@pytest.mark.parametrize("part", BODY_PARTS)
def test_every_type_has_a_place_on_every_part(part: str) -> None:
    person = build(part, np.random.default_rng(3), 0.0)
    for kind in TYPES:
        for site in sites(kind, part, person):
            assert 0.0 < site.low < site.high < 1.0
            assert person.bone(site.bone)
        assert sites(kind, part, person)


def _study(number: int, label: str) -> Study:
    return Study(BODY_PARTS[number % 7], label, 2, (31, number, 1, 13))


@pytest.mark.parametrize("view", [0, 1])
def test_a_fracture_is_in_the_field_of_every_view(view: int) -> None:
    for number in range(14):
        broken, intact = (draw_broken(_study(number, label), view).astype(int)
                          for label in ("fractured", "not_fractured"))
        assert broken.shape == intact.shape
        assert (np.abs(broken - intact) > 12).mean() > 0.001


def test_statistics_do_not_tell_the_types() -> None:
    studies = [[_study(number, kind) for kind in TYPES] for number in range(8)]
    assert statistics_auroc(studies, draw_broken) < 0.65


def test_statistics_do_not_tell_a_fracture() -> None:
    studies = [[_study(number, label) for label in ("fractured", "not_fractured")]
               for number in range(40)]
    assert statistics_auroc(studies, draw_broken) < 0.62
