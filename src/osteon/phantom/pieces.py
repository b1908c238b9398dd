"""A broken bone as pieces: which part of the intact bone each is, and where it has gone.

Lengths are in half-widths of the bone at the break: s runs along the bone from the break, x across
it, and z towards the detector. A ray meets the bone's surface twice, so that a line on it is seen
twice, once on the near side and once on the far side; in the plane of a fracture the two coincide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from osteon.phantom.projection import Field, Place

Surface = Callable[[Field, Field], Field]  # (x, z) to the height s where the bone is divided
Depth = Callable[[Field, Field, Field], Field]  # (s, x, z) to the depth inside a piece
Share = Callable[[Field, Field, Field], Field]  # (s, x, z) to the share of bone that is left
EDGE_PX = 1.2  # over which an edge fades, as it is not quite along the ray
_SHORTEST = 4.0  # a hinge nearer to the break than this would turn the end of the bone away
_UNSEEN = 0.45  # least share of a displacement that a view shows, so that no view hides it all


def everywhere(s: Field, _x: Field, _z: Field) -> Field:
    """Give 1 everywhere: inside, and nothing lost."""
    return np.ones_like(s)


@dataclass(frozen=True)
class Piece:
    """A part of the intact bone, moved as a whole."""

    inside: Depth
    along: float = 0.0
    across: float = 0.0
    turn_deg: float = 0.0
    about: tuple[float, float] = (0.0, 0.0)
    left: Share = everywhere
    bow: Callable[[Field], Field] | None = None  # s to how far the bone is bent aside there

    def source(self, s: Field, x: Field) -> tuple[Field, Field]:
        """Give where on the intact bone each place of the broken one comes from."""
        angle = np.deg2rad(self.turn_deg)
        s, x = s - self.along - self.about[0], x - self.across - self.about[1]
        back_s = np.cos(angle) * s + np.sin(angle) * x + self.about[0]
        back_x = np.cos(angle) * x - np.sin(angle) * s + self.about[1]
        return back_s, back_x if self.bow is None else back_x - self.bow(back_s)

    def share(self, s: Field, x: Field, half_px: float) -> Field:
        """Give how much of the intact bone the piece has, seen through both its sides."""
        z = np.sqrt(np.maximum(1.0 - np.square(x), 0.0))
        total = np.zeros_like(s)
        for side in (z, -z):
            edge = np.clip(self.inside(s, x, side) * half_px / EDGE_PX + 0.5, 0.0, 1.0)
            total += 0.5 * edge * self.left(s, x, side)
        return total


Pieces = tuple[Piece, ...]


def sign(rng: np.random.Generator) -> float:
    """Draw a side."""
    return 1.0 if rng.random() < 0.5 else -1.0


def _ragged(rng: np.random.Generator, size: float) -> Surface:
    phases = rng.uniform(0.0, 2 * np.pi, 3)

    def height(x: Field, z: Field) -> Field:
        wave = np.sin(2.5 * x + phases[0] + z) + 0.6 * np.sin(6.0 * x + phases[1] + 2 * z)
        return np.asarray(size * (wave + 0.35 * np.sin(12.0 * x + phases[2] + 3 * z)))

    return height


def plane(rng: np.random.Generator, tilt_deg: float, azimuth_deg: float, ragged: float = 0.05
          ) -> Surface:
    """Give a plane at an angle to the transverse one; at azimuth 0 it is seen on edge."""
    slope, azimuth = np.tan(np.deg2rad(tilt_deg)), np.deg2rad(azimuth_deg)
    rough = _ragged(rng, ragged)
    return lambda x, z: np.asarray(
        slope * (x * np.cos(azimuth) + z * np.sin(azimuth)) + rough(x, z))


def helix(rng: np.random.Generator, pitch: float, azimuth_deg: float) -> Surface:
    """Give one turn about the bone; where it ends, a line along the bone joins its ends."""
    rough = _ragged(rng, 0.05)

    def height(x: Field, z: Field) -> Field:
        turn = np.mod(np.arctan2(z, x) / (2 * np.pi) + azimuth_deg / 360.0, 1.0)
        return np.asarray(pitch * (turn - 0.5) + rough(x, z))

    return height


def beyond(surface: Surface, upwards: float, gap: float, steepness: float = 0.0) -> Depth:
    """Give the piece on one side of a surface, less half the width of the fracture line.

    ``upwards`` is 1 for the piece towards the end of the axis, -1 for the other. ``steepness`` is
    the slope of the surface, so that the line is as wide however steep it runs.
    """
    upright = 1.0 / np.hypot(1.0, steepness)
    return lambda s, x, z: upwards * (s - surface(x, z)) * upright - 0.5 * gap


def far_ends(place: Place) -> tuple[float, float]:
    """Give where both ends of the bone lie, in half-widths from the break."""
    low = -place.along_px / place.half_px
    return min(low, -_SHORTEST), max(low + place.length_px / place.half_px, _SHORTEST)


def displaced(lower: Depth, upper: Depth, place: Place, step: float, bend: float = 0.0,
              shortening: float = 0.0, left: Share = everywhere) -> Pieces:
    """Move both main fragments of a bone, each about its own joint, which stays where it is.

    What is moved, and by how much, is as for ``halves``.
    """
    low, high = far_ends(place)
    ride = (shortening, 0.0) if -low > high else (0.0, -shortening)
    return tuple(
        Piece(inside, along, 0.0, _turn_deg(across, end), (end, 0.0), left)
        for inside, end, along, across in (
            (lower, low, ride[0], bend - 0.5 * step), (upper, high, ride[1], bend + 0.5 * step)))


def _turn_deg(across: float, end: float) -> float:
    """Give the turn about a bone's end that moves its broken end aside by so much."""
    return -float(np.rad2deg(np.arcsin(np.clip(across / end, -0.5, 0.5))))


def halves(surface: Surface, place: Place, *, gap: float, steepness: float = 0.0,
           step: float = 0.0, bend: float = 0.0, shortening: float = 0.0,
           left: Share = everywhere) -> Pieces:
    """Divide a bone in two.

    Args:
        surface: between the halves.
        place: of the break.
        gap: width of the fracture line.
        steepness: of the surface.
        step: how far the broken ends stand beside one another.
        bend: how far both are out of the bone's line.
        shortening: how far they ride over one another; the longer half moves.
        left: share of bone that is left, in both.
    """
    lower, upper = (beyond(surface, side, gap, steepness) for side in (-1.0, 1.0))
    return displaced(lower, upper, place, step, bend, shortening, left)


def seen(direction_deg: float, place: Place) -> float:
    """Give the share of a sideways displacement that the view shows, with its sign."""
    share = float(np.cos(np.deg2rad(direction_deg - place.oblique_deg)))
    return float(np.copysign(max(abs(share), _UNSEEN), share))
