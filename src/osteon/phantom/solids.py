"""Bones and soft parts as solids along an axis, in millimetres.

The patient's axes are those of a frontal picture: x to the right, y downwards, z towards the
detector. Every axis points upwards, so that ``right`` of an outline is the right of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

Vector = tuple[float, float, float]
# Position along the axis (0 to 1), then how far the contour lies to its left and to its right.
Station = tuple[float, float, float]


@dataclass(frozen=True)
class Solid:
    """A bone or a soft part: an axis, its contour beside the axis, and what is inside."""

    name: str
    start_mm: Vector
    end_mm: Vector
    outline_mm: tuple[Station, ...]
    depth: float = 1.0  # thickness along a frontal ray, as a share of the width
    cortex_mm: float = 0.0  # at mid-shaft; towards the ends it thins to a shell
    bow_mm: float = 0.0
    cap: float = 0.6  # length of the rounded ends, as a share of the half-width there


@dataclass(frozen=True)
class Site:
    """A stretch of a bone where a finding may lie."""

    bone: str
    low: float
    high: float
    side: float = 0.0  # 1: the anatomical right of the bone, -1: its left, 0: either


@dataclass(frozen=True)
class Anatomy:
    """What one study shows, and how large a field shows it."""

    bones: tuple[Solid, ...]
    soft_parts: tuple[Solid, ...]
    air: tuple[Solid, ...]  # lung: takes soft tissue away
    sites: tuple[Site, ...]
    centre_mm: tuple[float, float]
    field_mm: float  # long side of the picture

    def bone(self, name: str) -> Solid:
        """Find a bone by its name."""
        return next(bone for bone in self.bones if bone.name == name)


def tube(shaft_mm: float, start_mm: float, end_mm: float) -> tuple[Station, ...]:
    """Give the contour of a long bone: a narrow shaft that flares into both ends."""
    half = (
        (0.0, 0.9 * start_mm),
        (0.08, start_mm),
        (0.2, 0.55 * shaft_mm + 0.45 * start_mm),
        (0.36, shaft_mm),
        (0.64, shaft_mm),
        (0.8, 0.55 * shaft_mm + 0.45 * end_mm),
        (0.92, end_mm),
        (1.0, 0.9 * end_mm),
    )
    return tuple((at, width, width) for at, width in half)


def straight(half_mm: float) -> tuple[Station, ...]:
    """Give the contour of a solid of one width throughout."""
    return ((0.0, half_mm, half_mm), (1.0, half_mm, half_mm))


def polar(start_mm: Vector, length_mm: float, tilt_deg: float, rise_deg: float = 0.0) -> Vector:
    """Give the end of an axis that leaves ``start_mm`` upwards, tilted right and towards z."""
    tilt, rise = np.deg2rad(tilt_deg), np.deg2rad(rise_deg)
    reach = length_mm * float(np.cos(rise))
    return (
        start_mm[0] + reach * float(np.sin(tilt)),
        start_mm[1] - reach * float(np.cos(tilt)),
        start_mm[2] + length_mm * float(np.sin(rise)),
    )


def along(solid: Solid, position: float) -> Vector:
    """Give a point of a solid's axis, 0 to 1; its bow is left aside."""
    x, y, z = (a + position * (b - a) for a, b in zip(solid.start_mm, solid.end_mm, strict=True))
    return (x, y, z)


def widened(solids: Iterable[Solid], width: float, cortex: float) -> tuple[Solid, ...]:
    """Scale widths and cortices together: slender, stout and osteoporotic patients."""
    return tuple(
        replace(
            solid,
            outline_mm=tuple((at, width * a, width * b) for at, a, b in solid.outline_mm),
            cortex_mm=cortex * solid.cortex_mm,
        )
        for solid in solids
    )
