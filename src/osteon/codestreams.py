"""The stored values of a DICOM picture, whichever way they were compressed.

Each compression goes to the decoder that bears damaged data. GDCM alone reads JPEG of more than
8 bits here, and OpenJPEG alone JPEG 2000. The one ends the whole process over a header with a
fault, the other writes outside of its memory over a table of lengths that does not fit (oss-fuzz,
OSV-2025-219): so they are given the segments that they need and no others.
"""

import logging
import struct
from collections.abc import Callable, Set
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from openjpeg.utils import decode as decode_jpeg_2000
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.processing import convert_color_space
from pydicom.pixels.utils import get_expected_length, pixel_array

from osteon import formats
from osteon.formats import ImageError

logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # it logs what it raises, traceback and all

Values = NDArray[Any]

_ITEM = b"\xfe\xff\x00\xe0"  # begins a fragment
_J2K_SIZE = b"\xff\x4f\xff\x51"  # start of codestream, image and tile size
_JPEG_2000 = (uid.JPEG2000Lossless, uid.JPEG2000)
# What takes time in it are the compressed bits, not the pixels: 0.16 s/MiB here on one core, eight
# times as long as any other compression. Without loss a radiograph has five a pixel, else one.
_JPEG_2000_BITS = 3  # for each pixel that may be read


class _Header(NamedTuple):
    """The segments before the compressed bits, by their markers."""

    last: int  # begins the bits
    needed: Set[int]
    spared: Set[int]  # may be there, and say nothing of the picture


# The scan; tables of Huffman's code, quantisation and restarts, the frame, extended or lossless.
_JPEG_HEADER = _Header(0xFFDA, {0xFFC4, 0xFFDB, 0xFFDD, 0xFFC1, 0xFFC3},
                       {*range(0xFFE0, 0xFFF0), 0xFFFE})
# The first tile; size, capabilities, coding, quantisation, region, order of progression and packed
# headers; lengths of tiles and packets, registration and comment.
_JPEG_2000_HEADER = _Header(
    0xFF90, {0xFF51, 0xFF50, 0xFF52, 0xFF53, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F, 0xFF60},
    {0xFF55, 0xFF57, 0xFF63, 0xFF64})


def values_of(header: Dataset, most_pixels: int = formats.MOST_PIXELS) -> Values:
    """Decode the values of a header's `PixelData`: (rows, columns), or RGB (rows, columns, 3).

    The header may be changed by it. Where `most_pixels` are read, JPEG 2000 of three bits for each
    of them is.

    Raises:
        ImageError: the end is missing, the codestream is of another size than the header says, or
            it would take too long.
        Exception: whatever a decoder raises over damaged data.
    """
    syntax = header.file_meta.TransferSyntaxUID
    if not syntax.is_compressed and len(header.PixelData) < get_expected_length(header):
        raise ImageError("cut short: the DICOM file ends before its picture does", "truncated")
    if syntax.is_compressed:
        formats.require_few(header.PixelData.count(_ITEM), "fragments")
    if syntax in _JPEG_2000:
        _require_quick(len(header.PixelData), _JPEG_2000_BITS * most_pixels // 8)
    values = DECODERS[syntax](header)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def _require_quick(count: int, most: int) -> None:
    if count > most:
        raise ImageError(f"its JPEG 2000 data are {count:,} bytes; no more than {most:,} are read; "
                         f"export it as {uid.ExplicitVRLittleEndian.name}")


def _codestream(header: Dataset) -> bytes:
    """Take the one compressed picture out of its fragments."""
    codestream: bytes = get_frame(header.PixelData, 0, number_of_frames=1)
    if not formats.ends_as_jpeg(codestream):
        raise ImageError("cut short: the compressed picture lacks its end", "truncated")
    return codestream


def _require_agreement(header: Dataset, *found: int) -> None:
    """Refuse a picture that would take other memory than the header declares."""
    declared = (header.Columns, header.Rows, header.SamplesPerPixel)
    if found != declared:
        raise ImageError("damaged DICOM data: columns, rows and samples are "
                         f"{declared} in the header, {found} in the picture")


def _jpeg(header: Dataset) -> Values:
    codestream = _codestream(header)
    frame = formats.jpeg_frame(codestream)
    _require_agreement(header, frame.width_px, frame.height_px, frame.samples)
    if frame.precision > 8:
        return _deep_jpeg(codestream, frame, header)
    values: Values | None = cv2.imdecode(
        np.frombuffer(codestream, np.uint8),
        cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)  # DICOM says its own
    if values is None:
        raise ImageError("damaged DICOM data: the JPEG in it cannot be decoded")
    return values


def _deep_jpeg(codestream: bytes, frame: formats.Frame, header: Dataset) -> Values:
    if max(header.BitsStored, frame.precision) > header.BitsAllocated:
        raise ImageError(f"damaged DICOM data: {header.BitsStored} of {header.BitsAllocated} bits "
                         f"in the header, {frame.precision} in the picture")
    header.PixelData = encapsulate([_needed_segments(codestream, _JPEG_HEADER)])
    # GDCM takes the process from the codestream; under its own name pydicom withholds 12-bit JPEG.
    header.file_meta.TransferSyntaxUID = uid.JPEGLossless
    return pixel_array(header, decoding_plugin="gdcm")


def _needed_segments(codestream: bytes, header: _Header) -> bytes:
    """Keep of a header what a decoder needs, and all that follows it.

    Segments must follow without a gap, and be known: a decoder looks for the next one in its own
    way where it does not know one, and so finds others than were looked at here.
    """
    kept, at = [codestream[:2]], 2
    while True:
        marker, length = struct.unpack_from(">HH", codestream, at)
        if marker == header.last:
            return b"".join([*kept, codestream[at:]])
        segment = codestream[at:at + 2 + length]
        if marker in header.needed:
            kept.append(segment)
        elif marker not in header.spared:
            raise ImageError(f"damaged DICOM data: segment {marker:04X} in the header of its "
                             "compressed picture")
        at += len(segment)


def _jpeg_ls(header: Dataset) -> Values:
    frame = formats.jpeg_frame(_codestream(header))
    _require_agreement(header, frame.width_px, frame.height_px, frame.samples)
    return pixel_array(header, decoding_plugin="pyjpegls")


def _jpeg_2000(header: Dataset) -> Values:
    codestream = _codestream(header)
    codestream = codestream[codestream.index(_J2K_SIZE):]  # some writers put a whole JP2 file here
    right, lower, left, upper, *_, samples = struct.unpack_from(">8IH", codestream, 8)
    _require_agreement(header, right - left, lower - upper, samples)
    values: Values = decode_jpeg_2000(_needed_segments(codestream, _JPEG_2000_HEADER))
    if header.PhotometricInterpretation.startswith("YBR_FULL"):
        return convert_color_space(values, "YBR_FULL", "RGB")
    if (values.dtype.kind == "i") != bool(header.PixelRepresentation):
        # Some writers get the sign wrong inside: the bits are read anew, as the header says.
        spare = 8 * values.dtype.itemsize - header.BitsStored
        wanted = f"{'ui'[header.PixelRepresentation]}{values.dtype.itemsize}"
        return np.left_shift(values, spare).view(wanted) >> spare
    return values


DECODERS: dict[str, Callable[[Dataset], Values]] = {
    uid.ImplicitVRLittleEndian: pixel_array,
    uid.ExplicitVRLittleEndian: pixel_array,
    uid.ExplicitVRBigEndian: pixel_array,
    uid.RLELossless: partial(pixel_array, decoding_plugin="pydicom"),
    uid.JPEGBaseline8Bit: _jpeg,
    uid.JPEGExtended12Bit: _jpeg,
    uid.JPEGLossless: _jpeg,
    uid.JPEGLosslessSV1: _jpeg,
    uid.JPEGLSLossless: _jpeg_ls,
    uid.JPEGLSNearLossless: _jpeg_ls,
    uid.JPEG2000Lossless: _jpeg_2000,
    uid.JPEG2000: _jpeg_2000,
}
