"""One picture, written into every container that is read, is the same picture again."""

import io

import cv2
import numpy as np
import pytest
from openjpeg.utils import encode_array
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from dicoms import compressed, dataset, dicom_file, drawn, wrapped, written
from osteon.imaging import decode

GREY = drawn()
DEEP = GREY.astype(np.uint16)
RGB = np.dstack([GREY] * 3)
NOISE = np.random.default_rng(0).integers(0, 256, GREY.shape, np.uint8)  # transparency
TRANSLUCENT = np.dstack([RGB, NOISE])
PALETTE = Image.fromarray(255 - GREY, "P")
PALETTE.putpalette([255 - value for value in range(256) for _ in range(3)])
WHITE_IS_ZERO = {262: 0}
# 16 v between 0 and 4080 is v again: (16 v - 2040) / 4080 * 255 + 127.5.
TWELVE_BITS = {"bits": 12, "WindowCenter": 2040.5, "WindowWidth": 4081}
NARROW = {"WindowCenter": 100, "WindowWidth": 20}


def _pillow(picture, kind, **more):
    stream = io.BytesIO()
    whole = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    whole.save(stream, kind, **more)
    return stream.getvalue()


def _tiff(picture, tags, **more):
    info = ImageFileDirectory_v2()
    info.update(tags)
    return _pillow(picture, "TIFF", tiffinfo=info, **more)


def _opencv(picture, suffix):
    return cv2.imencode(suffix, picture)[1].tobytes()


def _in_syntax(syntax):
    data = dataset(DEEP.astype(">u2") if syntax == ExplicitVRBigEndian else GREY, 8)
    data.file_meta.TransferSyntaxUID = syntax
    return written(data)


LOSSLESS = {
    "PNG, grey": _pillow(GREY, "PNG"),
    "PNG, grey, by OpenCV": _opencv(GREY, ".png"),
    "PNG, grey, translucent": _pillow(np.dstack([GREY, NOISE]), "PNG"),
    "PNG, RGB": _pillow(RGB, "PNG"),
    "PNG, RGBA": _pillow(TRANSLUCENT, "PNG"),
    "PNG, palette": _pillow(PALETTE, "PNG"),
    "PNG, 16 bits, as they are": _opencv(DEEP, ".png"),
    "PNG, 16 bits, by 257": _opencv(DEEP * 257, ".png"),
    "PNG, 16 bits, RGB by 257": _opencv(RGB.astype(np.uint16) * 257, ".png"),
    "TIFF, grey": _pillow(GREY, "TIFF"),
    "TIFF, grey, by OpenCV": _opencv(GREY, ".tiff"),
    "TIFF, grey, LZW": _pillow(GREY, "TIFF", compression="tiff_lzw"),
    "TIFF, grey, deflate": _pillow(GREY, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, grey, PackBits": _pillow(GREY, "TIFF", compression="packbits"),
    "TIFF, grey, translucent": _pillow(np.dstack([GREY, NOISE]), "TIFF"),
    "TIFF, RGB": _pillow(RGB, "TIFF"),
    "TIFF, RGBA": _pillow(TRANSLUCENT, "TIFF"),
    "TIFF, RGBA, LZW": _pillow(TRANSLUCENT, "TIFF", compression="tiff_lzw"),
    "TIFF, CMYK": _pillow(Image.fromarray(RGB).convert("CMYK"), "TIFF"),
    "TIFF, palette": _pillow(PALETTE, "TIFF"),
    "TIFF, white is zero": _tiff(255 - GREY, WHITE_IS_ZERO),
    "TIFF, 16 bits, white is zero": _tiff((255 - DEEP) * 257, WHITE_IS_ZERO),
    "TIFF, 16 bits": _pillow(DEEP, "TIFF"),
    "TIFF, 16 bits, by 257": _pillow(DEEP * 257, "TIFF", compression="tiff_lzw"),
    "TIFF, 16 bits, big-endian": _pillow((DEEP * 257).astype(">u2"), "TIFF"),
    "TIFF, 16 bits, signed": _opencv(DEEP.astype(np.int16), ".tiff"),
    "BMP, grey": _pillow(GREY, "BMP"),
    "BMP, RGB": _pillow(RGB, "BMP"),
    "BMP, RGBA": _pillow(TRANSLUCENT, "BMP"),
    "BMP, palette": _pillow(PALETTE, "BMP"),
    "DICOM": dicom_file(GREY),
    "DICOM, CR": dicom_file(GREY, Modality="CR"),
    "DICOM, implicit": _in_syntax(ImplicitVRLittleEndian),
    "DICOM, big-endian": _in_syntax(ExplicitVRBigEndian),
    "DICOM, bright is small": dicom_file(255 - GREY, colour="MONOCHROME1"),
    "DICOM, 8 bits ignore a window": dicom_file(GREY, **NARROW),
    "DICOM, 8 of 16 bits ignore a window": dicom_file(DEEP, 8, **NARROW),
    "DICOM, 16 bits, as they are": dicom_file(DEEP),
    "DICOM, 16 bits, by 257": dicom_file(DEEP * 257),
    "DICOM, 12 bits, window": dicom_file(DEEP * 16, **TWELVE_BITS),
    "DICOM, 12 bits, bright is small": dicom_file(
        4080 - DEEP * 16, colour="MONOCHROME1", **TWELVE_BITS),
    "DICOM, RGB": dicom_file(RGB, colour="RGB"),
    "DICOM, RGB by plane": dicom_file(RGB, colour="RGB", PlanarConfiguration=1,
                                      PixelData=GREY.tobytes() * 3),
    "DICOM, YBR": dicom_file(convert_color_space(RGB, "RGB", "YBR_FULL"), colour="YBR_FULL"),
    **{f"DICOM, {syntax.name}": compressed(GREY, syntax) for syntax in (
        RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)},
    **{f"DICOM, 12 bits, {syntax.name}": compressed(DEEP * 16, syntax, **TWELVE_BITS)
       for syntax in (RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless,
                      JPEG2000Lossless)},
    "DICOM, RGB, JPEG 2000": wrapped(RGB, JPEG2000Lossless, encode_array(
        RGB, photometric_interpretation=1), colour="YBR_RCT"),
}
LOSSY = {
    "JPEG, grey": _pillow(GREY, "JPEG", quality=95),
    "JPEG, progressive": _pillow(GREY, "JPEG", quality=95, progressive=True),
    "JPEG, RGB": _pillow(RGB, "JPEG", quality=95),
    "JPEG, CMYK": _pillow(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=95),
    "TIFF, JPEG": _pillow(GREY, "TIFF", compression="jpeg", quality=95),
    "DICOM, JPEG": compressed(GREY, JPEGBaseline8Bit),
    "DICOM, RGB, JPEG": wrapped(RGB, JPEGBaseline8Bit, _pillow(RGB, "JPEG", quality=95),
                                colour="YBR_FULL_422"),
    "DICOM, JPEG Extended": compressed(GREY, JPEGExtended12Bit),
    "DICOM, 12 bits, JPEG Extended": compressed(DEEP * 16, JPEGExtended12Bit, **TWELVE_BITS),
    "DICOM, JPEG-LS, lossy": compressed(GREY, JPEGLSNearLossless),
    "DICOM, JPEG 2000, lossy": wrapped(GREY, JPEG2000, encode_array(GREY, compression_ratios=[4])),
}


@pytest.mark.parametrize("content", LOSSLESS.values(), ids=LOSSLESS)
def test_it_is_the_same_to_the_last_byte(content):
    found = decode(content).picture
    assert found.dtype == np.uint8
    assert np.array_equal(found, GREY)


@pytest.mark.parametrize("content", LOSSY.values(), ids=LOSSY)
def test_it_is_the_same_but_for_what_compression_lost(content):
    found = decode(content).picture
    assert found.shape == GREY.shape
    assert np.abs(found.astype(int) - GREY).mean() <= 2


def _turned():
    turned = {1: GREY, 2: GREY[:, ::-1], 3: GREY[::-1, ::-1], 4: GREY[::-1], 5: GREY.T,
              6: np.rot90(GREY), 7: GREY[::-1, ::-1].T, 8: np.rot90(GREY, -1)}
    for kind in ("PNG", "TIFF", "JPEG"):
        for orientation, stored in turned.items():
            exif = Image.Exif()
            exif[0x0112] = orientation
            quality = {"quality": 95} if kind == "JPEG" else {}
            content = _pillow(np.ascontiguousarray(stored), kind, exif=exif, **quality)
            yield pytest.param(content, id=f"{kind}, orientation {orientation}")


@pytest.mark.parametrize("content", list(_turned()))
def test_it_stands_upright_whichever_way_the_camera_was_held(content):
    found = decode(content).picture
    assert found.shape == GREY.shape
    assert np.abs(found.astype(int) - GREY).mean() <= 2


BITS = GREY > 127
ONE_BIT = {
    "PNG": _pillow(BITS, "PNG"),
    "BMP": _pillow(BITS, "BMP"),
    "TIFF": _pillow(BITS, "TIFF"),
    "TIFF, fax": _pillow(BITS, "TIFF", compression="group4"),
    "TIFF, white is zero": _tiff(~BITS, WHITE_IS_ZERO),
    "TIFF, fax, white is zero": _tiff(~BITS, WHITE_IS_ZERO, compression="group4"),
}


@pytest.mark.parametrize("content", ONE_BIT.values(), ids=ONE_BIT)
def test_one_bit_is_black_or_white(content):
    assert np.array_equal(decode(content).picture, BITS * np.uint8(255))
