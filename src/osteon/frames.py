"""One frame for every member's attribution, whatever size and fit its pictures have.

The frame is a square that the picture fills in its own proportions, in the middle. There a
distance is the same in both directions, masks and regions are drawn once, and members of
different sizes can be added up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.sections.data import Fit

SIDE_PX = 448  # about the long side of the photographs that the pointing game was made for

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """Where a picture of so many pixels lies in the frame."""

    height_px: int
    width_px: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture within the frame."""
        scale = SIDE_PX / max(self.height_px, self.width_px)
        return max(1, round(scale * self.height_px)), max(1, round(scale * self.width_px))

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the frame that the picture fills."""
        height, width = self.size
        top, left = (SIDE_PX - height) // 2, (SIDE_PX - width) // 2
        return slice(top, top + height), slice(left, left + width)

    def inside(self) -> Mask:
        """Mark what the picture fills."""
        mask = np.zeros((SIDE_PX, SIDE_PX), bool)
        mask[self.window] = True
        return mask

    def place(self, values: NDArray[Any], fit: Fit) -> Field:
        """Bring values (any height, any width) over a member's square picture into the frame."""
        if fit == "pad":
            return _resized(values, SIDE_PX, SIDE_PX)
        framed = np.zeros((SIDE_PX, SIDE_PX), np.float32)
        framed[self.window] = _resized(values, *self.size)
        return framed

    def spread(self, values: NDArray[Any], fit: Fit) -> Field:
        """Bring an attribution into the frame; its sum is kept, but for what rounding changes."""
        height, width = (SIDE_PX, SIDE_PX) if fit == "pad" else self.size
        return self.place(values, fit) * np.float32(values.size / (height * width))

    def cells(self, mask: Mask, fit: Fit, side: int) -> Mask:
        """Lay a mask of the frame over a member's square picture: (side, side) cells it touches."""
        shown = mask if fit == "pad" else mask[self.window]
        touched = cv2.resize(shown.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(touched > 0)

    def draw(self, polygons: Iterable[NDArray[np.float64]]) -> Mask:
        """Fill polygons, each (points, 2) in pixels of the picture, x before y, where it lies."""
        side = max(self.height_px, self.width_px)
        corner = [(side - self.width_px) // 2, (side - self.height_px) // 2]
        canvas = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
        for polygon in polygons:
            # OpenCV names a pixel by its centre, a polygon's corner lies between pixels.
            points = (polygon + corner) * (SIDE_PX / side) - 0.5
            cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], 1)
        return canvas.astype(bool) & self.inside()


def _resized(values: NDArray[Any], height: int, width: int) -> Field:
    how = cv2.INTER_AREA if min(values.shape) > max(height, width) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values.astype(np.float32), (width, height), interpolation=how),
                      np.float32)
