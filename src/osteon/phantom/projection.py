"""Project solids onto the detector: where they fall, and how much of them a ray crosses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.solids import Solid, Vector

Field = NDArray[np.float64]
_AT = np.linspace(0.0, 1.0, 385)


@dataclass(frozen=True)
class View:
    """How one picture of a study is taken."""

    width_px: int
    height_px: int
    px_per_mm: float
    centre_mm: tuple[float, float]
    oblique_deg: float  # of the limb about its long axis
    turn_deg: float  # of the limb on the detector
    mirrored: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return (self.height_px, self.width_px)

    def place(self, point_mm: Vector) -> Field:
        """Give the column and the row, in pixels, that a point is projected to."""
        oblique, turn = np.deg2rad(self.oblique_deg), np.deg2rad(self.turn_deg)
        across = (point_mm[0] - self.centre_mm[0]) * np.cos(oblique) + point_mm[2] * np.sin(oblique)
        across = -across if self.mirrored else across
        along = point_mm[1] - self.centre_mm[1]
        column = np.cos(turn) * across - np.sin(turn) * along
        row = np.sin(turn) * across + np.cos(turn) * along
        middle = np.array([self.width_px, self.height_px]) / 2
        return np.asarray(middle + self.px_per_mm * np.array([column, row]), dtype=np.float64)


@dataclass(frozen=True)
class Place:
    """Where something lies on a bone in one view, in pixels of the bone's frame."""

    along_px: float
    across_px: float
    half_px: float
    length_px: float  # of the whole bone
    field_px: float  # long side of the picture
    oblique_deg: float

    @property
    def reaction_px(self) -> float:
        """Path through reactive bone: as thick as the bone itself, and on slender bones more."""
        return max(self.half_px, 0.034 * self.field_px)


@dataclass(frozen=True)
class Outline:
    """A solid's contour in one view, tabulated along its axis."""

    length_px: float
    centre_px: Field
    outer_px: Field  # half-width of the bone
    inner_px: Field  # half-width of the marrow cavity
    depth: float  # thickness along the ray, as a share of the projected width

    def chords(self, along_px: Field, across_px: Field) -> tuple[Field, Field]:
        """Give the path of each ray through the whole solid and through its cavity, in pixels."""
        at = along_px / self.length_px

        def read(table: Field) -> Field:
            return np.asarray(np.interp(at, _AT, table, left=0.0, right=0.0), dtype=np.float64)

        aside = np.square(across_px - read(self.centre_px))
        outer = np.sqrt(np.maximum(np.square(read(self.outer_px)) - aside, 0.0))
        inner = np.sqrt(np.maximum(np.square(read(self.inner_px)) - aside, 0.0))
        return 2 * self.depth * outer, 2 * self.depth * inner

    def at(self, position: float, view: View) -> Place:
        """Give the place at a position along the axis, 0 to 1."""
        low = min(int(position * (len(self.centre_px) - 1)), len(self.centre_px) - 1)
        return Place(
            along_px=position * self.length_px,
            across_px=float(self.centre_px[low]),
            half_px=max(float(self.outer_px[low]), 2.0),
            length_px=self.length_px,
            field_px=float(max(view.shape)),
            oblique_deg=view.oblique_deg,
        )


def _rounded(start: float, end: float, cap: tuple[float, float]) -> Field:
    """Close a contour elliptically at both ends."""
    near = np.clip((_AT - start) / cap[0], 0.0, 1.0)
    far = np.clip((end - _AT) / cap[1], 0.0, 1.0)
    return np.sqrt(near * (2.0 - near)) * np.sqrt(far * (2.0 - far))


def outline(solid: Solid, view: View) -> Outline:
    """Tabulate a solid's contour as the view shows it."""
    span = view.place(solid.end_mm) - view.place(solid.start_mm)
    length = max(float(np.hypot(*span)), 1.0)
    oblique = np.deg2rad(view.oblique_deg)
    # An elliptical section seen at an angle: its shadow widens or narrows, its area stays.
    seen = float(np.hypot(np.cos(oblique), solid.depth * np.sin(oblique)))
    stations, left, right = np.array(solid.outline_mm).T
    smooth = np.hanning(15) / np.hanning(15).sum()

    def spread(values: Field) -> Field:
        between = np.interp(_AT, stations, values)
        return np.convolve(np.pad(between, 7, mode="edge"), smooth, "valid")

    half = 0.5 * view.px_per_mm * seen * spread(left + right)
    middle = 0.5 * view.px_per_mm * float(np.cos(oblique)) * spread(right - left)
    middle = middle + view.px_per_mm * solid.bow_mm * np.cos(oblique) * 4 * _AT * (1 - _AT)
    first, last = (min(0.5, solid.cap * float(h) / length) for h in (half[0], half[-1]))
    ends = (first, last)
    shell = np.clip(4 * _AT * (1 - _AT), 0.3, 1.0) * solid.cortex_mm * view.px_per_mm
    plate = min(0.3 * solid.cortex_mm * view.px_per_mm / length, 0.2)
    inner = np.maximum(half - shell, 0.0) * _rounded(plate, 1.0 - plate, ends)
    if not solid.cortex_mm:
        inner = np.zeros_like(half)
    return Outline(length, middle, half * _rounded(0.0, 1.0, ends), inner, solid.depth / seen**2)


@dataclass(frozen=True)
class Frame:
    """The part of the picture around a solid, in coordinates along and across its axis."""

    rows: slice
    columns: slice
    origin_px: Field
    axis: Field
    mirrored: bool

    @cached_property
    def _grid(self) -> tuple[Field, Field]:
        columns = np.arange(self.columns.start, self.columns.stop) - self.origin_px[0]
        rows = np.arange(self.rows.start, self.rows.stop) - self.origin_px[1]
        return columns[None, :], rows[:, None]

    @cached_property
    def along_px(self) -> Field:
        """Distance of every pixel along the axis, from its start."""
        columns, rows = self._grid
        return np.asarray(columns * self.axis[0] + rows * self.axis[1])

    @cached_property
    def across_px(self) -> Field:
        """Distance of every pixel from the axis; positive is the anatomical right."""
        columns, rows = self._grid
        across = rows * self.axis[0] - columns * self.axis[1]
        return np.asarray(-across if self.mirrored else across)


def frame(solid: Solid, view: View, margin_px: float) -> Frame | None:
    """Cut out the pixels within ``margin_px`` of a solid's axis; None outside the picture."""
    start, end = view.place(solid.start_mm), view.place(solid.end_mm)
    low = np.floor(np.minimum(start, end) - margin_px).astype(int)
    high = np.ceil(np.maximum(start, end) + margin_px).astype(int)
    left, top = (int(value) for value in np.maximum(low, 0))
    right, bottom = (int(v) for v in np.minimum(high, (view.width_px, view.height_px)))
    if left >= right or top >= bottom:
        return None
    length = max(float(np.hypot(*(end - start))), 1.0)
    return Frame(slice(top, bottom), slice(left, right), start, (end - start) / length,
                 view.mirrored)
