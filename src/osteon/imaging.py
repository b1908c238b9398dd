"""From a file's bytes to the picture a network sees; the pipeline and the service share it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width), grey

_SNIFF = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_STATISTICS_SIDE_PX = 256  # statistics hardly move on a smaller copy, and cost a tenth


class ImageError(ValueError):
    """Bytes that are no readable radiograph; the message says why."""


@dataclass(frozen=True)
class Decoded:
    """A grey 8-bit picture and the bits per sample of its file."""

    picture: Picture
    bit_depth: int


def decode(content: bytes) -> Decoded:
    """Decode a PNG or JPEG of any depth and colour to grey, 8 bits, upright by its EXIF.

    Pictures of 8 bits pass unchanged; deeper ones are mapped from their 0.5 and 99.5 percentiles.

    Raises:
        ImageError: the bytes are empty, of another format, or cannot be decoded.
    """
    if not content:
        raise ImageError("the file is empty")
    if not any(content.startswith(magic) for magic in _SNIFF):
        raise ImageError(f"not a {' or '.join(_SNIFF.values())} file")
    # ANYDEPTH and ANYCOLOR keep 16 bits, drop transparency and follow the EXIF orientation.
    try:
        raw = cv2.imdecode(np.frombuffer(content, np.uint8),
                           cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        raise ImageError(f"cannot be decoded: {error.err}") from None
    if raw is None:
        raise ImageError("cannot be decoded: truncated or damaged")
    grey = cv2.cvtColor(raw, cv2.COLOR_BGR2GRAY) if raw.ndim == 3 else raw
    if grey.dtype == np.uint8:
        return Decoded(np.asarray(grey, np.uint8), 8)
    return Decoded(stretch(grey, 0.5, 99.5), 8 * grey.dtype.itemsize)


def stretch(grey: NDArray[Any], low: float = 0, high: float = 100) -> Picture:
    """Map the values between two percentiles to 0..255; a flat picture becomes black."""
    darkest, brightest = np.percentile(grey, [low, high])
    scaled = (grey.astype(np.float32) - darkest) * (255 / max(brightest - darkest, 1e-6))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def statistics(picture: Picture) -> dict[str, float]:
    """Intensity statistics on a scale from 0 to 1, rounded so that they print the same."""
    scale = _STATISTICS_SIDE_PX / max(picture.shape)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) \
        if scale < 1 else picture
    p05, p25, p50, p75, p95 = np.percentile(small, [5, 25, 50, 75, 95]) / 255
    found = {"mean": small.mean() / 255, "sd": small.std() / 255, "p05": p05, "p25": p25,
             "p50": p50, "p75": p75, "p95": p95, "saturated": (small == 255).mean()}
    return {name: round(float(value), 6) for name, value in found.items()}


@dataclass(frozen=True)
class PreprocessSpec:
    """Contrast and size, as the networks were trained with; it travels with the model."""

    image_size_px: int
    contrast: Literal["none", "stretch", "clahe"]
    clahe_clip: float
    clahe_grid: int
    fit: Literal["squash", "pad"]

    @classmethod
    def from_json(cls, content: dict[str, object]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**content)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        """Write plain values."""
        return asdict(self)

    def apply(self, picture: Picture) -> Picture:
        """Give the square picture of `image_size_px` a side that the network sees."""
        side = self.image_size_px
        enhanced = self._enhance(picture)
        if self.fit == "pad":
            enhanced = _pad_to_square(enhanced)
        shrinks = min(enhanced.shape) > side
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(enhanced, (side, side), interpolation=how), np.uint8)

    def _enhance(self, picture: Picture) -> Picture:
        if self.contrast == "stretch":
            return stretch(picture)
        if self.contrast == "clahe":
            grid = (self.clahe_grid, self.clahe_grid)
            return np.asarray(cv2.createCLAHE(self.clahe_clip, grid).apply(picture), np.uint8)
        return picture


def network_input(pictures: Picture) -> NDArray[np.float32]:
    """Pictures (images, side, side) to what every network takes: (images, 1, side, side), 0..1."""
    return pictures[:, np.newaxis].astype(np.float32) / np.float32(255)


def _pad_to_square(picture: Picture) -> Picture:
    height, width = picture.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padding = ((top, side - height - top), (left, side - width - left))
    return np.pad(picture, padding)
