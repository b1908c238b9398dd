"""Types of fracture told by how their line runs; functions as in `fragments`."""

from __future__ import annotations

import numpy as np

from osteon.phantom.pieces import (
    EDGE_PX,
    Piece,
    Pieces,
    everywhere,
    far_ends,
    halves,
    helix,
    plane,
    seen,
    sign,
)
from osteon.phantom.projection import Field, Place


def greenstick(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Bend an elastic bone: the cortex under tension breaks, the one under pressure holds.

    The bone bows over a long stretch. On the convex side a wedge opens and ends about the middle;
    the concave side is bent, at most buckled, and whole.
    """
    low, high = far_ends(place)
    height = sign(rng) * rng.uniform(1.3, 2.2) * seen(rng.uniform(-40.0, 40.0), place)
    rounded, depth = rng.uniform(0.5, 1.2), rng.uniform(-0.35, 0.05)
    opening = rng.uniform(0.35, 0.6)
    surface = plane(rng, rng.uniform(-20.0, 20.0), 0.0, 0.06)
    convex = float(np.sign(height))

    def bow(s: Field) -> Field:
        reach = np.where(s < 0, s / low, s / high)
        tent = 1.0 - np.sqrt(np.square(reach) + np.square(rounded / high))
        return np.asarray(height * np.clip(tent, 0.0, 1.0))

    def left(s: Field, x: Field, z: Field) -> Field:
        half_open = 0.5 * opening * np.clip((convex * x - depth) / (1.0 - depth), 0.0, 1.2)
        inside_px = (half_open - np.abs(s - surface(x, z))) * place.half_px
        tip = np.clip(half_open * place.half_px, 0.0, 1.0)
        return np.asarray(1.0 - 0.95 * tip * np.clip(inside_px / EDGE_PX + 0.5, 0.0, 1.0))

    return (Piece(everywhere, left=left, bow=bow),)


def hairline(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Crack a bone without displacement: a thin dark line in a whole contour.

    It need not reach the other side of the bone.
    """
    surface = plane(rng, sign(rng) * rng.uniform(5.0, 50.0), rng.uniform(-10.0, 10.0), 0.05)
    from_side, reach = sign(rng), rng.uniform(1.4, 2.3)
    width, depth = rng.uniform(0.06, 0.09), rng.uniform(0.65, 0.85)

    def left(s: Field, x: Field, z: Field) -> Field:
        extent = np.clip((reach - 1.0 - from_side * x) * 4.0, 0.0, 1.0)
        waist = max(width, 0.8 / place.half_px)
        line = np.exp(-np.square((s - surface(x, z)) / waist))
        return np.asarray(1.0 - depth * extent * line)

    return (Piece(everywhere, left=left),)


def impacted(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Drive one fragment into the other: no gap, but a dense band where they overlap.

    It lies where the shaft meets the spongy end of the bone, which is shorter than it was.
    """
    surface = plane(rng, rng.uniform(-18.0, 18.0), rng.uniform(-20.0, 20.0), 0.05)
    direction, crushed = rng.uniform(-40.0, 40.0), rng.uniform(0.15, 0.4)

    def left(s: Field, x: Field, z: Field) -> Field:
        return np.asarray(1.0 + crushed * np.exp(-np.square((s - surface(x, z)) / 0.45)))

    return halves(surface, place, gap=0.0, step=sign(rng) * rng.uniform(0.15, 0.4),
                  bend=sign(rng) * rng.uniform(0.1, 0.35) * seen(direction, place),
                  shortening=rng.uniform(0.35, 0.6), left=left)


def longitudinal(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Split a bone along its shaft, over several times its width.

    The halves lie beside one another, little apart; length and axis are kept.
    """
    rising, tilt, azimuth = sign(rng), rng.uniform(75.0, 81.0), rng.uniform(-12.0, 12.0)
    surface = plane(rng, rising * tilt, azimuth - 0.3 * place.oblique_deg, 0.25)
    return halves(surface, place, gap=rng.uniform(0.18, 0.3),
                  steepness=float(np.tan(np.deg2rad(tilt))))


def oblique(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Break a bone along a straight line at 30 to 60 degrees to its axis.

    The halves glide along it: the bone shortens, and each end stands beside the other.
    """
    rising, tilt, azimuth = sign(rng), rng.uniform(40.0, 57.0), rng.uniform(-12.0, 12.0)
    surface = plane(rng, rising * tilt, azimuth - 0.5 * place.oblique_deg, 0.03)
    glide = rng.uniform(0.25, 0.6)
    # A bone shortens only if its ends part down the slope, where its fracture surfaces slide.
    return halves(surface, place, gap=rng.uniform(0.12, 0.22),
                  steepness=float(np.tan(np.deg2rad(tilt))), step=-rising * glide,
                  shortening=0.6 * glide)


def spiral(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Twist a bone: the line winds about the shaft, and both its sides are seen, crossing.

    A line along the bone joins its ends, so that the fragments end in long points.
    """
    pitch = sign(rng) * rng.uniform(3.6, 5.5)
    surface = helix(rng, pitch, rng.uniform(0.0, 360.0) + place.oblique_deg)
    return halves(surface, place, gap=rng.uniform(0.2, 0.34), steepness=abs(pitch) / (2 * np.pi),
                  step=sign(rng) * rng.uniform(0.1, 0.3), shortening=rng.uniform(-0.15, 0.05))
