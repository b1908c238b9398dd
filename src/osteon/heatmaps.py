"""Attributions drawn over their picture, in two colours that every eye tells apart."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.errors import UserError
from osteon.frames import SIDE_PX, Field, Frame, Mask
from osteon.grey import Picture

LONG_SIDE_PX = 320
_LARGEST_PX = 1024  # of what is drawn over a picture as it was sent; a screen shows no more
# Orange and blue of Okabe and Ito's palette, as blue, green, red.
_FOR, _AGAINST = np.array([0, 159, 230], np.float32), np.array([233, 180, 86], np.float32)
_OUTLINE = (255, 255, 255)
_OPACITY = 0.75
_FLAT = 2 / 3  # of the strongest: a map with no larger difference within it points nowhere
_STRONGEST_PERCENT = 99.8  # full colour from here on: one extreme pixel would leave the rest pale

_AS_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 6]

Drawn = NDArray[np.uint8]  # (height, width, 3): blue, green, red


def plain(picture: Field, frame: Frame) -> Drawn:
    """Draw a picture of the frame, grey from 0 to 255, cut to what it fills."""
    return _cut(_grey(picture), frame)


def overlay(picture: Field, values: Field, frame: Frame, mask: Mask | None = None) -> Drawn:
    """Draw an attribution over its picture: orange for the class, blue against it.

    Colours are as strong as the attribution is beside its own strongest part, so that two maps
    cannot be compared by them. The outline of a mask is white.
    """
    drawn = _blended(_grey(picture), _strength(values, frame))
    if mask is not None:
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL,
                                       cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, outlines, -1, _OUTLINE, 1, cv2.LINE_AA)
    return _cut(drawn, frame)


def flat(values: Field, frame: Frame) -> bool:
    """Tell whether an attribution is much the same all over the picture, and points nowhere.

    Scaled to its own strongest part it would tint the whole picture.
    """
    inside = values[frame.window]
    strongest = float(np.abs(inside).max())
    return float(inside.max() - inside.min()) <= _FLAT * strongest


def over(picture: Picture, values: Field, frame: Frame) -> Drawn:
    """Draw an attribution over the picture as it was sent, of any size and at most 1,024 pixels."""
    grey = bare(picture)
    strength = np.asarray(
        cv2.resize(_strength(values, frame)[frame.window], grey.shape[::-1]), np.float32)
    return _blended(_grey(grey), strength)


def bare(picture: Picture) -> NDArray[np.uint8]:
    """Give the picture as it was sent, without a heat: (height, width), at most 1,024 pixels."""
    scale = min(1, _LARGEST_PX / max(picture.shape))
    size = [max(1, round(scale * side)) for side in reversed(picture.shape)]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def layer(values: Field, frame: Frame) -> NDArray[np.uint8]:
    """Draw an attribution alone, cut to its picture: (height, width, 4), the last its opacity."""
    strength = _strength(values, frame)[frame.window]
    opacity = np.rint(255 * np.abs(strength))[..., np.newaxis]
    return np.concatenate([_colour(strength), opacity], axis=2).astype(np.uint8)


def png(drawn: NDArray[np.uint8]) -> bytes:
    """Encode what was drawn; the bytes depend on the pixels alone."""
    return cv2.imencode(".png", drawn, _AS_PNG)[1].tobytes()


def write(file: Path, drawn: Drawn) -> None:
    """Write a PNG whose bytes depend on the pixels alone.

    Raises:
        UserError: it cannot be written.
    """
    if not cv2.imwrite(str(file), drawn, _AS_PNG):
        raise UserError(f"{file}: cannot be written; see to the room on the disk")


def _strength(values: Field, frame: Frame) -> Field:
    """Scale values to -1..1, beside the strongest within the picture."""
    strongest = float(np.percentile(np.abs(values[frame.window]), _STRONGEST_PERCENT))
    return np.clip(values / np.float32(max(strongest, 1e-12)), -1, 1)


def _blended(grey: NDArray[np.float32], strength: Field) -> Drawn:
    alpha = _OPACITY * np.abs(strength)[..., np.newaxis]
    blended = (1 - alpha) * grey + alpha * _colour(strength)
    return np.ascontiguousarray(np.clip(blended, 0, 255).astype(np.uint8))


def _colour(strength: Field) -> NDArray[np.float32]:
    return np.where((strength > 0)[..., np.newaxis], _FOR, _AGAINST)


def _grey(picture: Field | Picture) -> NDArray[np.float32]:
    return np.repeat(np.clip(picture, 0, 255).astype(np.float32)[..., np.newaxis], 3, axis=2)


def _cut(drawn: NDArray[np.floating | np.uint8], frame: Frame) -> Drawn:
    height, width = (max(1, round(side * LONG_SIDE_PX / SIDE_PX)) for side in frame.size)
    inside = np.ascontiguousarray(drawn[frame.window].astype(np.uint8))
    return np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
