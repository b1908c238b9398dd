"""Parts of a picture that show no anatomy: its border, what lies outside the field, markers."""

import cv2
import numpy as np

from osteon.frames import SIDE_PX, Field, Frame, Mask

BORDER = 0.05  # of each side
_BRIGHT_PERCENT = 99  # what counts as the white of a picture
_DARK = 0.2  # of its white: air behind the bone; skin starts above
_DARK_LEVEL = 20  # of 255: near-black in any picture
_SPECK = 0.0005  # of the frame: smaller regions are noise
_MARKER_LEVEL = 0.85  # of the brightest pixel: lead letters are white
_MARKER_AREA = (0.0001, 0.01)  # of the frame; bone that is as bright is larger
_MARKER_DEPTH = 0.25  # of each side: a marker lies this near to an edge, without touching it
_MARKER_CONTRAST = 0.5  # of its own level: what surrounds a marker is darker than this


def find(picture: Field, frame: Frame) -> dict[str, Mask]:
    """Mark every region, by its name, of a picture in its frame, grey from 0 to 255."""
    return {"border": border(frame), "outside_field": outside_field(picture, frame),
            "markers": markers(picture, frame)}


def border(frame: Frame) -> Mask:
    """Mark the outer twentieth of the picture on each side."""
    return frame.inside() & ~_core(frame, BORDER)


def outside_field(picture: Field, frame: Frame) -> Mask:
    """Mark what is dark and reaches the picture's edge, and padding beyond it.

    What was collimated away looks like this, and film behind which there was only air.
    """
    white = float(np.percentile(picture[frame.window], _BRIGHT_PERCENT))
    dark = (picture <= max(_DARK * white, _DARK_LEVEL)) | ~frame.inside()
    _, components, sizes, _ = cv2.connectedComponentsWithStats(
        dark.astype(np.uint8), connectivity=4)
    touching = np.unique(components[dark & ~_core(frame, 0)])
    large = np.flatnonzero(sizes[:, cv2.CC_STAT_AREA] >= _SPECK * SIDE_PX**2)
    return np.isin(components, np.intersect1d(touching, large))


def markers(picture: Field, frame: Frame) -> Mask:
    """Mark small white islands near the picture's edge, which is how lead letters look.

    A guess: metal there looks the same, and a faint marker is missed.
    """
    bright = (picture >= _MARKER_LEVEL * picture.max()) & frame.inside()
    core, edge = _core(frame, _MARKER_DEPTH), ~_core(frame, 0)
    _, components, sizes, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
    least, most = (share * SIDE_PX**2 for share in _MARKER_AREA)
    found = np.zeros(picture.shape, bool)
    for number in range(1, len(sizes)):
        island = components == number
        if (least <= sizes[number, cv2.CC_STAT_AREA] <= most
                and not (island & (core | edge)).any() and _stands_out(picture, island)):
            found |= island
    return found


def _stands_out(picture: Field, island: Mask) -> bool:
    wide, near = (cv2.dilate(island.astype(np.uint8), np.ones((side, side), np.uint8))
                  for side in (15, 5))
    around = picture[wide > near]
    return bool(np.median(around) <= _MARKER_CONTRAST * picture[island].mean())


def _core(frame: Frame, depth: float) -> Mask:
    """Mark the picture but for a margin of so much of each side, a pixel at least."""
    rows, columns = frame.window
    down, across = (max(1, round(depth * side)) for side in frame.size)
    mask = np.zeros((SIDE_PX, SIDE_PX), bool)
    mask[rows.start + down:rows.stop - down, columns.start + across:columns.stop - across] = True
    return mask
