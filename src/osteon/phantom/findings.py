"""The three findings of the positive studies: fracture gap, displaced fracture, lytic lesion.

All act in a bone's own coordinates, so that every view of a study shows the same finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from osteon.phantom.attenuation import Bone
from osteon.phantom.projection import Field, Place
from osteon.phantom.solids import Site

Kind = Literal["gap", "step", "lesion"]
KINDS: tuple[Kind, ...] = ("gap", "step", "lesion")
_SUBTLE_SHARE = 0.06  # findings that a reader may miss


@dataclass(frozen=True)
class Finding:
    """One finding of a study, in its bone's coordinates."""

    kind: Kind
    bone: str
    position: float  # along the bone's axis, 0 to 1
    slope: float  # of the fracture line against a transverse one
    gap: float  # width of the fracture line, as a share of the field's long side
    shift: float  # of the fragment across the axis, as a share of the bone's half-width
    angle_deg: float  # of the fragment
    radius: float  # of the lesion or of the callus, as a share of the field's long side
    severity: float  # share of the bone that is gone
    reaction: float  # sclerosis of the margin: what living bone answers a lesion with
    phases: tuple[float, ...]  # of the ragged edge
    reach: float = 0.12  # beside the bone, as a share of the field's long side

    def drawn(self, bone: Bone, along_px: Field, across_px: Field) -> Field:
        """Give the attenuation of the bone with its finding."""
        place = bone.contour.at(self.position, bone.view)
        if self.kind == "lesion":
            left, shell_px = lesion(self, place, along_px, across_px)
            return bone.attenuation(along_px, across_px) * left + bone.solid(shell_px)
        total = np.zeros_like(along_px)
        for along, across, share, callus_px in fragments(self, place, along_px, across_px):
            total += share * bone.attenuation(along, across)
            total += bone.solid(callus_px)
        return total


def draw_finding(rng: np.random.Generator, site: Site) -> Finding:
    """Draw a finding for a site, from a generator that nothing else of the study draws from.

    So nothing else about a study can depend on whether it has one.
    """
    kind = KINDS[int(rng.integers(0, len(KINDS)))]
    side = 1.0 if rng.random() < 0.5 else -1.0
    subtle = rng.random() < _SUBTLE_SHARE
    return Finding(
        kind=kind,
        bone=site.bone,
        position=float(rng.uniform(site.low, site.high)),
        slope=float(rng.uniform(-0.6, 0.6)),
        gap=float(rng.uniform(0.038, 0.052)) * (0.6 if subtle else 1.0),
        shift=side * float(rng.uniform(0.6, 1.1)) if kind == "step" else 0.0,
        angle_deg=side * float(rng.uniform(5.0, 18.0)) if kind == "step" else 0.0,
        radius=float(rng.uniform(0.08, 0.1)) * (0.7 if subtle else 1.0),
        severity=float(rng.uniform(0.85, 0.98)) * (0.7 if subtle else 1.0),
        reaction=float(rng.uniform(0.8, 1.3)) * (0.3 if subtle else 1.0),
        phases=tuple(float(phase) for phase in rng.uniform(0.0, 2 * np.pi, 3)),
    )


def fragments(finding: Finding, place: Place, along_px: Field, across_px: Field
              ) -> Iterator[tuple[Field, Field, Field, Field]]:
    """Give both fragments of a fracture: where each pixel comes from, its share of bone, callus.

    The callus is a path in pixels: a fracture that fails to unite flares and whitens at its ends.

    Each fragment keeps its own edge when it moves, so that fragments that ride over one another
    add their densities, as the rays do.
    """
    angle = np.deg2rad(finding.angle_deg)
    gap_px, radius_px = finding.gap * place.field_px, finding.radius * place.field_px
    u = along_px - place.along_px
    v = across_px - place.across_px
    shifted = v - finding.shift * place.half_px
    moved_u = np.cos(angle) * u + np.sin(angle) * shifted
    moved_v = np.cos(angle) * shifted - np.sin(angle) * u
    for sign, s, w in ((-1.0, u, v), (1.0, moved_u, moved_v)):
        behind = sign * (s - _line(finding, place, w)) - 0.5 * gap_px
        edge = np.clip(behind / 1.2 + 0.5, 0.0, 1.0)
        remnant = (1.0 - finding.severity) * np.clip(behind + 0.5 * gap_px + 0.5, 0.0, 1.0)
        bulk = np.sqrt(np.maximum(1.0 - (np.square(s) + np.square(w)) / np.square(radius_px), 0.0))
        callus_px = 1.4 * finding.reaction * place.reaction_px * bulk * edge
        yield s + place.along_px, w + place.across_px, np.maximum(edge, remnant), callus_px


def _line(finding: Finding, place: Place, across_px: Field) -> Field:
    """Give the height of a ragged fracture line across the bone."""
    at = across_px / place.half_px
    ragged = np.zeros_like(at)
    waves = zip((0.12, 0.07, 0.04), (2.5, 6.0, 12.0), finding.phases, strict=True)
    for size, pitch, phase in waves:
        ragged += size * np.sin(pitch * at + phase)
    return np.asarray(place.half_px * (finding.slope * at + ragged), dtype=np.float64)


def lesion(finding: Finding, place: Place, along_px: Field, across_px: Field
           ) -> tuple[Field, Field]:
    """Give what a lytic lesion leaves of the bone, and the path through its shell, in pixels.

    The lesion blows the bone up: its lobed lucency is wider than a slender shaft, and what is
    left of the cortex runs around it as a thin shell.
    """
    radius = max(finding.radius * place.field_px, 0.9 * place.half_px)
    u = (along_px - place.along_px) / (1.2 * radius)
    v = (across_px - place.across_px) / radius
    lobes = 0.1 * np.sin(3.1 * u + finding.phases[0]) * np.cos(2.7 * v + finding.phases[1])
    apart = np.hypot(u, v) + lobes
    inside = np.clip((1.08 - apart) / 0.25, 0.0, 1.0)
    left = 1.0 - finding.severity * inside * inside * (3 - 2 * inside)
    # The shell's path through a hollow ball is longest just inside its edge.
    rim = np.exp(-np.square((apart - 0.97) / 0.13))
    return left, finding.reaction * place.reaction_px * rim
