"""Add up what every ray crosses: soft tissue, cortex, marrow with its trabeculae, and metal."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from osteon.phantom import findings, mimics
from osteon.phantom.findings import Finding, Place
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


def smoothed(values: Field, sigma_px: float) -> Field:
    """Blur in double precision, so that no processor's rounding reaches a grey level."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px), dtype=np.float64)


def trabeculae(rng: np.random.Generator, view: View) -> Field:
    """Give a texture of fine struts, a little longer along the limb than across it."""
    grain = rng.standard_normal(view.shape)
    fine = cv2.GaussianBlur(grain, (0, 0), 0.7, sigmaY=1.1)
    coarse = smoothed(grain, 2.6)
    struts = np.asarray(fine - coarse, dtype=np.float64)
    patches = cv2.resize(
        rng.standard_normal((6, 6)), view.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(struts / float(struts.std()) * (1.0 + 0.25 * patches), dtype=np.float64)


def _reach_px(solid: Solid, view: View) -> float:
    half_mm = max(max(left, right) for _, left, right in solid.outline_mm)
    return (half_mm + abs(solid.bow_mm)) * view.px_per_mm + 2.0


def _place(contour: Outline, view: View, position: float) -> Place:
    at = position * (len(contour.centre_px) - 1)
    low = min(int(at), len(contour.centre_px) - 1)
    return Place(
        along_px=position * contour.length_px,
        across_px=float(contour.centre_px[low]),
        half_px=max(float(contour.outer_px[low]), 2.0),
        field_px=float(max(view.shape)),
    )


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


def _substance(contour: Outline, view: View, grain: Field, along_px: Field, across_px: Field
               ) -> Field:
    whole, cavity = contour.chords(along_px, across_px)
    cavity_mm = cavity / view.px_per_mm
    # Struts add up at random along a ray, so that their contrast grows as the root of its path.
    marrow = MARROW_PER_MM * (cavity_mm + np.sqrt(cavity_mm * _STRUT_MM) * grain)
    return np.asarray((whole - cavity) * (CORTEX_PER_MM / view.px_per_mm) + marrow)


def _bone(solid: Solid, view: View, grain: Field, mimic: Mimics, finding: Finding | None,
          total: Field) -> None:
    """Add one bone, with what is drawn on it, to the total attenuation."""
    contour = outline(solid, view)
    spare = 0.0 if finding is None else 0.12 * max(view.shape)
    part = frame(solid, view, 1.3 * _reach_px(solid, view) + spare)
    if part is None:
        return
    u, v = part.along_px, part.across_px
    texture = grain[part.rows, part.columns]
    if finding is None:
        bone = _substance(contour, view, texture, u, v)
    else:
        bone = _with_finding(contour, view, texture, finding, u, v)
    bone = bone * _lines(contour, view, mimic, u, v)
    if mimic.metal is not None and mimic.metal.bone == solid.name:
        place = _place(contour, view, mimic.metal.position)
        bone = bone + STEEL_PER_MM * mimics.metal_path(mimic.metal, place, view.px_per_mm, u, v)
    total[part.rows, part.columns] += bone


def _with_finding(contour: Outline, view: View, texture: Field, finding: Finding, u: Field,
                  v: Field) -> Field:
    place = _place(contour, view, finding.position)
    if finding.kind == "lesion":
        left, shell_px = findings.lesion(finding, place, u, v)
        shell = CORTEX_PER_MM * shell_px / view.px_per_mm
        return _substance(contour, view, texture, u, v) * left + shell
    total = np.zeros_like(u)
    for along, across, share, callus_px in findings.fragments(finding, place, u, v):
        total += share * _substance(contour, view, texture, along, across)
        total += CORTEX_PER_MM * callus_px / view.px_per_mm
    return total


def _lines(contour: Outline, view: View, mimic: Mimics, u: Field, v: Field) -> Field:
    place = _place(contour, view, mimic.canal.position)
    factor = mimics.nutrient_canal(mimic.canal, place, u, v)
    if mimic.growth_plates:
        for position in (0.08, 0.92):
            end = _place(contour, view, position)
            factor = factor * mimics.growth_plate(
                mimic.growth_plates, end.along_px, end.half_px, u, v - end.across_px)
    return factor


def skeleton(anatomy: Anatomy, view: View, grain: Field, mimic: Mimics,
             finding: Finding | None) -> Field:
    """Give the attenuation of all bones, one of them with the finding if there is one."""
    total = np.zeros(view.shape)
    for solid in anatomy.bones:
        here = finding if finding is not None and finding.bone == solid.name else None
        _bone(solid, view, grain, mimic, here, total)
    return total


def soft_tissue(anatomy: Anatomy, view: View, folds: Iterable[Field]) -> Field:
    """Give the attenuation of soft tissue, less the lung's air, with folds of the skin."""
    path = thickness(anatomy.soft_parts, view)
    if anatomy.air:
        path = np.maximum(path - 0.8 * thickness(anatomy.air, view), 0.0)
    for fold in folds:
        path = path + _FOLD_MM * fold * np.clip(path / 20.0, 0.0, 1.0)
    return SOFT_PER_MM * path
