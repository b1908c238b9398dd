"""DICOM radiographs: from a file's bytes to an 8-bit picture, by what the header declares."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi, apply_windowing
from pydicom.tag import Tag

from osteon import codestreams, formats, grey
from osteon.codestreams import Values
from osteon.formats import ImageError
from osteon.grey import Picture

_MODALITIES = ("CR", "DX")
_INVERTED = "MONOCHROME1"
_COLOURED = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_HOW = ("PhotometricInterpretation", "SamplesPerPixel", "BitsAllocated")
# These three as they are read together.
_STORED = {*((kind, 1, bits) for kind in (_INVERTED, "MONOCHROME2") for bits in (8, 16)),
           *((kind, 3, 8) for kind in _COLOURED)}
_PLAIN = (
    "Modality", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "RescaleIntercept",
    "RescaleSlope", "WindowCenter", "WindowWidth", "VOILUTFunction")
_SEVERAL = ("WindowCenter", "WindowWidth", "VOILUTFunction")  # which may hold more than one value
_TABLES = ("ModalityLUTSequence", "VOILUTSequence")
_TAGS = [Tag(keyword) for keyword in (*_PLAIN, *_TABLES, "PixelData")]
_KINDS = {"CS": str, "DS": float, "IS": int, "US": int, "US or SS": int}
_LONGEST_TABLE = 2**19  # bytes; a table of 65,536 entries has a quarter
_META_GROUP = 0x0002
_NARROWEST = 1e-6  # of a window, where the function takes fractions


def decode(content: bytes, most_pixels: int = formats.MOST_PIXELS) -> tuple[Picture, int]:
    """Decode a CR or DX image of one frame; gives the picture and its bits per sample.

    8-bit data pass unchanged. Deeper data are mapped by the declared VOI LUT or window, else
    between percentiles. MONOCHROME1 is inverted, so that bone is bright.

    Raises:
        ImageError: another modality, several frames, an impossible size, a way of storing that is
            not read, a missing end, or damaged data.
    """
    try:
        header = _header(content, most_pixels)
        with _reading("PixelData"):
            values = codestreams.values_of(header, most_pixels)
        picture = _picture(values, header)
        bit_depth = 8 if values.dtype == np.uint8 else int(header.BitsStored)
        inverted = header.PhotometricInterpretation == _INVERTED
    except ImageError:
        raise
    except Exception as error:  # pydicom raises whatever it stumbles upon, in Python's words
        raise ImageError("a damaged DICOM file, or of a kind that is not read") from error
    return 255 - picture if inverted else picture, bit_depth


@contextmanager
def _reading(keyword: str) -> Iterator[None]:
    """Say which element it is that pydicom or a decoder stumbles upon."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        raise _damaged(keyword, "cannot be read") from error


def _damaged(keyword: str, what: str) -> ImageError:
    return ImageError(f"damaged DICOM data: {keyword} {Tag(keyword)} {what}")


def _header(content: bytes, most_pixels: int) -> Dataset:
    """Read the header, and refuse by it before anything is inflated or decoded."""
    stream = _Counted(content)
    stream.seek(132)
    meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True,
                        stop_when=lambda tag, _vr, _length: tag.group != _META_GROUP)
    syntax = meta.get("TransferSyntaxUID")
    if syntax is None or stream.tell() >= len(content):
        raise ImageError("cut short: the DICOM file ends within its header", "truncated")
    if syntax not in codestreams.DECODERS:
        raise ImageError(f"stored as {syntax.name}, which is not read; export it as "
                         f"{uid.ExplicitVRLittleEndian.name}")
    header = read_dataset(stream, syntax.is_implicit_VR, syntax.is_little_endian,
                          specific_tags=list(_TAGS))
    header.file_meta = FileMetaDataset(meta)
    _require_radiograph(header, most_pixels)
    return header


class _Counted(io.BytesIO):
    """A file that may be read in so many steps and no more: each element takes two or three."""

    _steps = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read as any file.

        Raises:
            ImageError: after more steps than any radiograph's header takes.
        """
        self._steps += 1
        formats.require_few(self._steps, "parts of its header")
        return super().read(size)


def _require_kind(header: Dataset, keyword: str) -> None:
    """Refuse an element whose value is not of the kind that the standard has for it.

    The value itself is not said: whoever damaged the file may have put a name there.
    """
    with _reading(keyword):
        value = header.get(keyword)
    kind = _KINDS[dictionary_VR(Tag(keyword))]
    values = value if isinstance(value, MultiValue) and keyword in _SEVERAL else [value]
    if not all(isinstance(one, kind) for one in values if one not in (None, "")):
        raise _damaged(keyword, f"is no {'text' if kind is str else 'number'}")


def _require_radiograph(header: Dataset, most_pixels: int) -> None:
    with _reading("Modality"):
        modality = header.get("Modality")
    if modality and modality not in _MODALITIES:
        raise ImageError(f"its modality is {modality}; only radiographs, "
                         f"{' and '.join(_MODALITIES)}, are read")
    if "PixelData" not in header:
        raise ImageError("cut short: the DICOM file ends before its picture does", "truncated")
    if not modality:
        raise ImageError(f"its header names no modality, not {' or '.join(_MODALITIES)}")
    for keyword in _PLAIN:
        _require_kind(header, keyword)
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ImageError(f"holds {frames} frames, but a radiograph is one; "
                         "save the one that is meant by itself")
    stored = tuple(header.get(keyword) for keyword in _HOW)
    for keyword, value in zip(_HOW, stored, strict=True):
        if not value:
            raise _damaged(keyword, "is missing")
    if stored not in _STORED:
        kind, samples, bits = stored
        raise ImageError(f"stored as {kind} of {samples} x {bits} bits, which is not read")
    formats.require_size(header.get("Columns") or 0, header.get("Rows") or 0, most_pixels)
    _require_depth(header)
    for name in _TABLES:  # their items are counted only when they are looked at
        table = header.get_item(name)
        formats.require_few(len(table.value or b"") if table else 0, f"bytes in {name}",
                            _LONGEST_TABLE)


def _require_depth(header: Dataset) -> None:
    allowed = {"BitsStored": range(1, header.BitsAllocated + 1), "PixelRepresentation": range(2)}
    for keyword, known in allowed.items():
        value = header.get(keyword)
        if value not in known:
            raise _damaged(keyword, "is missing" if value is None else
                           f"is {value}, none of {known[0]} to {known[-1]}")


def _picture(values: Values, header: Dataset) -> Picture:
    """Bring stored values to 8 bits; MONOCHROME1 stays as it is."""
    if values.ndim == 3:
        return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2GRAY), np.uint8)
    if values.dtype == np.uint8:
        return values
    window = _window(header)
    shallow = grey.narrowed(values, small_means_8_bits=not window or header.BitsStored <= 8)
    if shallow is not None:
        return shallow
    # All that follows depends on the value alone: worked out once for each value there can be.
    lowest = int(values.min())
    stored = np.arange(lowest, int(values.max()) + 1)
    with _reading("ModalityLUTSequence"):
        _widened(header.get("ModalityLUTSequence"))
        levels = apply_modality_lut(stored, header).astype(np.float32)
    if window:
        return grey.looked_up(values, lowest, window(levels))
    counts = grey.counted(values, lowest, len(stored))
    exposed = np.where(_padding(stored, header), 0, counts)
    table = grey.stretch(levels, grey.LOW_PERCENT, grey.HIGH_PERCENT,
                         counts=exposed if exposed.any() else counts)
    return grey.looked_up(values, lowest, table.ravel())


def _window(header: Dataset) -> Callable[[Values], Picture] | None:
    """Give what maps values to 8 bits as declared: the VOI LUT, else the first window."""
    with _reading("VOILUTSequence"):
        table = header.get("VOILUTSequence")
    if table:
        return partial(_by_table, header)
    center, width = (_first(header.get(name)) for name in ("WindowCenter", "WindowWidth"))
    function = header.get("VOILUTFunction") or "LINEAR"
    if center is None or width is None or width < (1 if function == "LINEAR" else _NARROWEST):
        return None
    # pydicom maps to the range of what it takes for the data: to 0..255 for 8 bits.
    window = Dataset()
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = center, width, function
    window.PhotometricInterpretation = header.PhotometricInterpretation
    window.BitsStored, window.PixelRepresentation = 8, 0
    return partial(_by_window, window)


def _by_window(window: Dataset, levels: Values) -> Picture:
    with np.errstate(over="ignore"):  # far below a sigmoid's center
        return np.rint(apply_windowing(levels, window)).astype(np.uint8)


def _by_table(header: Dataset, levels: Values) -> Picture:
    with _reading("VOILUTSequence"):
        brightest = 2 ** _widened(header.VOILUTSequence) - 1
        shown = apply_voi(np.rint(levels).astype(np.int64), header) * (255 / brightest)
    return np.rint(shown).clip(0, 255).astype(np.uint8)


def _widened(tables: Sequence[Dataset] | None) -> int:
    """Declare 16 bits for each entry of a look-up table, as pydicom fails over some others.

    Gives the bits that the file declares, 16 where it has no table.
    """
    if not tables:
        return 16
    entries, first, bits = tables[0].LUTDescriptor
    tables[0].LUTDescriptor = [entries, first, 16]
    return int(bits)


def _first(value: MultiValue[float] | float | None) -> float | None:
    return next(iter(value), None) if isinstance(value, MultiValue) else value


def _padding(values: Values, header: Dataset) -> NDArray[np.bool_]:
    """Find the values that fill up the picture beyond what was exposed."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return np.zeros(values.shape, bool)
    low, high = sorted((value, header.get("PixelPaddingRangeLimit", value)))
    return np.asarray((values >= low) & (values <= high))
