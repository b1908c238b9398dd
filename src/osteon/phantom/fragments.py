"""Types of fracture told by their fragments, or by the bone that breaks.

Every type is a function of a generator, of the place as one view shows it, and of the side of the
bone, 0 where either will do. It draws the same numbers whatever the view, so that all views of a
study show the same fracture. Lengths are in half-widths of the bone at the break.
"""

from __future__ import annotations

import numpy as np

from osteon.phantom.pieces import (
    Depth,
    Piece,
    Pieces,
    Share,
    beyond,
    displaced,
    halves,
    plane,
    seen,
    sign,
)
from osteon.phantom.projection import Field, Place


def avulsion(rng: np.random.Generator, _place: Place, side: float) -> Pieces:
    """Tear off the chip of bone that a tendon or a ligament is fixed to.

    The chip lies beside its insertion, at a margin near the end of the bone, drawn away from a
    defect of its own shape.
    """
    side = side or sign(rng)
    length, width = rng.uniform(0.5, 0.75), rng.uniform(0.4, 0.6)
    phases = rng.uniform(0.0, 2 * np.pi, 2)

    def chip(s: Field, x: Field, _z: Field) -> Field:
        off_s, off_x = s / length, (side * x - 1.0) / width
        angle = np.arctan2(off_s, off_x)
        rough = 0.07 * np.sin(5 * angle + phases[0]) + 0.04 * np.sin(9 * angle + phases[1])
        return np.asarray(width * (1.0 - np.hypot(off_s, off_x) + rough))

    away, along = side * rng.uniform(0.25, 0.55), rng.uniform(-0.45, 0.45)
    turn = rng.uniform(-35.0, 35.0)
    return (
        Piece(lambda s, x, z: -chip(s, x, z) - 0.04),
        Piece(lambda s, x, z: chip(s, x, z) - 0.04, along, away, turn, (0.0, side)),
    )


def comminuted(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Break a bone into more than two pieces.

    Between two fracture lines lie splinters, turned and driven apart, some of them outside the
    bone's contour; the main fragments are displaced.
    """
    length, direction = rng.uniform(1.8, 2.8), rng.uniform(-40.0, 40.0)
    low_surface = plane(rng, rng.uniform(-40.0, 40.0), rng.uniform(-30.0, 30.0), 0.08)
    high_surface = plane(rng, rng.uniform(-40.0, 40.0), rng.uniform(-30.0, 30.0), 0.08)
    lower = beyond(lambda x, z: low_surface(x, z) - 0.5 * length, -1.0, 0.1)
    upper = beyond(lambda x, z: high_surface(x, z) + 0.5 * length, 1.0, 0.1)
    step = sign(rng) * rng.uniform(0.3, 0.9) * seen(direction, place)
    main = displaced(lower, upper, place, step, shortening=rng.uniform(0.0, 0.5))
    return (*main, *_splinters(rng, length, lower, upper))


def _splinters(rng: np.random.Generator, length: float, lower: Depth, upper: Depth
               ) -> list[Piece]:
    """Divide what lies between both main fragments by nearness to scattered centres."""
    count = int(rng.integers(3, 6))
    order = (np.arange(count) + 0.5) / count - 0.5
    centres = np.stack([
        length * order + rng.uniform(-0.15, 0.15, count),
        np.where(np.arange(count) % 2 == 0, 0.5, -0.5) + rng.uniform(-0.2, 0.2, count),
    ], axis=1)

    def inside(chosen: int) -> Depth:
        def depth(s: Field, x: Field, z: Field) -> Field:
            apart = [np.hypot(s - c[0], x - c[1]) for c in centres]
            others = np.minimum.reduce([a for k, a in enumerate(apart) if k != chosen])
            between = np.minimum(-lower(s, x, z), -upper(s, x, z)) - 0.08
            return np.asarray(np.minimum(between, 0.5 * (others - apart[chosen]) - 0.02))
        return depth

    moved = []
    for number, centre in enumerate(centres):
        out, along = rng.uniform(0.0, 0.5), rng.uniform(-0.25, 0.25)
        turn = rng.uniform(-40.0, 40.0)
        moved.append(Piece(inside(number), along, float(np.sign(centre[1])) * out, turn,
                           (float(centre[0]), float(centre[1]))))
    return moved


def dislocation(rng: np.random.Generator, place: Place, side: float) -> Pieces:
    """Break a bone beside a joint that is out: its margin sheared off, or its neck through.

    Both must be seen; `joints.dislocated` moves the joint. A side of the bone asks for the margin.
    """
    if side:
        return avulsion(rng, place, side)
    surface = plane(rng, rng.uniform(-35.0, 35.0), rng.uniform(-30.0, 30.0), 0.07)
    step = sign(rng) * rng.uniform(0.4, 0.8)
    return halves(surface, place, gap=rng.uniform(0.12, 0.2), step=step)


def pathological(rng: np.random.Generator, place: Place, _side: float) -> Pieces:
    """Break a bone where a tumour has eaten it, as little force does.

    Lobes of lucency without a margin take the spongy bone and thin the cortex from inside; a
    transverse break, little displaced, goes through them.
    """
    eaten = _lysis(rng)
    surface = plane(rng, rng.uniform(-20.0, 20.0), rng.uniform(-20.0, 20.0), 0.08)
    direction = rng.uniform(-40.0, 40.0)
    return halves(surface, place, gap=rng.uniform(0.12, 0.2),
                  step=sign(rng) * rng.uniform(0.1, 0.4),
                  bend=sign(rng) * rng.uniform(0.1, 0.4) * seen(direction, place), left=eaten)


def _lysis(rng: np.random.Generator) -> Share:
    count = int(rng.integers(4, 7))
    along, across = rng.uniform(-1.3, 1.3, count), rng.uniform(-0.6, 0.6, count)
    radii, severity = rng.uniform(0.4, 0.75, count), rng.uniform(0.75, 0.95)
    pitches, phases = rng.uniform(-12.0, 12.0, (6, 2)), rng.uniform(0.0, 2 * np.pi, 6)

    def left(s: Field, x: Field, _z: Field) -> Field:
        eaten = np.zeros_like(s)
        for u, v, radius in zip(along, across, radii, strict=True):
            eaten += np.exp(-(np.square(s - u) + np.square(x - v)) / np.square(radius))
        for (pitch_s, pitch_x), phase in zip(pitches, phases, strict=True):
            eaten *= 1.0 + 0.16 * np.sin(pitch_s * s + pitch_x * x + phase)
        # Spongy bone goes first; of the cortex a thin shell is left here and there.
        lost = severity * (1.0 - 0.3 * np.clip(x * x, 0.0, 1.0))
        return np.asarray(1.0 - lost * np.clip((eaten - 0.2) / 0.7, 0.0, 1.0))

    return left
