"""Forearm, elbow, humerus and shoulder."""

from __future__ import annotations

import numpy as np

from osteon.phantom.solids import Anatomy, Site, Solid, Vector, straight, tube

_HUMERUS = (  # from the condyles up to the head, which faces the glenoid on the right
    (0.0, 19.0, 21.0),
    (0.025, 21.0, 23.0),
    (0.045, 23.0, 24.0),
    (0.07, 24.0, 30.0),
    (0.09, 22.0, 29.0),
    (0.115, 17.0, 17.0),
    (0.17, 12.5, 12.5),
    (0.25, 10.0, 10.0),
    (0.5, 10.0, 10.0),
    (0.8, 11.5, 11.5),
    (0.86, 15.0, 14.0),
    (0.885, 17.5, 20.0),
    (0.91, 19.5, 28.0),
    (0.94, 20.5, 32.0),
    (0.97, 17.0, 30.0),
    (0.985, 13.0, 25.0),
    (1.0, 4.0, 14.0),
)
_ULNA = (
    (0.0, 6.4, 7.2),
    (0.06, 6.5, 6.5),
    (0.25, 5.6, 5.6),
    (0.7, 7.2, 7.0),
    (0.86, 10.0, 9.5),
    (0.95, 12.5, 11.0),
    (1.0, 10.0, 10.0),
)
_RADIUS = (
    (0.0, 15.0, 11.0),
    (0.05, 13.0, 12.0),
    (0.14, 8.0, 8.0),
    (0.4, 7.0, 7.4),
    (0.8, 7.0, 8.0),
    (0.86, 6.6, 10.0),
    (0.92, 6.8, 6.8),
    (0.95, 10.5, 10.5),
    (1.0, 11.0, 11.0),
)


def _turned(point: Vector, flexion_deg: float) -> Vector:
    """Flex about the transverse axis of the elbow, which passes through the origin."""
    angle = np.deg2rad(flexion_deg)
    return (
        point[0],
        point[1] * float(np.cos(angle)),
        point[2] + point[1] * float(np.sin(angle)),
    )


def _forearm_bones(flexion_deg: float, length_mm: float) -> list[Solid]:
    def at(x: float, y: float, z: float) -> Vector:
        return _turned((x, y, z), flexion_deg)

    return [
        Solid("radius", at(-13.0, length_mm, 0.0), at(-16.0, 5.0, 0.0), _RADIUS, 0.9, 3.2, 5.0),
        Solid("ulna", at(12.0, length_mm, 0.0), at(8.0, -17.0, -7.0), _ULNA, 0.95, 3.2, -2.0),
    ]


def _humerus(bottom_mm: Vector, length_mm: float) -> Solid:
    top = (bottom_mm[0], bottom_mm[1] - length_mm, bottom_mm[2])
    return Solid("humerus", bottom_mm, top, _HUMERUS, 0.62, 4.8, cap=0.25)


def _limb(name: str, start: Vector, end: Vector, start_mm: float, end_mm: float) -> Solid:
    middle = 0.5 * (start_mm + end_mm) * 1.05
    outline = ((0.0, start_mm, start_mm), (0.5, middle, middle), (1.0, end_mm, end_mm))
    return Solid(name, start, end, outline, 0.85, cap=0.3)


def forearm(rng: np.random.Generator) -> Anatomy:
    """Lay out radius and ulna from the elbow to the carpus, elbow upwards."""
    length = 245.0
    bones = _forearm_bones(0.0, length)
    carpals = [
        Solid("proximal row", (-2.0 + x, length + 18.0, 0.0), (-2.0 + x, length + 3.0, 0.0),
              straight(6.5), 1.0, 1.0, cap=0.9)
        for x in (-18.0, -4.0, 10.0)
    ]
    soft = [
        _limb("forearm", (0.0, 300.0, 0.0), (0.0, -20.0, 0.0), 25.0, rng.uniform(40.0, 50.0)),
        _limb("arm", (0.0, 30.0, 0.0), (0.0, -120.0, 0.0), 42.0, 48.0),
    ]
    sites = (Site("radius", 0.22, 0.72), Site("ulna", 0.22, 0.72))
    everything = (*bones, *carpals, _humerus((0.0, -1.0, 0.0), 300.0))
    return Anatomy(everything, tuple(soft), (), sites, (-2.0, 122.0), 282.0)


def elbow(rng: np.random.Generator, flexion_deg: float) -> Anatomy:
    """Lay out an elbow; a lateral picture is taken flexed, a frontal one extended."""
    far = _turned((0.0, 260.0, 0.0), flexion_deg)
    near = _turned((0.0, -25.0, 0.0), flexion_deg)
    soft = (
        _limb("forearm", far, near, 30.0, 44.0),
        _limb("arm", (0.0, 35.0, 0.0), (0.0, -200.0, 0.0), 40.0, rng.uniform(46.0, 56.0)),
        Solid("elbow", (0.0, 40.0, 0.0), (0.0, -45.0, 0.0), straight(43.0), 0.85, cap=1.0),
    )
    bones = (_humerus((0.0, -1.0, 0.0), 300.0), *_forearm_bones(flexion_deg, 245.0))
    sites = (Site("humerus", 0.14, 0.22), Site("ulna", 0.7, 0.8), Site("radius", 0.72, 0.83))
    shift = 30.0 * float(np.sin(np.deg2rad(flexion_deg)))
    return Anatomy(bones, soft, (), sites, (0.0, 10.0 - shift * 0.6), 168.0)


def humerus(rng: np.random.Generator) -> Anatomy:
    """Lay out a whole humerus with the glenoid above and the forearm's ends below."""
    bones = (_humerus((0.0, 0.0, 0.0), 300.0), *_forearm_bones(0.0, 245.0), *_scapula(-300.0))
    soft = (
        _limb("arm", (0.0, 80.0, 0.0), (0.0, -330.0, 0.0), 42.0, rng.uniform(56.0, 66.0)),
        Solid("chest", (120.0, 40.0, 0.0), (105.0, -330.0, 0.0), straight(62.0), 1.1, cap=0.2),
    )
    sites = (Site("humerus", 0.25, 0.82),)
    return Anatomy(bones, soft, (), sites, (4.0, -150.0), 344.0)


def _scapula(head_mm: float) -> list[Solid]:
    """Give the scapula and the clavicle beside a humeral head at the given height."""
    y = head_mm
    blade = ((0.0, 4.0, 4.0), (0.5, 17.0, 20.0), (0.85, 32.0, 27.0), (1.0, 30.0, 24.0))
    cup = ((0.0, 4.0, 4.0), (0.5, 5.0, 10.0), (1.0, 4.0, 4.0))
    return [
        Solid("scapular blade", (84.0, y + 132.0, 8.0), (74.0, y - 5.0, 8.0), blade, 0.14, 1.6),
        Solid("glenoid", (42.0, y + 40.0, 0.0), (38.0, y + 4.0, 0.0), cup, 0.9, 1.8, cap=1.0),
        Solid("scapular spine", (92.0, y + 20.0, 10.0), (0.0, y - 13.0, 10.0), straight(6.5),
              0.6, 2.0, -9.0),
        Solid("coracoid", (54.0, y + 10.0, -8.0), (38.0, y - 4.0, -12.0), straight(6.0), 0.9, 1.6),
        Solid("clavicle", (135.0, y - 28.0, -4.0), (16.0, y - 17.0, -2.0), tube(6.0, 9.0, 8.0),
              0.9, 2.4, 9.0),
    ]


def shoulder(rng: np.random.Generator) -> Anatomy:
    """Lay out a shoulder from the front: head, glenoid, clavicle and the upper ribs."""
    ribs = [
        Solid("rib", (150.0, 20.0 + 24.0 * k, 20.0), (88.0 + 3.0 * k, 46.0 + 27.0 * k, 20.0),
              straight(5.5), 0.5, 1.2, -15.0)
        for k in range(-2, 5)
    ]
    bones = (_humerus((0.0, 300.0, 0.0), 300.0), *_scapula(0.0), *ribs)
    soft = (
        _limb("arm", (-2.0, 300.0, 0.0), (-2.0, -28.0, 0.0), 46.0, rng.uniform(52.0, 60.0)),
        Solid("chest", (118.0, 320.0, 0.0), (80.0, -45.0, 0.0),
              ((0.0, 80.0, 140.0), (0.7, 80.0, 140.0), (1.0, 75.0, 100.0)), 0.75, cap=0.5),
    )
    lung = Solid("lung", (150.0, 320.0, 0.0), (125.0, -8.0, 0.0), straight(46.0), 0.9, cap=1.2)
    neck = Site("humerus", 0.72, 0.86)
    sites = (neck, neck, neck, Site("clavicle", 0.5, 0.7))
    return Anatomy(bones, soft, (lung,), sites, (30.0, 22.0), 200.0)
