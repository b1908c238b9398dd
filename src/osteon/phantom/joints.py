"""Dislocate a joint: everything beyond it is moved as a whole, skin too."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from osteon.phantom.solids import Anatomy, Site, Solid, Vector, along

Range = tuple[float, float]


@dataclass(frozen=True)
class Joint:
    """A joint that comes apart together with a fracture beside it."""

    beyond: tuple[str, ...]  # the bones and soft parts that move
    hinge: tuple[str, float]  # the bone, and the position along it, that the joint lies at
    aside_mm: Range  # to the right; to the left too where `either` is set
    down_mm: Range
    forward_mm: Range
    turn_deg: Range
    broken: tuple[Site, ...]
    either: bool = True


@dataclass(frozen=True)
class Dislocated:
    """An anatomy out of joint."""

    anatomy: Anatomy
    site: Site  # of the fracture
    middle_mm: Vector  # between the fracture and where the joint was


_GLENOHUMERAL = Joint(  # in front of and below the socket, which lies to the right
    ("humerus", "radius", "ulna"), ("humerus", 0.95), (12.0, 22.0), (24.0, 34.0), (-12.0, -4.0),
    (4.0, 12.0), (Site("humerus", 0.92, 0.95, -1.0), Site("humerus", 0.82, 0.86)), either=False)
_JOINTS: dict[str, tuple[Joint, ...]] = {
    "XR_ELBOW": (
        Joint(("radius", "ulna", "forearm"), ("humerus", 0.02), (15.0, 24.0), (-16.0, -8.0),
              (-20.0, -8.0), (-8.0, 8.0),
              (Site("humerus", 0.05, 0.07, 1.0), Site("humerus", 0.05, 0.07, -1.0),
               Site("radius", 0.87, 0.9))),),
    "XR_FOREARM": (
        # Galeazzi: the radius breaks, and the ulna springs from the wrist.
        Joint(("ulna",), ("ulna", 0.05), (0.0, 2.0), (-2.0, 2.0), (-6.0, 6.0), (-6.0, -4.0),
              (Site("radius", 0.16, 0.26),), either=False),
        # Monteggia: the ulna breaks, and the head of the radius springs from the elbow.
        Joint(("radius",), ("radius", 0.95), (-2.0, 0.0), (-8.0, -2.0), (-6.0, 6.0), (-6.0, -4.0),
              (Site("ulna", 0.68, 0.76),), either=False)),
    "XR_HUMERUS": (_GLENOHUMERAL,),
    "XR_SHOULDER": (_GLENOHUMERAL,),
    "XR_WRIST": (
        Joint(("metacarpal", "proximal", "middle", "distal", "scaphoid", "lunate", "triquetrum",
               "pisiform", "trapezium", "trapezoid", "capitate", "hamate", "palm", "thenar",
               "skin"),
              ("radius", 0.98), (11.0, 17.0), (4.0, 9.0), (-12.0, 12.0), (-12.0, 12.0),
              (Site("radius", 0.9, 0.94, -1.0), Site("radius", 0.9, 0.94, 1.0),
               Site("ulna", 0.9, 0.94), Site("radius", 0.84, 0.88))),),
}


def _in_a_ray(anatomy: Anatomy, names: tuple[str, ...], rays: tuple[str, ...]) -> tuple[Joint, ...]:
    """Give the joints at the base of a phalanx, in the rays that are there."""
    there = {bone.name for bone in anatomy.bones}
    found = []
    for ray in rays:
        bones = tuple(f"{ray} {name}" for name in names if f"{ray} {name}" in there)
        if bones:
            previous = f"{ray} {_BEFORE[names[0]]}"
            found.append(Joint(
                (*bones, f"{ray} proximal skin"), (bones[0], 0.0), (7.0, 10.0), (3.0, 7.0),
                (-5.0, 5.0), (-16.0, 16.0),
                (Site(bones[0], 0.08, 0.13, 1.0), Site(bones[0], 0.08, 0.13, -1.0),
                 Site(previous, 0.76, 0.84))))
    return tuple(found)


_BEFORE = {"proximal": "metacarpal", "middle": "proximal", "distal": "proximal"}


def _joints(part: str, anatomy: Anatomy) -> tuple[Joint, ...]:
    if part == "XR_HAND":
        return _in_a_ray(anatomy, ("proximal", "middle", "distal"), ("thumb", "index", "little"))
    if part == "XR_FINGER":
        ray = anatomy.bones[0].name.split()[0]
        names = ("distal",) if ray == "thumb" else ("middle", "distal")
        return _in_a_ray(anatomy, names, (ray,))
    return _JOINTS[part]


def dislocated(part: str, anatomy: Anatomy, rng: np.random.Generator) -> Dislocated:
    """Put a joint of a body part out, and name the bone that breaks with it."""
    joints = _joints(part, anatomy)
    joint = joints[int(rng.integers(0, len(joints)))]
    site = joint.broken[int(rng.integers(0, len(joint.broken)))]
    side = -1.0 if joint.either and rng.random() < 0.5 else 1.0
    shift = (side * rng.uniform(*joint.aside_mm), rng.uniform(*joint.down_mm),
             rng.uniform(*joint.forward_mm))
    turn = rng.uniform(*joint.turn_deg)
    host = next(bone for bone in anatomy.bones if bone.name == joint.hinge[0])
    hinge = along(host, joint.hinge[1])
    pivot = hinge
    if len(joint.beyond) == 1:  # the other end of a single bone stays in its own joint
        pivot, shift = along(host, 1.0 - round(joint.hinge[1])), (0.0, 0.0, shift[2])

    def beyond(solid: Solid) -> bool:
        return solid.name.endswith(joint.beyond)

    bones = tuple(moved(bone, pivot, turn, shift) if beyond(bone) else bone
                  for bone in anatomy.bones)
    # Skin stretches over both: the part is where it was and where it has gone.
    skin = tuple(moved(part, pivot, turn, shift) for part in anatomy.soft_parts if beyond(part))
    out = replace(anatomy, bones=bones, soft_parts=(*anatomy.soft_parts, *skin))
    broken = next(bone for bone in bones if bone.name == site.bone)
    at = along(broken, 0.5 * (site.low + site.high))
    middle = tuple(0.5 * (a + b) for a, b in zip(hinge, at, strict=True))
    return Dislocated(out, site, (middle[0], middle[1], middle[2]))


def moved(solid: Solid, pivot_mm: Vector, turn_deg: float, shift_mm: Vector) -> Solid:
    """Turn a solid about a pivot in the frontal plane, then shift it."""
    angle = np.deg2rad(turn_deg)

    def place(point: Vector) -> Vector:
        x, y = point[0] - pivot_mm[0], point[1] - pivot_mm[1]
        return (
            pivot_mm[0] + float(np.cos(angle)) * x - float(np.sin(angle)) * y + shift_mm[0],
            pivot_mm[1] + float(np.sin(angle)) * x + float(np.cos(angle)) * y + shift_mm[1],
            point[2] + shift_mm[2],
        )

    return replace(solid, start_mm=place(solid.start_mm), end_mm=place(solid.end_mm))
