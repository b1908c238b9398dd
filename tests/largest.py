"""The largest files that the service reads, of what takes each decoder longest."""

from functools import cache

import numpy as np
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicoms import compressed, dicom_file
from malformed import blank_tiff, saved

SIDE = 4096  # a square of as many pixels as the service reads by default
_BODY_BYTES = 32 * 2**20 - 1000


@cache
def _noise(bits, side=SIDE):
    """Draw what compresses worst, and so takes every decoder longest."""
    some = np.random.default_rng(8).integers(0, 2**bits, (512, 512), np.uint16)
    whole = np.tile(some, (SIDE // 512, SIDE // 512))[:side, :side]
    return np.ascontiguousarray(whole, np.uint8 if bits == 8 else np.uint16)


def _many_scans():
    """Write a progressive JPEG of as many scans as are read."""
    scans = saved(_noise(8) // 8, "JPEG", progressive=True, quality=30)
    last = scans[scans.rindex(b"\xff\xda"):-2]
    return scans[:-2] + last * (30 - scans.count(b"\xff\xda")) + b"\xff\xd9"


def _in_jpeg_2000(bits, side=SIDE, depth=1):
    """Write JPEG 2000 of values that fill the lowest bits."""
    return compressed(_noise(bits, side) >> (bits - depth), JPEG2000Lossless, bits)


def too_much_jpeg_2000():
    """Write some kilobytes more than are read, though fewer pixels."""
    return _in_jpeg_2000(16, 1_800, depth=16)


# How each is made, which takes seconds for some.
AT_THE_LIMIT = {
    "PNG": lambda: saved(_noise(8), "PNG", compress_level=1),
    "PNG, 12 of 16 bits": lambda: saved(_noise(12), "PNG", compress_level=1),
    "JPEG": lambda: saved(_noise(8), "JPEG", quality=95),
    "JPEG, progressive": lambda: saved(_noise(8), "JPEG", progressive=True, quality=90),
    "JPEG in 30 scans": _many_scans,
    "TIFF, LZW": lambda: saved(_noise(8), "TIFF", compression="tiff_lzw"),
    "TIFF, 12 of 16 bits, deflated": lambda: saved(_noise(12), "TIFF", compression="tiff_deflate"),
    "TIFF, RGB, 16 bits": lambda: blank_tiff(2896, 3, 16),
    "BMP": lambda: saved(_noise(8), "BMP"),
    "DICOM, 12 bits": lambda: dicom_file(_noise(12)[:_BODY_BYTES // (2 * SIDE)], 12),
    "DICOM, RLE, 12 bits": lambda: compressed(_noise(12, 3_000), RLELossless, 12),
    "DICOM, JPEG": lambda: compressed(_noise(8), JPEGBaseline8Bit),
    "DICOM, 12-bit JPEG": lambda: compressed(_noise(12), JPEGExtended12Bit, 12),
    "DICOM, lossless JPEG, 12 bits": lambda: compressed(_noise(12), JPEGLosslessSV1, 12),
    "DICOM, JPEG-LS, 12 bits": lambda: compressed(_noise(12), JPEGLSLossless, 12),
    "DICOM, JPEG 2000": lambda: _in_jpeg_2000(8, depth=2),
    "DICOM, JPEG 2000, 16 bits": lambda: _in_jpeg_2000(16, 1_700, depth=16)}
