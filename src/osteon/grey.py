"""Grey values of any depth to the 8 bits that all further work is done on."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width), grey

# Deeper data whose meaning no window declares: a few hot or dead pixels must not set the scale.
LOW_PERCENT, HIGH_PERCENT = 0.5, 99.5

_SPREAD = 257  # 65535 / 255
_AT_ONCE = 2**20  # pixels: as an index each takes 8 bytes


def stretch(values: NDArray[Any], low: float = 0, high: float = 100,
            counts: NDArray[np.int64] | None = None) -> Picture:
    """Map the values between two percentiles to 0..255; a flat picture becomes black.

    `counts` says how often there is each value, once without it; what there is none of is mapped
    as well but has no say in the percentiles.
    """
    if counts is None:
        darkest, brightest = _percentiles(values, low, high)
    else:
        darkest, brightest = _counted_percentiles(values, counts, (low, high))
    scale = 255 / max(brightest - darkest, 1e-6)
    return _eight_bits(values, scale, -darkest * scale)


def _percentiles(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    if (low, high) == (0, 100):  # a twentieth of the time
        return float(values.min()), float(values.max())
    darkest, brightest = np.percentile(values, [low, high])
    return darkest, brightest


def _counted_percentiles(values: NDArray[Any], counts: NDArray[np.int64],
                         percents: tuple[float, float]) -> tuple[float, float]:
    """Give what np.percentile would of each value repeated, to the last bit."""
    order = np.argsort(values)
    ends = np.cumsum(counts[order])
    places = np.true_divide(percents, 100) * (ends[-1] - 1)
    below = np.floor(places)
    lower, upper = (values[order[np.searchsorted(ends, place, side="right")]]
                    for place in (below, np.minimum(below + 1, ends[-1] - 1)))
    way, step = places - below, upper - lower
    found = np.where(way < 0.5, lower + step * way, upper - step * (1 - way))
    return float(found[0]), float(found[1])


def counted(values: NDArray[Any], lowest: int, kinds: int) -> NDArray[np.int64]:
    """Count how often there is each of so many whole numbers, from the lowest on."""
    counts = np.zeros(kinds, np.int64)
    for part in _parts(values):
        counts += np.bincount(part.astype(np.int64) - lowest, minlength=kinds)
    return counts


def looked_up(values: NDArray[Any], lowest: int, table: Picture) -> Picture:
    """Replace each whole number by its entry in a table that begins with the lowest."""
    shown = np.empty(values.shape, np.uint8)
    for part, place in zip(_parts(values), _parts(shown), strict=True):
        np.take(table, part.astype(np.int64) - lowest, out=place)
    return shown


def _parts(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Give views of so many values that work on them takes little memory."""
    flat = values.reshape(-1)
    return (flat[start:start + _AT_ONCE] for start in range(0, flat.size, _AT_ONCE))


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
