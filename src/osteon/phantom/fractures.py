"""The ten types of fracture of "Bone Break Classification", and a bone with one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from osteon.phantom import fragments, lines
from osteon.phantom.attenuation import Bone
from osteon.phantom.pieces import Pieces
from osteon.phantom.projection import Field, Place

TYPES: dict[str, Callable[[np.random.Generator, Place, float], Pieces]] = {
    "avulsion_fracture": fragments.avulsion,
    "comminuted_fracture": fragments.comminuted,
    "fracture_dislocation": fragments.dislocation,
    "greenstick_fracture": lines.greenstick,
    "hairline_fracture": lines.hairline,
    "impacted_fracture": lines.impacted,
    "longitudinal_fracture": lines.longitudinal,
    "oblique_fracture": lines.oblique,
    "pathological_fracture": fragments.pathological,
    "spiral_fracture": lines.spiral,
}


@dataclass(frozen=True)
class Fracture:
    """One fracture of a study."""

    kind: str  # of TYPES
    bone: str
    position: float  # along the bone's axis, 0 to 1
    side: float  # of the bone where the type asks for one; 0: either
    key: tuple[int, ...]  # of the generator that its shape is drawn from
    reach: float = 0.25

    def drawn(self, bone: Bone, along_px: Field, across_px: Field) -> Field:
        """Give the attenuation of the broken bone."""
        place = bone.contour.at(self.position, bone.view)
        half = place.half_px
        s, x = (along_px - place.along_px) / half, (across_px - place.across_px) / half
        total = np.zeros_like(s)
        for piece in TYPES[self.kind](np.random.default_rng(self.key), place, self.side):
            from_s, from_x = piece.source(s, x)
            share = piece.share(from_s, from_x, half)
            total += share * bone.attenuation(
                from_s * half + place.along_px, from_x * half + place.across_px)
        return total
