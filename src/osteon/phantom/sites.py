"""Where on a body part each type of fracture lies."""

from __future__ import annotations

from osteon.phantom.solids import Anatomy, Site

# Where a shaft widens into spongy bone: one fragment can be driven into the other.
_NECKS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "XR_ELBOW": (("radius", 0.88, 0.92), ("humerus", 0.1, 0.14)),
    "XR_FINGER": (("proximal", 0.16, 0.24), ("middle", 0.18, 0.26)),
    "XR_FOREARM": (("radius", 0.08, 0.13),),
    "XR_HAND": (("metacarpal", 0.76, 0.84),),
    "XR_HUMERUS": (("humerus", 0.83, 0.88),),
    "XR_SHOULDER": (("humerus", 0.83, 0.88),),
    "XR_WRIST": (("radius", 0.83, 0.89),),
}
# Where tendons and ligaments are fixed, with the side of the bone.
_INSERTIONS: dict[str, tuple[tuple[str, float, float, float], ...]] = {
    "XR_ELBOW": (("humerus", 0.05, 0.07, 1.0), ("humerus", 0.05, 0.07, -1.0)),  # epicondyles
    "XR_FINGER": (("middle", 0.08, 0.13, 0.0), ("proximal", 0.08, 0.13, 0.0)),  # collaterals
    "XR_FOREARM": (("ulna", 0.025, 0.04, 1.0), ("radius", 0.03, 0.05, -1.0)),  # styloids
    "XR_HAND": (("little metacarpal", 0.07, 0.12, 1.0), ("thumb proximal", 0.08, 0.13, 0.0)),
    "XR_HUMERUS": (("humerus", 0.92, 0.95, -1.0),),  # greater tuberosity
    "XR_SHOULDER": (("humerus", 0.92, 0.95, -1.0),),
    "XR_WRIST": (("ulna", 0.95, 0.965, 1.0), ("radius", 0.93, 0.96, -1.0)),  # styloids
}


def sites(kind: str, part: str, anatomy: Anatomy) -> tuple[Site, ...]:
    """Name the stretches of bone where a type of fracture may lie; most lie in a shaft.

    A fracture with a dislocation has its own, which `joints.dislocated` gives.
    """
    if kind == "impacted_fracture":
        return tuple(Site(name, low, high) for pattern, low, high in _NECKS[part]
                     for name in _named(pattern, anatomy))
    if kind == "avulsion_fracture":
        return tuple(Site(name, low, high, side) for pattern, low, high, side in _INSERTIONS[part]
                     for name in _named(pattern, anatomy))
    return anatomy.sites


def _named(pattern: str, anatomy: Anatomy) -> list[str]:
    return [bone.name for bone in anatomy.bones if bone.name.endswith(pattern)]
