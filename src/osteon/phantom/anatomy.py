"""Which anatomy a body part of MURA shows, and how an individual differs from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from osteon.phantom import arm, hand
from osteon.phantom.solids import Anatomy, widened

_RIGID: dict[str, Callable[[np.random.Generator], Anatomy]] = {
    "XR_FINGER": hand.finger,
    "XR_FOREARM": arm.forearm,
    "XR_HAND": hand.hand,
    "XR_HUMERUS": arm.humerus,
    "XR_SHOULDER": arm.shoulder,
    "XR_WRIST": hand.wrist,
}
BODY_PARTS = tuple(sorted(("XR_ELBOW", *_RIGID)))

# How far a second view may turn the limb about its long axis: beyond these angles rays, forearm
# bones or shoulder and chest would cover one another, which is not how those views are taken.
OBLIQUITY_DEG = {
    "XR_ELBOW": 85.0,
    "XR_FINGER": 70.0,
    "XR_FOREARM": 40.0,
    "XR_HAND": 38.0,
    "XR_HUMERUS": 45.0,
    "XR_SHOULDER": 16.0,
    "XR_WRIST": 50.0,
}


def build(part: str, rng: np.random.Generator, oblique_deg: float,
          cortex_range: tuple[float, float] = (0.7, 1.25)) -> Anatomy:
    """Build one person's anatomy of a body part, with cortices of a thickness in a range.

    The same generator state gives the same person, so that every view of a study repeats it.
    """
    width, cortex = rng.uniform(0.88, 1.12), rng.uniform(*cortex_range)
    soft = rng.uniform(0.88, 1.15)
    if part == "XR_ELBOW":
        anatomy = arm.elbow(rng, flexion_deg=min(abs(oblique_deg), 90.0))
    else:
        anatomy = _RIGID[part](rng)
    return replace(
        anatomy,
        bones=widened(anatomy.bones, width, cortex),
        soft_parts=widened(anatomy.soft_parts, soft, 1.0),
    )
