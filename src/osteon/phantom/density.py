"""Draw one picture of a study for the set of bone densities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from osteon.phantom import anatomy as people
from osteon.phantom.attenuation import CORTEX_PER_MM, MARROW_PER_MM, SOFT_PER_MM, Mesh, Tissue
from osteon.phantom.mimics import draw_mimics
from osteon.phantom.pose import coned, posed
from osteon.phantom.projection import View
from osteon.phantom.scene import Scene, taken
from osteon.phantom.solids import along
from osteon.phantom.study import Stream, Study, generator

Range = tuple[float, float]
_ACROSS_DEG = 45.0  # a limb turned further lies across the picture


@dataclass(frozen=True)
class Density:
    """How much bone is left; shares are of healthy bone."""

    cortex: Range  # its thickness
    mineral: Range  # what a millimetre of cortex takes from a ray
    spongy: Range  # what spongy bone takes beyond marrow alone
    coarseness: Range  # of the struts and of the meshes between them
    lost: Range | None  # struts weaker than so many deviations are gone


# By T-score: normal to -1, osteopenia to -2.5, osteoporosis below; a deviation is about an eighth
# of the bone. Cortex is lost from inside, so that the bone keeps its width. Of the spongy bone the
# thin struts across the load go first: the mesh widens, and the struts along the limb stand out.
DENSITIES = {
    "normal": Density((1.0, 1.25), (0.97, 1.03), (0.9, 1.1), (0.95, 1.1), None),
    "osteopenia": Density((0.66, 0.82), (0.93, 0.96), (0.6, 0.8), (1.3, 1.55), (-0.8, -0.5)),
    "osteoporosis": Density((0.34, 0.5), (0.84, 0.92), (0.3, 0.5), (1.8, 2.2), (-0.3, 0.1)),
}


def _tissue(density: Density, rng: np.random.Generator) -> Tissue:
    spongy = (MARROW_PER_MM - SOFT_PER_MM) * rng.uniform(*density.spongy)
    return Tissue(CORTEX_PER_MM * rng.uniform(*density.mineral), SOFT_PER_MM + spongy)


def _mesh(density: Density, view: View, rng: np.random.Generator) -> Mesh:
    coarse = rng.uniform(*density.coarseness)
    lost = None if density.lost is None else rng.uniform(*density.lost)
    across, along_limb = 0.7 * coarse**0.4, 1.1 * coarse**1.6
    if abs(view.turn_deg) > _ACROSS_DEG:
        across, along_limb = along_limb, across
    return Mesh(across, along_limb, 2.6 * coarse, lost)


def draw_density(study: Study, number: int) -> NDArray[np.uint8]:
    """Draw one picture of a study, always the same for the same study and number.

    The label is one of ``DENSITIES``. All are adults, since growth plates would tell who is young.
    """
    density = DENSITIES[study.label]
    rng, person = generator(study, Stream.VIEW, number), generator(study, Stream.FINDING)
    view, zoom = posed(rng, study.part, number)
    anatomy = people.build(study.part, generator(study, Stream.ANATOMY), view.oblique_deg,
                           density.cortex)
    site = anatomy.sites[int(person.integers(0, len(anatomy.sites)))]
    target = along(anatomy.bone(site.bone), float(person.uniform(site.low, site.high)))
    view = coned(view, zoom, study.part, target, rng)
    mimics = replace(draw_mimics(generator(study, Stream.MIMICS), anatomy.sites),
                     growth_plates=0.0, metal=None)
    tissue = _tissue(density, person)
    return taken(Scene(anatomy, mimics, None, tissue, _mesh(density, view, person)), view, rng)
