"""Bone loss thins the cortex and widens the mesh of spongy bone; brightness does not tell it."""

from __future__ import annotations

import numpy as np
import pytest

from osteon.phantom.anatomy import BODY_PARTS, build
from osteon.phantom.attenuation import CORTEX_PER_MM, HEALTHY_MESH, Bone, Mesh, Tissue, trabeculae
from osteon.phantom.density import DENSITIES, draw_density
from osteon.phantom.projection import Field, View, outline
from osteon.phantom.solids import Solid, straight
from osteon.phantom.study import Study
from pictures import statistics_auroc

_VIEW = View(300, 300, 2.0, (0.0, 0.0), 0.0, 0.0, mirrored=False)


def test_each_class_has_less_bone_than_the_one_before() -> None:
    for better, worse in (("normal", "osteopenia"), ("osteopenia", "osteoporosis")):
        for trait in ("cortex", "mineral", "spongy"):
            assert getattr(DENSITIES[worse], trait)[1] < getattr(DENSITIES[better], trait)[0]
        assert DENSITIES[worse].coarseness[0] > DENSITIES[better].coarseness[1]


@pytest.mark.parametrize("part", BODY_PARTS)
def test_a_thin_cortex_leaves_the_bone_as_wide_as_it_was(part: str) -> None:
    thick, thin = (build(part, np.random.default_rng(4), 0.0, cortex)
                   for cortex in ((1.0, 1.0), (0.4, 0.4)))
    for a, b in zip(thick.bones, thin.bones, strict=True):
        assert a.outline_mm == b.outline_mm
        assert b.cortex_mm == pytest.approx(0.4 * a.cortex_mm)


def test_less_mineral_takes_less_from_a_ray() -> None:
    tube = Solid("tube", (0.0, 60.0, 0.0), (0.0, -60.0, 0.0), straight(8.0), 1.0, 3.0)
    across = np.arange(-20.0, 21.0)[None, :]
    along = np.full(across.shape, 120.0)

    def profile(tissue: Tissue) -> Field:
        return Bone(outline(tube, _VIEW), _VIEW, np.zeros(across.shape), tissue).attenuation(
            along, across)

    whole, less = profile(Tissue()), profile(Tissue(0.8 * CORTEX_PER_MM, 0.022))
    assert (less <= whole).all()
    assert less.max() == pytest.approx(0.8 * whole.max(), rel=0.02)


def test_a_coarse_mesh_has_longer_struts_farther_apart() -> None:
    fine, coarse = (trabeculae(np.random.default_rng(1), _VIEW, mesh)
                    for mesh in (HEALTHY_MESH, Mesh(0.9, 3.0, 5.0, -0.3)))

    def likeness(field: Field, rows: int) -> float:
        return float(np.corrcoef(field[rows:].ravel(), field[:-rows].ravel())[0, 1])

    assert abs(fine.mean()) < 0.1
    assert abs(coarse.mean()) < 0.1
    assert likeness(coarse, 3) > likeness(fine, 3) + 0.3
    # Struts stand out of wide meshes: the bright tail is the longer one.
    assert np.mean(coarse**3) > np.mean(fine**3) + 0.5


def test_statistics_do_not_tell_the_density() -> None:
    studies = [[Study(BODY_PARTS[number % 7], label, 1, (31, number, 1, 12))
                for label in DENSITIES] for number in range(25)]
    assert statistics_auroc(studies, draw_density) < 0.65
