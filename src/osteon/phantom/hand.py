"""Hand, wrist and finger: five rays, eight carpals and the ends of radius and ulna."""

from __future__ import annotations

import numpy as np

from osteon.phantom.solids import Anatomy, Site, Solid, Vector, polar, straight, tube

_JOINT_MM = 2.2
_PHALANGES = ("proximal", "middle", "distal")

# The thumb side lies to the left. Per ray: base (x, y), tilt, lengths from metacarpal to tip.
_RAYS: dict[str, tuple[tuple[float, float], float, tuple[float, ...]]] = {
    "thumb": ((-21.0, -24.0), -38.0, (44.0, 31.0, 22.0)),
    "index": ((-11.5, -30.0), -9.0, (66.0, 41.0, 24.0, 18.0)),
    "middle": ((-2.5, -31.0), -1.5, (63.0, 45.0, 28.0, 18.5)),
    "ring": ((6.0, -30.0), 5.5, (57.0, 42.0, 27.0, 18.5)),
    "little": ((13.5, -28.0), 13.0, (53.0, 33.0, 20.0, 17.0)),
}

# Carpals: centre, length, half-width, tilt.
_CARPALS: dict[str, tuple[tuple[float, float], float, float, float]] = {
    "scaphoid": ((-11.5, -8.5), 21.0, 6.0, -38.0),
    "lunate": ((-0.5, -6.0), 13.0, 6.8, 5.0),
    "triquetrum": ((11.0, -9.5), 14.0, 5.6, 30.0),
    "pisiform": ((13.0, -9.0), 9.0, 4.4, 0.0),
    "trapezium": ((-18.5, -19.5), 14.0, 6.2, -30.0),
    "trapezoid": ((-10.0, -23.5), 11.5, 5.0, -10.0),
    "capitate": ((-1.5, -20.5), 21.0, 6.4, -2.0),
    "hamate": ((8.5, -20.0), 17.0, 6.6, 14.0),
}

_RADIUS = (
    (0.0, 6.0, 6.0),
    (0.7, 6.6, 6.6),
    (0.84, 8.5, 8.0),
    (0.94, 13.5, 12.5),
    (1.0, 15.5, 11.0),
)
_ULNA = ((0.0, 5.2, 5.2), (0.8, 5.0, 5.0), (0.93, 6.8, 6.8), (1.0, 6.6, 7.4))


def _ray(name: str, spread: float, rng: np.random.Generator) -> list[Solid]:
    base, tilt, lengths = _RAYS[name]
    tilt *= spread
    kinds = ("metacarpal", *_PHALANGES[: len(lengths) - 2], "distal")
    start: Vector = (base[0], base[1], 0.0)
    bones = []
    for kind, length in zip(kinds, lengths, strict=True):
        end = polar(start, length, tilt + rng.uniform(-2.5, 2.5), rng.uniform(-4, 12))
        half = {"metacarpal": 4.3, "proximal": 4.3, "middle": 3.5, "distal": 2.2}[kind]
        head = half * (1.1 if kind == "distal" else 1.55)
        outline = tube(half, half * 1.75, head)
        bones.append(Solid(f"{name} {kind}", start, end, outline, 0.9, 0.42 * half))
        start = polar(end, _JOINT_MM, tilt)
    return bones


def _carpals() -> list[Solid]:
    bones = []
    for index, (name, ((x, y), length, half, tilt)) in enumerate(_CARPALS.items()):
        depth_mm = 4.0 * ((index % 3) - 1)
        start = polar((x, y, depth_mm), -length / 2, tilt)
        outline = ((0.0, 0.9 * half, half), (0.45, half, 0.92 * half), (1.0, half, 0.9 * half))
        end = polar(start, length, tilt)
        bones.append(Solid(name, start, end, outline, 1.0, 1.1, cap=0.9))
    return bones


def _forearm_ends() -> list[Solid]:
    return [
        Solid("radius", (-3.0, 150.0, 3.0), (-6.5, 1.0, 0.0), _RADIUS, 0.85, 2.6, 2.0),
        Solid("ulna", (11.0, 150.0, -4.0), (15.0, 2.5, -3.0), _ULNA, 0.95, 2.4),
    ]


def _sheath(ray: list[Solid], half_mm: float) -> Solid:
    first, last = ray[1], ray[-1]
    outline = ((0.0, 1.25 * half_mm, 1.25 * half_mm), (0.5, half_mm, half_mm), (1.0, 7.0, 7.0))
    tip = polar(last.end_mm, 5.0, 0.0)
    return Solid(f"{first.name} skin", first.start_mm, tip, outline, 0.9, cap=0.9)


def _palm() -> list[Solid]:
    outline = ((0.0, 25.0, 23.0), (0.3, 30.0, 26.0), (0.75, 33.0, 36.0), (1.0, 24.0, 33.0))
    return [
        Solid("palm", (0.0, 15.0, 0.0), (0.0, -102.0, 0.0), outline, 0.42, cap=0.5),
        Solid("thenar", (-8.0, 0.0, 0.0), (-42.0, -62.0, 0.0), straight(15.0), 0.8, cap=1.0),
        Solid("forearm", (4.0, 170.0, 0.0), (2.0, -8.0, 0.0),
              ((0.0, 36.0, 36.0), (0.75, 27.0, 27.0), (1.0, 27.0, 25.0)), 0.65),
    ]


def hand(rng: np.random.Generator) -> Anatomy:
    """Lay out a whole hand with its wrist, palm to the detector."""
    spread = rng.uniform(0.8, 1.35)
    rays = {name: _ray(name, spread, rng) for name in _RAYS}
    bones = [bone for ray in rays.values() for bone in ray]
    sheaths = [_sheath(ray, rng.uniform(8.0, 9.5)) for ray in rays.values()]
    sites = [Site(bone.name, 0.3, 0.7) for bone in bones if "metacarpal" in bone.name]
    sites += [Site(bone.name, 0.32, 0.7) for bone in bones if "proximal" in bone.name]
    everything = (*bones, *_carpals(), *_forearm_ends())
    soft = (*sheaths, *_palm())
    return Anatomy(everything, soft, (), tuple(sites), (-6.0, -84.0), 222.0)


def wrist(rng: np.random.Generator) -> Anatomy:
    """Lay out the same skeleton with a small field around the carpus."""
    whole = hand(rng)
    sites = (
        Site("radius", 0.76, 0.87),
        Site("radius", 0.78, 0.87),
        Site("ulna", 0.76, 0.88),
        Site("middle metacarpal", 0.15, 0.42),
    )
    return Anatomy(whole.bones, whole.soft_parts, (), sites, (-2.0, -2.0), 128.0)


def finger(rng: np.random.Generator) -> Anatomy:
    """Lay out one ray with a small field, now and then beside its neighbour."""
    names = list(_RAYS)
    chosen = int(rng.integers(0, len(names)))
    shown = names[chosen : chosen + 2] if rng.random() < 0.35 else [names[chosen]]
    rays = [_ray(name, 1.3, rng) for name in shown]
    main = rays[0]
    middle = main[1].end_mm
    sites = tuple(Site(bone.name, 0.3, 0.72) for bone in main[1:-1])
    soft = (*(_sheath(ray, 8.8) for ray in rays), *_palm()[:2])
    bones = tuple(bone for ray in rays for bone in ray)
    return Anatomy(bones, soft, (), sites, (middle[0], middle[1]), 104.0)
