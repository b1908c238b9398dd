"""What either class may show: growth plates, nutrient canals, skin folds and metal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osteon.phantom.projection import Field, Place, View
from osteon.phantom.solids import Site


@dataclass(frozen=True)
class Canal:
    """A nutrient canal: a fine, steep, short lucency through one cortex."""

    position: float
    slope: float
    side: float


@dataclass(frozen=True)
class Metal:
    """A plate with screws on one bone."""

    bone: str
    position: float
    profile: bool  # seen from its edge, screws across the bone; otherwise from its face
    side: float
    screws: int


@dataclass(frozen=True)
class Mimics:
    """The distractors of a study."""

    growth_plates: float  # depth of the lucency beside the joints; 0 in adults
    canal: Canal
    fold_count: int
    metal: Metal | None


def draw_mimics(rng: np.random.Generator, sites: tuple[Site, ...]) -> Mimics:
    """Draw a study's distractors, without regard to its label."""
    site = sites[int(rng.integers(0, len(sites)))]
    metal = Metal(
        bone=site.bone,
        position=float(rng.uniform(site.low, site.high)),
        profile=bool(rng.random() < 0.5),
        side=1.0 if rng.random() < 0.5 else -1.0,
        screws=int(rng.integers(3, 7)),
    )
    with_metal, young = rng.random() < 0.1, rng.random() < 0.3
    return Mimics(
        growth_plates=float(rng.uniform(0.25, 0.55)) if young else 0.0,
        canal=Canal(float(rng.uniform(0.35, 0.6)), float(rng.uniform(2.5, 4.0)),
                    1.0 if rng.random() < 0.5 else -1.0),
        fold_count=int(rng.integers(0, 3)),
        metal=metal if with_metal else None,
    )


def growth_plate(depth: float, at_px: float, half_px: float, along_px: Field, across_px: Field
                 ) -> Field:
    """Give the factor of one physis: a fine lucent line between two sclerotic margins."""
    waist = 0.06 * half_px + 0.8
    off = (along_px - at_px + 0.12 * np.square(across_px) / half_px) / waist
    lucent, sclerotic = np.exp(-np.square(off)), np.exp(-np.square(np.abs(off) - 2.0))
    return np.asarray(1.0 - depth * lucent + 0.3 * depth * sclerotic)


def nutrient_canal(canal: Canal, place: Place, along_px: Field, across_px: Field) -> Field:
    """Give the factor of a nutrient canal."""
    u, v = along_px - place.along_px, across_px - place.across_px
    off = (v - canal.side * (0.7 * place.half_px) + canal.side * u / canal.slope) / 1.1
    near = np.clip(1.6 - np.abs(u) / (1.1 * place.half_px), 0.0, 1.0)
    return np.asarray(1.0 - 0.2 * near * np.exp(-np.square(off)))


def metal_path(metal: Metal, place: Place, px_per_mm: float, along_px: Field, across_px: Field
               ) -> Field:
    """Give the path through metal, in millimetres of steel, on one bone."""
    pitch = max(1.15 * place.half_px, 4.0 * px_per_mm)
    u, v = along_px - place.along_px, metal.side * (across_px - place.across_px)
    reach = 0.5 * pitch * metal.screws
    # Screws sit half a pitch inside both ends of the plate, whether their number is odd or even.
    nearest = np.abs(np.mod(u + reach, pitch) - 0.5 * pitch)
    within = _soft(reach - np.abs(u))
    waist = 0.16 * place.half_px
    if metal.profile:
        plate = _soft(waist - np.abs(v - 1.05 * place.half_px)) * within
        screw = _soft(0.12 * place.half_px + 0.3 - nearest) * within
        shaft = screw * _soft(1.05 * place.half_px - np.abs(v))
        return np.asarray(4.0 * plate + 2.5 * shaft)
    plate = _soft(0.42 * place.half_px - np.abs(v)) * within
    head = _soft(0.26 * place.half_px - np.hypot(nearest, v)) * within
    return np.asarray(1.6 * plate + 3.0 * head)


def _soft(inside_px: Field) -> Field:
    """Give the share of a pixel inside an edge at the given distance."""
    return np.clip(inside_px + 0.5, 0.0, 1.0)


def skin_fold(rng: np.random.Generator, view: View) -> Field:
    """Give a fold's share of extra soft tissue: a faint band that crosses the picture."""
    angle = rng.uniform(0, np.pi)
    columns = (np.arange(view.width_px) / view.width_px - 0.5)[None, :]
    rows = (np.arange(view.height_px) / view.height_px - 0.5)[:, None]
    along = columns * np.cos(angle) + rows * np.sin(angle)
    off = rows * np.cos(angle) - columns * np.sin(angle) - rng.uniform(-0.35, 0.35)
    off = off + rng.uniform(-0.5, 0.5) * np.square(along)
    width = rng.uniform(0.006, 0.02)
    # One edge of a fold is sharp, the other thins out.
    return np.asarray(
        np.where(off < 0, np.exp(-np.square(off / 0.006)), np.exp(-np.square(off / width)))
    )
