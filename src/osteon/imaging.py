"""From a file's bytes to the picture a network sees; the pipeline and the service share it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon import formats, grey, pngs
from osteon.formats import ImageError as ImageError  # so that callers need this module alone
from osteon.grey import Picture as Picture
from osteon.sections.data import Fit

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what fails is raised

_SMALL_SIDE_PX = 256  # statistics hardly move on a smaller copy, and cost a tenth
_PERCENTS = (5, 25, 50, 75, 95)
_LEVELS = np.arange(256)
_TERMINAL = Lock()  # one thread at a time may turn it away, or it would never come back


@dataclass(frozen=True)
class Decoded:
    """A grey 8-bit picture, the bits per sample of its file, and whether its end is missing.

    Samples of fewer than 8 bits count as 8.
    """

    picture: Picture
    bit_depth: int
    truncated: bool = False


def decode(content: bytes, *, mend: bool = False,
           most_pixels: int = formats.MOST_PIXELS) -> Decoded:
    """Decode a radiograph of any depth and colour to grey, 8 bits, upright by its EXIF.

    PNG, JPEG, TIFF, BMP and DICOM are read. 8-bit data pass unchanged, also inside of deeper
    files; deeper data are mapped by the window that a DICOM file declares, else from their 0.5 to
    their 99.5 percentile. With `mend`, a JPEG that lacks its end is decoded as far as it goes.

    Raises:
        ImageError: the bytes are empty, of another format, or cannot be decoded; or the header
            declares more than `most_pixels`, for which no memory is taken then.
    """
    try:
        return _decode(content, most_pixels)
    except ImageError as error:
        if not mend or error.reason != "truncated":
            raise
        return _mended(content, error)


def _decode(content: bytes, most_pixels: int) -> Decoded:
    if formats.is_dicom(content):
        from osteon import dicom  # takes 0.2 s, which every start of the service would pay
        return Decoded(*dicom.decode(content, most_pixels))
    known = formats.identify(content)
    formats.require_plain(content, known, most_pixels)
    if known.name == "PNG":
        pngs.require_no_surplus(content)
    raw = _raw(content, known)
    if raw is None and formats.is_cut_short(content, known):
        raise formats.lacks_end(known)
    if raw is None:
        raise ImageError(f"a damaged {known.name} file, or of a kind that is not read")
    return Decoded(_eight_bits(raw), 8 * raw.dtype.itemsize)


def _mended(content: bytes, error: ImageError) -> Decoded:
    raw = None
    if not formats.is_dicom(content):
        known = formats.identify(content)
        with _no_complaints():
            raw = _raw(content + known.end, known) if known.end else None
    if raw is None:
        raise ImageError(f"{error}; what is left of it cannot be shown")
    return Decoded(_eight_bits(raw), 8 * raw.dtype.itemsize, truncated=True)


@contextmanager
def _no_complaints() -> Iterator[None]:
    """Keep the codec from telling the terminal of a missing end, which the caller knows of."""
    with _TERMINAL:
        stderr = os.dup(2)
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _raw(content: bytes, known: formats.Format) -> NDArray[Any] | None:
    """Decode to whatever depth and colours the file has, colours as BGR; none if it fails."""
    if known.name == "TIFF":
        content = formats.without_transparency(content)
    # ANYDEPTH and ANYCOLOR keep 16 bits, drop transparency and follow the EXIF orientation. A JPEG
    # has 8 bits and holds its grey by itself, which alone takes less than half the time.
    flags = (cv2.IMREAD_GRAYSCALE if known.name == "JPEG"
             else cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    try:
        raw: NDArray[Any] | None = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
    if raw is not None and known.name == "TIFF" and formats.is_white_zero(content):
        return np.invert(raw) if raw.dtype.kind == "u" else None
    return raw


def _eight_bits(raw: NDArray[Any]) -> Picture:
    shallow = raw if raw.dtype == np.uint8 else grey.narrowed(raw)
    values = raw if shallow is None else shallow
    try:
        if values.ndim == 3:
            values = cv2.cvtColor(values, cv2.COLOR_BGR2GRAY)
        if shallow is not None:
            return np.asarray(values, np.uint8)
        if not np.isfinite(values).all():
            raise ImageError("holds values that are no numbers")
        return grey.stretch(values, grey.LOW_PERCENT, grey.HIGH_PERCENT)
    except cv2.error:
        raise ImageError(f"holds values of the type {raw.dtype}, which is not read") from None


def small_copy(picture: Picture) -> Picture:
    """Shrink a picture to 256 pixels on its long side; a smaller one is given as it is."""
    scale = _SMALL_SIDE_PX / max(picture.shape)
    if scale >= 1:
        return picture
    height, width = (max(1, round(scale * side)) for side in picture.shape)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def histogram(picture: Picture) -> NDArray[np.float64]:
    """Count the pixels of each of the 256 grey values."""
    counts = cv2.calcHist([picture], [0], None, [256], [0, 256])
    return np.asarray(counts.ravel(), np.float64)


def mean_and_sd(counts: NDArray[np.float64]) -> tuple[float, float]:
    """Give the mean and the standard deviation behind a histogram, on a scale from 0 to 1."""
    mean = counts @ _LEVELS / counts.sum()
    return mean / 255, np.sqrt(counts @ (_LEVELS - mean) ** 2 / counts.sum()) / 255


def statistics(picture: Picture) -> dict[str, float]:
    """Intensity statistics on a scale from 0 to 1, rounded so that they print the same.

    They are of the small copy. A percentile is the least grey value that so many pixels do not
    exceed; entropy is in bits, of the 8 there can be; sharpness is the standard deviation of the
    Laplacian.
    """
    small = small_copy(picture)
    counts = histogram(small)
    mean, sd = mean_and_sd(counts)
    percentiles = np.searchsorted(np.cumsum(counts) * 100, np.multiply(_PERCENTS, small.size))
    shares = counts[counts > 0] / small.size
    found = {"mean": mean, "sd": sd,
             **{f"p{percent:02}": value / 255
                for percent, value in zip(_PERCENTS, percentiles, strict=True)},
             "entropy": shares @ np.log2(1 / shares) / 8, "sharpness": _sharpness(small),
             "saturated": counts[255] / small.size}
    return {name: round(float(value), 6) for name, value in found.items()}


def _sharpness(picture: Picture) -> float:
    edges = cv2.Laplacian(picture, cv2.CV_16S)
    mean_square = cv2.norm(edges) ** 2 / edges.size
    return max(0.0, mean_square - cv2.mean(edges)[0] ** 2) ** 0.5 / 255


@dataclass(frozen=True)
class PreprocessSpec:
    """Contrast and size, as the networks were trained with; it travels with the model."""

    image_size_px: int
    contrast: Literal["none", "stretch", "clahe", "clahe_lab"]
    clahe_clip: float
    clahe_grid: int
    fit: Fit

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
        if self.contrast == "none":
            return picture
        if self.contrast == "stretch":
            return grey.stretch(picture)
        if self.contrast == "clahe":
            return self._clahe(picture)
        to_lightness, to_grey = _lightness()
        return np.asarray(cv2.LUT(self._clahe(cv2.LUT(picture, to_lightness)), to_grey), np.uint8)

    def _clahe(self, values: Any) -> Picture:
        """Equalise each tile of the grid by its own histogram, clipped so that noise stays low."""
        clahe = cv2.createCLAHE(self.clahe_clip, (self.clahe_grid, self.clahe_grid))
        return np.asarray(clahe.apply(values), np.uint8)


@cache
def _lightness() -> tuple[Picture, Picture]:
    """Give two tables: from grey to L of the colour space LAB, and back.

    A and B of every grey are 128, before and after; so the tables do what four conversions of the
    whole picture would, in a quarter of the time.
    """
    values = np.arange(256, dtype=np.uint8)[np.newaxis]
    lab = cv2.cvtColor(cv2.cvtColor(values, cv2.COLOR_GRAY2RGB), cv2.COLOR_RGB2LAB)
    neutral = np.full_like(values, 128)
    rgb = cv2.cvtColor(np.dstack([values, neutral, neutral]), cv2.COLOR_LAB2RGB)
    back = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(lab[0, :, 0], np.uint8).copy(), np.asarray(back[0], np.uint8)


def network_input(pictures: Picture) -> NDArray[np.float32]:
    """Pictures (images, side, side) to what every network takes: (images, 1, side, side), 0..1."""
    return pictures[:, np.newaxis].astype(np.float32) / np.float32(255)


def _pad_to_square(picture: Picture) -> Picture:
    height, width = picture.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    padding = ((top, side - height - top), (left, side - width - left))
    return np.pad(picture, padding)
