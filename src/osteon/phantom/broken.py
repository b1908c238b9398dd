"""Draw one picture of a study for the sets of fractures: a small field about the break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from osteon.phantom import anatomy as people
from osteon.phantom.fractures import TYPES, Fracture
from osteon.phantom.joints import dislocated
from osteon.phantom.mimics import draw_mimics
from osteon.phantom.pose import coned, posed
from osteon.phantom.scene import Scene, taken
from osteon.phantom.sites import sites
from osteon.phantom.solids import Anatomy, Vector, along
from osteon.phantom.study import Stream, Study, generator

FRACTURED, INTACT = "fractured", "not_fractured"
_DISLOCATED = "fracture_dislocation"


def _injured(study: Study, person: Anatomy) -> tuple[Anatomy, Fracture | None, Vector]:
    """Break a bone as the label says; give the place to aim at, too.

    ``FRACTURED`` may be any type. ``INTACT`` is aimed at what one of them would be aimed at, so
    that what the field shows beside the break does not tell.
    """
    rng = generator(study, Stream.FINDING)
    drawn = tuple(TYPES)[int(rng.integers(0, len(TYPES)))]
    kind = study.label if study.label in TYPES else drawn
    if kind == _DISLOCATED:
        out = dislocated(study.part, person, rng)
        anatomy, site, target = out.anatomy, out.site, out.middle_mm
        position = float(rng.uniform(site.low, site.high))
    else:
        candidates = sites(kind, study.part, person)
        site = candidates[int(rng.integers(0, len(candidates)))]
        position = float(rng.uniform(site.low, site.high))
        anatomy, target = person, along(person.bone(site.bone), position)
    if study.label == INTACT:
        return person, None, target
    key = (*study.key, Stream.SHAPE)
    return anatomy, Fracture(kind, site.bone, position, site.side, key), target


def draw_broken(study: Study, number: int) -> NDArray[np.uint8]:
    """Draw one picture of a study, always the same for the same study and number.

    The label is a type of fracture, ``FRACTURED`` or ``INTACT``. Age and everything else are drawn
    without regard to it, though greenstick fractures are children's.
    """
    rng = generator(study, Stream.VIEW, number)
    view, zoom = posed(rng, study.part, number)
    person = people.build(study.part, generator(study, Stream.ANATOMY), view.oblique_deg)
    anatomy, fracture, target = _injured(study, person)
    view = coned(view, zoom, study.part, target, rng)
    mimics = draw_mimics(generator(study, Stream.MIMICS), person.sites)
    return taken(Scene(anatomy, replace(mimics, metal=None), fracture), view, rng)
