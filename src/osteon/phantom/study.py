"""Draw one view of a study: a person's anatomy, seen in a projection, exposed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from osteon.phantom import anatomy as people
from osteon.phantom.attenuation import (
    CORTEX_PER_MM,
    skeleton,
    soft_tissue,
    trabeculae,
)
from osteon.phantom.exposure import develop, draw_exposure
from osteon.phantom.findings import draw_finding
from osteon.phantom.mimics import draw_mimics, skin_fold
from osteon.phantom.projection import View
from osteon.phantom.solids import Anatomy


class Stream(IntEnum):
    """What is drawn from a generator of its own.

    Counted from 1: a seed that ends in zeros is the same as one without them, so that a stream
    0 would repeat the draws that decided the label.
    """

    ANATOMY = 1
    FINDING = 2
    MIMICS = 3
    VIEW = 4



@dataclass(frozen=True)
class Study:
    """One study: whose, of what, and whether it shows a finding."""

    part: str
    positive: bool
    views: int
    key: tuple[int, int, int]  # seed, patient, and number of the study from 1


def generator(study: Study, stream: Stream, view: int = 0) -> np.random.Generator:
    """Give the generator of one stream of a study, or of one of its views."""
    return np.random.default_rng([*study.key, stream, view])


def _draw_view(rng: np.random.Generator, part: str, number: int) -> tuple[View, float]:
    """Draw size and pose of a picture; its scale and centre follow once the anatomy is known."""
    limit = people.OBLIQUITY_DEG[part]
    oblique = rng.uniform(-0.12, 0.12) if number == 0 else rng.uniform(0.35, 1.0)
    long_px, aspect = int(rng.integers(300, 337)), rng.uniform(0.66, 0.98)
    turn = rng.normal(0.0, 7.0)
    if rng.random() < 0.08:
        turn += 90.0
    zoom = rng.uniform(0.94, 1.1)
    view = View(
        width_px=round(long_px * aspect),
        height_px=long_px,
        px_per_mm=1.0,
        centre_mm=(0.0, 0.0),
        oblique_deg=limit * oblique,
        turn_deg=turn,
        mirrored=bool(rng.random() < 0.5),
    )
    if abs(turn) > 45.0:
        view = replace(view, width_px=view.height_px, height_px=view.width_px)
    return view, zoom


def _aimed(view: View, zoom: float, anatomy: Anatomy, rng: np.random.Generator) -> View:
    shift = rng.uniform(-0.03, 0.03, 2) * anatomy.field_mm
    centre = (anatomy.centre_mm[0] + shift[0], anatomy.centre_mm[1] + shift[1])
    scale = zoom * max(view.shape) / anatomy.field_mm
    return replace(view, px_per_mm=scale, centre_mm=centre)


def draw_view(study: Study, number: int) -> NDArray[np.uint8]:
    """Draw one picture of a study, always the same for the same study and number.

    Every step draws from a generator of its own, so that leaving out the finding changes the
    picture where the finding lies, and nowhere else.
    """
    rng = generator(study, Stream.VIEW, number)
    view, zoom = _draw_view(rng, study.part, number)
    anatomy = people.build(study.part, generator(study, Stream.ANATOMY), view.oblique_deg)
    view = _aimed(view, zoom, anatomy, rng)
    site_rng = generator(study, Stream.FINDING)
    site = anatomy.sites[int(site_rng.integers(0, len(anatomy.sites)))]
    finding = draw_finding(site_rng, site) if study.positive else None
    mimic = draw_mimics(generator(study, Stream.MIMICS), anatomy.sites)
    folds = [skin_fold(rng, view) for _ in range(mimic.fold_count)]
    soft = soft_tissue(anatomy, view, folds)
    grain = trabeculae(rng, view)
    bones = skeleton(anatomy, view, grain, mimic, finding)
    host = next(bone for bone in anatomy.bones if bone.name == site.bone)
    middle_mm = min(left + right for _, left, right in host.outline_mm)
    window = (float(np.quantile(soft, 0.9)), CORTEX_PER_MM * 0.75 * middle_mm)
    return develop(soft + bones, window, draw_exposure(rng), view, rng)
