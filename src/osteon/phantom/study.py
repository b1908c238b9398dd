"""One study, its generators, and its pictures in the set of normal and abnormal studies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from osteon.phantom import anatomy as people
from osteon.phantom.attenuation import CORTEX_PER_MM
from osteon.phantom.findings import draw_finding
from osteon.phantom.mimics import draw_mimics
from osteon.phantom.pose import aimed, posed
from osteon.phantom.scene import Scene, taken

POSITIVE, NEGATIVE = "positive", "negative"


class Stream(IntEnum):
    """What is drawn from a generator of its own.

    Counted from 1: a seed that ends in zeros is the same as one without them, so that a stream
    0 would repeat the draws that decided the label.
    """

    ANATOMY = 1
    FINDING = 2
    MIMICS = 3
    VIEW = 4
    SHAPE = 5


@dataclass(frozen=True)
class Study:
    """One study: whose, of what, and what it shows."""

    part: str
    label: str
    views: int
    key: tuple[int, ...]  # seed, patient, number of the study from 1, and number of the set if any


def generator(study: Study, stream: Stream, view: int = 0) -> np.random.Generator:
    """Give the generator of one stream of a study, or of one of its views."""
    return np.random.default_rng([*study.key, stream, view])


def draw_view(study: Study, number: int) -> NDArray[np.uint8]:
    """Draw one picture of a study, always the same for the same study and number.

    Every step draws from a generator of its own, so that leaving out the finding changes the
    picture where the finding lies, and nowhere else.
    """
    rng = generator(study, Stream.VIEW, number)
    view, zoom = posed(rng, study.part, number)
    anatomy = people.build(study.part, generator(study, Stream.ANATOMY), view.oblique_deg)
    view = aimed(view, zoom, anatomy, rng)
    site_rng = generator(study, Stream.FINDING)
    site = anatomy.sites[int(site_rng.integers(0, len(anatomy.sites)))]
    finding = draw_finding(site_rng, site) if study.label == POSITIVE else None
    mimics = draw_mimics(generator(study, Stream.MIMICS), anatomy.sites)
    middle_mm = min(left + right for _, left, right in anatomy.bone(site.bone).outline_mm)
    scene = Scene(anatomy, mimics, finding, bone=CORTEX_PER_MM * 0.75 * middle_mm)
    return taken(scene, view, rng)
