"""Attributions drawn over their picture, in two colours that every eye tells apart."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.errors import UserError
from osteon.frames import SIDE_PX, Field, Frame, Mask

LONG_SIDE_PX = 320
# Orange and blue of Okabe and Ito's palette, as blue, green, red.
_FOR, _AGAINST = np.array([0, 159, 230], np.float32), np.array([233, 180, 86], np.float32)
_OUTLINE = (255, 255, 255)
_OPACITY = 0.75
_STRONGEST_PERCENT = 99.8  # full colour from here on: one extreme pixel would leave the rest pale

Drawn = NDArray[np.uint8]  # (height, width, 3): blue, green, red


def plain(picture: Field, frame: Frame) -> Drawn:
    """Draw a picture of the frame, grey from 0 to 255, cut to what it fills."""
    return _cut(_grey(picture), frame)


def overlay(picture: Field, values: Field, frame: Frame, mask: Mask | None = None) -> Drawn:
    """Draw an attribution over its picture: orange for the class, blue against it.

    Colours are as strong as the attribution is beside its own strongest part, so that two maps
    cannot be compared by them. The outline of a mask is white.
    """
    strength = np.abs(values)
    strongest = float(np.percentile(strength[frame.window], _STRONGEST_PERCENT))
    alpha = _OPACITY * np.clip(strength / max(strongest, 1e-12), 0, 1)[..., np.newaxis]
    colour = np.where((values > 0)[..., np.newaxis], _FOR, _AGAINST)
    blended = (1 - alpha) * _grey(picture) + alpha * colour
    drawn = np.ascontiguousarray(np.clip(blended, 0, 255).astype(np.uint8))
    if mask is not None:
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL,
                                       cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, outlines, -1, _OUTLINE, 1, cv2.LINE_AA)
    return _cut(drawn, frame)


def write(file: Path, drawn: Drawn) -> None:
    """Write a PNG whose bytes depend on the pixels alone.

    Raises:
        UserError: it cannot be written.
    """
    if not cv2.imwrite(str(file), drawn, [cv2.IMWRITE_PNG_COMPRESSION, 6]):
        raise UserError(f"{file}: cannot be written; see to the room on the disk")


def _grey(picture: Field) -> NDArray[np.float32]:
    return np.repeat(np.clip(picture, 0, 255)[..., np.newaxis], 3, axis=2)


def _cut(drawn: NDArray[np.floating | np.uint8], frame: Frame) -> Drawn:
    height, width = (max(1, round(side * LONG_SIDE_PX / SIDE_PX)) for side in frame.size)
    inside = np.ascontiguousarray(drawn[frame.window].astype(np.uint8))
    return np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
