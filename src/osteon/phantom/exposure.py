"""From attenuation to an 8-bit picture: exposure, window, collimation, marker and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.attenuation import smoothed
from osteon.phantom.projection import Field, View

# Strokes of the side markers in a box of 1 by 1.6, as pairs of end points.
_LETTERS: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "L": ((0.0, 0.0, 0.0, 1.6), (0.0, 1.6, 1.0, 1.6)),
    "R": ((0.0, 0.0, 0.0, 1.6), (0.0, 0.0, 0.8, 0.0), (0.8, 0.0, 1.0, 0.4), (1.0, 0.4, 0.8, 0.8),
          (0.8, 0.8, 0.0, 0.8), (0.35, 0.8, 1.0, 1.6)),
}


@dataclass(frozen=True)
class Marker:
    """A lead letter beside the limb."""

    letter: str
    left: float  # position, as shares of the picture
    top: float
    size_px: float
    turn_deg: float


@dataclass(frozen=True)
class Exposure:
    """How one picture is exposed and shown."""

    photons: float  # per pixel without attenuation
    low: float  # attenuation shown black, as a share of the soft tissue's
    range: float  # of attenuation, as a share of what the bone spans
    gamma: float
    white: float
    fog: float
    blur_px: float
    heel: tuple[float, float]  # gradient of the beam across the picture
    vignette: float
    border: tuple[float, float, float, float] | None  # collimation, as shares of the picture
    border_turn_deg: float
    marker: Marker | None


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """Draw how a picture is taken, without regard to what it shows."""
    left, top, right, bottom = (float(margin) for margin in rng.uniform(0.0, 0.075, 4))
    collimated = rng.random() < 0.6
    turned = rng.random() < 0.3
    marked = rng.random() < 0.65
    marker = Marker(
        letter="LR"[int(rng.integers(0, 2))],
        left=float(rng.choice((0.12, 0.82)) + rng.uniform(-0.03, 0.03)),
        top=float(rng.uniform(0.1, 0.85)),
        size_px=float(rng.uniform(9.0, 16.0)),
        turn_deg=float(rng.normal(0.0, 8.0)),
    )
    return Exposure(
        photons=float(np.exp(rng.uniform(np.log(2500.0), np.log(12000.0)))),
        low=float(rng.uniform(0.0, 0.55)),
        range=float(rng.uniform(0.8, 1.35)),
        gamma=float(np.exp(rng.uniform(-0.3, 0.4))),
        white=float(rng.uniform(190.0, 255.0)),
        fog=float(rng.uniform(0.0, 18.0)),
        blur_px=float(rng.uniform(0.45, 0.85)),
        heel=(float(rng.normal(0.0, 0.08)), float(rng.normal(0.0, 0.08))),
        vignette=float(rng.uniform(0.0, 0.25)),
        border=(left, top, right, bottom) if collimated else None,
        border_turn_deg=float(rng.uniform(-7.0, 7.0)) if turned else 0.0,
        marker=marker if marked else None,
    )


def _axes(view: View) -> tuple[Field, Field]:
    """Give column and row, each from -0.5 to 0.5, ready to broadcast."""
    columns = (np.arange(view.width_px) + 0.5) / view.width_px - 0.5
    rows = (np.arange(view.height_px) + 0.5) / view.height_px - 0.5
    return columns[None, :], rows[:, None]


def _turned(x: Field, y: Field, turn_deg: float) -> tuple[Field, Field]:
    turn = np.deg2rad(turn_deg)
    return x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)


def lead(marker: Marker, view: View) -> Field:
    """Give the share of lead in every pixel."""
    columns, rows = _axes(view)
    x = ((columns + 0.5) - marker.left) * view.width_px / marker.size_px
    y = ((rows + 0.5) - marker.top) * view.height_px / marker.size_px
    x, y = _turned(x, y, marker.turn_deg)
    nearest = np.full(view.shape, np.inf)
    for x0, y0, x1, y1 in _LETTERS[marker.letter]:
        span = np.array([x1 - x0, y1 - y0])
        at = np.clip(((x - x0) * span[0] + (y - y0) * span[1]) / (span @ span), 0.0, 1.0)
        apart = np.hypot(x - x0 - at * span[0], y - y0 - at * span[1])
        np.minimum(nearest, apart, out=nearest)
    return np.asarray(np.clip((0.14 - nearest) * marker.size_px + 0.5, 0.0, 1.0))


def field_of_exposure(exposure: Exposure, view: View) -> Field:
    """Give the share of every pixel that the collimator leaves open."""
    if exposure.border is None:
        return np.ones(view.shape)
    columns, rows = _axes(view)
    x, y = columns * view.width_px, rows * view.height_px
    x, y = _turned(x, y, exposure.border_turn_deg)
    left, top, right, bottom = exposure.border
    inside = np.minimum(
        np.minimum(x + (0.5 - left) * view.width_px, (0.5 - right) * view.width_px - x),
        np.minimum(y + (0.5 - top) * view.height_px, (0.5 - bottom) * view.height_px - y),
    )
    return np.asarray(np.clip(inside / 2.0 + 0.5, 0.0, 1.0))


def develop(attenuation: Field, window: tuple[float, float], exposure: Exposure, view: View,
            rng: np.random.Generator) -> NDArray[np.uint8]:
    """Expose and show a picture; it is rounded to grey levels once, at the very end.

    Args:
        attenuation: along every ray, without unit.
        window: attenuation of soft tissue alone, and what bone adds to it.
        exposure: how the picture is taken.
        view: its size.
        rng: for the quantum noise.
    """
    columns, rows = _axes(view)
    beam = exposure.heel[0] * columns + exposure.heel[1] * rows
    beam = beam + exposure.vignette * (np.square(columns) + np.square(rows))
    seen = smoothed(attenuation, exposure.blur_px)
    # Photon counts are Poisson: the relative error grows as fewer photons arrive.
    quanta = np.exp(0.5 * np.minimum(seen, 6.0)) / np.sqrt(exposure.photons)
    seen = seen + smoothed(quanta * rng.standard_normal(view.shape), 0.55) + beam
    soft, bone = window
    shown = (seen - exposure.low * soft) / (exposure.range * (soft * (1 - exposure.low) + bone))
    shown = np.maximum(shown, 0.0) ** exposure.gamma
    shown = shown / (1.0 + shown**4) ** 0.25
    if exposure.marker is not None:
        mark = lead(exposure.marker, view)
        shown = shown + (1.05 - shown) * mark
    grey = (exposure.fog + (exposure.white - exposure.fog) * shown) * field_of_exposure(
        exposure, view)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
