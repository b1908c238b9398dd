"""Does an attribution lie where the finding lies? And does it lie where no anatomy can be?"""

from dataclasses import replace

import cv2
import numpy as np

from osteon.frames import SIDE_PX, Field, Frame, Mask
from osteon.intervals import Resampled
from osteon.sections.verdict import Method

TOLERANCE_PX = 15  # of the frame; the pointing game's own, for photographs of about its size
_SMOOTH = 0.02  # of the frame's side: Integrated Gradients speckle, and one speck is no place


def looked_at(values: Field, method: Method) -> Field:
    """Blur Integrated Gradients by a fiftieth of the frame's side; Grad-CAM is smooth already."""
    if method == "grad_cam":
        return values
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _SMOOTH * SIDE_PX), np.float32)


def near(mask: Mask) -> Mask:
    """Widen a mask by the tolerance of the pointing game."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= TOLERANCE_PX)


def hits(values: Field, widened: Mask) -> bool:
    """Play the pointing game: is the strongest point in the mask or within the tolerance of it?

    After Zhang and others (2018). `values` as they are looked at, the mask widened by `near`.
    """
    return bool(widened[np.unravel_index(np.argmax(values), values.shape)])


def share(values: Field, mask: Mask) -> float:
    """Give the share of the positive attribution that lies in the mask; NaN where there is none."""
    positive = np.maximum(values, 0, dtype=np.float64)
    total = positive.sum()
    return float(positive[mask].sum() / total) if total > 0 else float("nan")


def centre(frame: Frame) -> Field:
    """Make the map of who always points at the middle of a picture.

    A Gaussian whose deviation is a quarter of each side of the picture.
    """
    rows, columns = frame.window
    down, across = (np.arange(SIDE_PX) - (window.start + window.stop - 1) / 2
                    for window in (rows, columns))
    height, width = frame.size
    squared = (down[:, np.newaxis] / (height / 4))**2 + (across / (width / 4))**2
    return np.where(frame.inside(), np.exp(-squared / 2), 0).astype(np.float32)


def ratio(one: Resampled, other: Resampled) -> Resampled:
    """Divide figures by others of the same name, resample by resample.

    Raises:
        ValueError: the two were not measured on resamples of the same groups.
    """
    if (one.groups, one.seed) != (other.groups, other.seed):
        raise ValueError("figures of different groups or seeds are not paired")
    with np.errstate(invalid="ignore", divide="ignore"):
        return replace(one, trials={}, values={
            name: one.values[name] / other.values[name] for name in one.values}, draws={
            name: one.draws[name] / other.draws[name] for name in one.values})
