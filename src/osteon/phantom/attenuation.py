"""Add up what every ray crosses: soft tissue, cortex, marrow with its trabeculae, and metal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from osteon.phantom import mimics
from osteon.phantom.mimics import Mimics
from osteon.phantom.projection import Field, Outline, View, frame, outline
from osteon.phantom.solids import Anatomy, Solid

# Linear attenuation per millimetre near 55 keV.
SOFT_PER_MM = 0.021
CORTEX_PER_MM = 0.085
MARROW_PER_MM = 0.026
STEEL_PER_MM = 0.55
_STRUT_MM = 0.8  # path over which trabeculae vary by as much as their mean
_FOLD_MM = 5.0


@dataclass(frozen=True)
class Tissue:
    """What a person's bones are made of."""

    cortex_per_mm: float = CORTEX_PER_MM
    marrow_per_mm: float = MARROW_PER_MM
    strut_mm: float = _STRUT_MM


HEALTHY = Tissue()


@dataclass(frozen=True)
class Bone:
    """One bone as one view shows it."""

    contour: Outline
    view: View
    grain: Field  # of its trabeculae
    tissue: Tissue

    def attenuation(self, along_px: Field, across_px: Field) -> Field:
        """Give what rays lose at the given places of the intact bone."""
        whole, cavity = self.contour.chords(along_px, across_px)
        cavity_mm = cavity / self.view.px_per_mm
        # Struts add up at random along a ray, so that their contrast grows as the root of its path.
        marrow = self.tissue.marrow_per_mm * (
            cavity_mm + np.sqrt(cavity_mm * self.tissue.strut_mm) * self.grain)
        return np.asarray(
            (whole - cavity) * (self.tissue.cortex_per_mm / self.view.px_per_mm) + marrow)

    def solid(self, path_px: Field) -> Field:
        """Give what rays lose in compact bone without a cavity."""
        return self.tissue.cortex_per_mm * path_px / self.view.px_per_mm


class Change(Protocol):
    """What is wrong with one bone."""

    @property
    def bone(self) -> str:
        """Name the bone."""
        ...

    @property
    def reach(self) -> float:
        """How far beside the bone it shows, as a share of the picture's long side."""
        ...

    def drawn(self, bone: Bone, along_px: Field, across_px: Field) -> Field:
        """Give the attenuation of the changed bone."""
        ...


def smoothed(values: Field, sigma_px: float) -> Field:
    """Blur in double precision, so that no processor's rounding reaches a grey level."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px), dtype=np.float64)


@dataclass(frozen=True)
class Mesh:
    """How the trabeculae stand; as given here, in healthy bone."""

    width_px: float = 0.7
    length_px: float = 1.1  # struts are a little longer along the limb than across it
    spacing_px: float = 2.6
    lost: float | None = None  # struts weaker than so many deviations are gone


HEALTHY_MESH = Mesh()


def trabeculae(rng: np.random.Generator, view: View, mesh: Mesh) -> Field:
    """Give a texture of struts, of mean 0 and a deviation of about 1."""
    grain = rng.standard_normal(view.shape)
    fine = cv2.GaussianBlur(grain, (0, 0), mesh.width_px, sigmaY=mesh.length_px)
    coarse = smoothed(grain, mesh.spacing_px)
    struts = np.asarray(fine - coarse, dtype=np.float64)
    if mesh.lost is not None:
        struts = np.maximum(struts - mesh.lost * float(struts.std()), 0.0)
        struts -= float(struts.mean())
    patches = cv2.resize(
        rng.standard_normal((6, 6)), view.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(struts / float(struts.std()) * (1.0 + 0.25 * patches), dtype=np.float64)


def _reach_px(solid: Solid, view: View) -> float:
    half_mm = max(max(left, right) for _, left, right in solid.outline_mm)
    return (half_mm + abs(solid.bow_mm)) * view.px_per_mm + 2.0


def thickness(solids: Iterable[Solid], view: View) -> Field:
    """Give the path, in millimetres, through the union of soft parts."""
    total = np.zeros(view.shape)
    for solid in solids:
        part = frame(solid, view, _reach_px(solid, view))
        if part is None:
            continue
        path, _ = outline(solid, view).chords(part.along_px, part.across_px)
        here = total[part.rows, part.columns]
        np.maximum(here, path / view.px_per_mm, out=here)
    return smoothed(total, 2.0)


def _bone(solid: Solid, view: View, grain: Field, mimic: Mimics, tissue: Tissue,
          change: Change | None, total: Field) -> None:
    """Add one bone, with what is drawn on it, to the total attenuation."""
    contour = outline(solid, view)
    spare = 0.0 if change is None else change.reach * max(view.shape)
    part = frame(solid, view, 1.3 * _reach_px(solid, view) + spare)
    if part is None:
        return
    u, v = part.along_px, part.across_px
    bone = Bone(contour, view, grain[part.rows, part.columns], tissue)
    drawn = bone.attenuation(u, v) if change is None else change.drawn(bone, u, v)
    drawn = drawn * _lines(contour, view, mimic, u, v)
    if mimic.metal is not None and mimic.metal.bone == solid.name:
        place = contour.at(mimic.metal.position, view)
        drawn = drawn + STEEL_PER_MM * mimics.metal_path(mimic.metal, place, view.px_per_mm, u, v)
    total[part.rows, part.columns] += drawn


def _lines(contour: Outline, view: View, mimic: Mimics, u: Field, v: Field) -> Field:
    place = contour.at(mimic.canal.position, view)
    factor = mimics.nutrient_canal(mimic.canal, place, u, v)
    if mimic.growth_plates:
        for position in (0.08, 0.92):
            end = contour.at(position, view)
            factor = factor * mimics.growth_plate(
                mimic.growth_plates, end.along_px, end.half_px, u, v - end.across_px)
    return factor


def skeleton(anatomy: Anatomy, view: View, grain: Field, mimic: Mimics,
             change: Change | None, tissue: Tissue = HEALTHY) -> Field:
    """Give the attenuation of all bones, one of them changed if there is a change."""
    total = np.zeros(view.shape)
    for solid in anatomy.bones:
        here = change if change is not None and change.bone == solid.name else None
        _bone(solid, view, grain, mimic, tissue, here, total)
    return total


def soft_tissue(anatomy: Anatomy, view: View, folds: Iterable[Field]) -> Field:
    """Give the attenuation of soft tissue, less the lung's air, with folds of the skin."""
    path = thickness(anatomy.soft_parts, view)
    if anatomy.air:
        path = np.maximum(path - 0.8 * thickness(anatomy.air, view), 0.0)
    for fold in folds:
        path = path + _FOLD_MM * fold * np.clip(path / 20.0, 0.0, 1.0)
    return SOFT_PER_MM * path
