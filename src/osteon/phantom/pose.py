"""How a picture is taken: its size, the limb's turn, and where it is aimed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from osteon.phantom.anatomy import OBLIQUITY_DEG
from osteon.phantom.projection import View
from osteon.phantom.solids import Anatomy, Vector

# A bone fills a fifth of these fields, so that a line on it, or its cortex, is some pixels wide.
CONED_MM = {
    "XR_ELBOW": 115.0,
    "XR_FINGER": 54.0,
    "XR_FOREARM": 96.0,
    "XR_HAND": 68.0,
    "XR_HUMERUS": 120.0,
    "XR_SHOULDER": 130.0,
    "XR_WRIST": 80.0,
}


def posed(rng: np.random.Generator, part: str, number: int) -> tuple[View, float]:
    """Draw size and pose of a picture; its scale and centre follow once the anatomy is known."""
    limit = OBLIQUITY_DEG[part]
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


def aimed(view: View, zoom: float, anatomy: Anatomy, rng: np.random.Generator) -> View:
    """Aim a view at the middle of an anatomy, now and then a little beside it."""
    shift = rng.uniform(-0.03, 0.03, 2) * anatomy.field_mm
    centre = (anatomy.centre_mm[0] + shift[0], anatomy.centre_mm[1] + shift[1])
    scale = zoom * max(view.shape) / anatomy.field_mm
    return replace(view, px_per_mm=scale, centre_mm=centre)


def coned(view: View, zoom: float, part: str, target_mm: Vector, rng: np.random.Generator) -> View:
    """Aim a view at one place of a body part, in a small field, somewhere near its middle."""
    field_mm = CONED_MM[part] * rng.uniform(0.85, 1.15)
    shift = rng.uniform(-0.12, 0.12, 2) * field_mm
    # The limb is turned about an axis at z = 0: what lies off it moves across the picture.
    aside = target_mm[2] * float(np.tan(np.deg2rad(view.oblique_deg)))
    centre = (target_mm[0] + aside + shift[0], target_mm[1] + shift[1])
    return replace(view, px_per_mm=zoom * max(view.shape) / field_mm, centre_mm=centre)
