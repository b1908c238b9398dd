"""Grey values of any depth to the 8 bits that all further work is done on."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width), grey

# Deeper data whose meaning no window declares: a few hot or dead pixels must not set the scale.
LOW_PERCENT, HIGH_PERCENT = 0.5, 99.5

_SPREAD = 257  # 65535 / 255


def stretch(values: NDArray[Any], low: float = 0, high: float = 100,
            left_out: NDArray[np.bool_] | None = None) -> Picture:
    """Map the values between two percentiles to 0..255; a flat picture becomes black.

    Values `left_out` are mapped as well but have no say in the percentiles.
    """
    counted = values if left_out is None or left_out.all() else values[~left_out]
    darkest, brightest = _percentiles(counted, low, high)
    scale = 255 / max(brightest - darkest, 1e-6)
    return _eight_bits(values, scale, -darkest * scale)


def _percentiles(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    if (low, high) == (0, 100):  # a twentieth of the time
        return float(values.min()), float(values.max())
    darkest, brightest = np.percentile(values, [low, high])
    return darkest, brightest


def narrowed(values: NDArray[Any], *, small_means_8_bits: bool = True) -> Picture | None:
    """Give 8-bit data that were put into a deeper container, unchanged; none if these are deeper.

    Some tools keep the values as they are, others multiply them by 257, so that white is white.
    The former cannot be told from a dark deep picture where a window says what values mean.
    """
    if values.dtype.kind not in "iu" or values.min() < 0:
        return None
    if small_means_8_bits and values.max() <= 255:
        return _eight_bits(values, 1)
    if values.dtype == np.uint16 and not any((row % _SPREAD).any() for row in values):
        return _eight_bits(values, 1 / _SPREAD)
    return None


def _eight_bits(values: NDArray[Any], scale: float, shift: float = 0) -> Picture:
    """Scale, round and clip in one pass, without copies in between."""
    return np.asarray(cv2.addWeighted(values, scale, values, 0, shift, dtype=cv2.CV_8U), np.uint8)
