"""Compressed pictures inside of DICOM: damaged ones are refused, none ends the process."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from openjpeg import utils as openjpeg
from openjpeg.utils import encode_array
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicoms import codestream, compressed, dataset, drawn, wrapped, written
from osteon import codestreams
from osteon.imaging import ImageError, decode

GREY = drawn()
DEEP = GREY.astype(np.uint16) * 16
WINDOW = {"WindowCenter": 2040.5, "WindowWidth": 4081}
SYNTAXES = [pytest.param(syntax, id=syntax.name) for syntax in (
    JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)]


def _refusal(content):
    with pytest.raises(ImageError) as caught:
        decode(content)
    return caught.value.reason, str(caught.value)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_codestream_of_another_size_is_refused_before_it_takes_memory(syntax):
    large = codestream(drawn(90, 70), syntax)
    reason, detail = _refusal(wrapped(GREY, syntax, large))
    assert reason == "unreadable"
    assert detail == ("damaged DICOM data: columns, rows and samples are (44, 60, 1) in the "
                      "header, (70, 90, 1) in the picture")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_codestream_without_its_end_is_named_so(syntax):
    whole = codestream(GREY, syntax).rstrip(b"\0")
    for lost in (2, 9, len(whole) // 2):
        start = time.perf_counter()
        assert _refusal(wrapped(GREY, syntax, whole[:-lost])) == (
            "truncated", "cut short: the compressed picture lacks its end")
        assert time.perf_counter() - start < 1  # some decoders search for it for seconds


@pytest.mark.parametrize("syntax", [*SYNTAXES, pytest.param(RLELossless, id="RLE")])
def test_damage_inside_is_refused_in_words_or_decoded(syntax):
    whole = bytearray(codestream(GREY, syntax))
    refusals = []
    for place in range(2, min(len(whole) - 2, 120), 3):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        try:
            assert decode(wrapped(GREY, syntax, bytes(damaged))).picture.shape == GREY.shape
        except ImageError as error:
            refusals.append(str(error))
    assert refusals
    assert "\n" not in "".join(refusals)


def test_no_damaged_header_of_a_deep_jpeg_ends_the_process():
    # GDCM by itself aborts over some of these, so this must not run in the tests' own process.
    code = """
import numpy as np
from pydicom.uid import JPEGLosslessSV1
from dicoms import codestream, drawn, wrapped
from osteon.imaging import ImageError, decode
values = drawn().astype(np.uint16) * 16
whole = codestream(values, JPEGLosslessSV1, 12)
refused = 0
for place in range(2, whole.index(bytes([255, 218])) + 10):
    for value in (0, 1, 52, 255, whole[place] ^ 1, whole[place] ^ 16):
        damaged = bytearray(whole)
        damaged[place] = value
        try:
            decode(wrapped(values, JPEGLosslessSV1, bytes(damaged), 12))
        except ImageError:
            refused += 1
print("refused", refused)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 100


def test_comments_in_a_deep_jpeg_do_no_harm():
    whole = codestream(DEEP, JPEGLosslessSV1, 12)
    commented = whole[:2] + b"\xff\xfe\x00\x07Anna!" + whole[2:]
    content = wrapped(DEEP, JPEGLosslessSV1, commented, 12, **WINDOW)
    assert np.array_equal(decode(content).picture, GREY)


def test_a_deep_jpeg_in_shallow_pixels_is_refused():
    content = wrapped(GREY, JPEGLosslessSV1, codestream(DEEP, JPEGLosslessSV1, 12))
    assert _refusal(content) == ("unreadable", "damaged DICOM data: 8 of 8 bits in the header, "
                                 "16 in the picture")


@pytest.mark.parametrize("syntax", [pytest.param(syntax, id=syntax.name) for syntax in (
    RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)])
def test_signed_values_keep_their_sign(syntax):
    signed = DEEP.astype(np.int16) - 2040
    content = compressed(signed, syntax, 12, WindowCenter=0.5, WindowWidth=4081)
    assert np.array_equal(decode(content).picture, GREY)


def test_jpeg_2000_that_forgot_the_sign_is_read_as_the_header_says():
    signed = DEEP.astype(np.int16) - 2040
    unsigned = encode_array((signed & 0xFFF).astype(np.uint16), bits_stored=12)
    content = wrapped(signed, JPEG2000Lossless, unsigned, 12, WindowCenter=0.5, WindowWidth=4081)
    assert np.array_equal(decode(content).picture, GREY)


LENGTHS = bytes.fromhex("ff55 000a 00 60 0000 00000020")  # of tiles, none of which is there
COMMENT = b"\xff\x64\x00\x09\x00\x01Anna!"
CONTAINER = bytes.fromhex("0000000c 6a502020 0d0a870a 00000000 6a703263")  # begins a JP2 file
TILE = b"\xff\x90\x00\x0a"


@pytest.mark.parametrize(("before", "inside"), [
    pytest.param(b"", LENGTHS, id="a table of lengths"),
    pytest.param(b"", COMMENT + LENGTHS + COMMENT, id="comments about it"),
    pytest.param(CONTAINER, b"", id="a JP2 file"),
    pytest.param(CONTAINER, LENGTHS, id="a table of lengths in a JP2 file")])
def test_a_decoder_of_jpeg_2000_sees_what_it_needs_alone(monkeypatch, before, inside):
    seen = []
    monkeypatch.setattr(codestreams, "decode_jpeg_2000",
                        lambda stream: seen.append(stream) or openjpeg.decode(stream))
    header, tile, pixels = codestream(GREY, JPEG2000Lossless).partition(TILE)
    content = wrapped(GREY, JPEG2000Lossless, before + header + inside + tile + pixels)
    assert np.array_equal(decode(content).picture, GREY)
    (decoded,) = seen
    assert decoded.startswith(b"\xff\x4f\xff\x51")
    assert LENGTHS not in decoded
    assert COMMENT not in decoded


def test_an_unknown_segment_of_jpeg_2000_is_refused():
    """OpenJPEG searches for the next marker it knows, be it within this segment."""
    header, tile, pixels = codestream(GREY, JPEG2000Lossless).partition(TILE)
    hidden = b"\xff\x30" + (2 + len(LENGTHS)).to_bytes(2, "big") + LENGTHS
    content = wrapped(GREY, JPEG2000Lossless, header + hidden + tile + pixels)
    assert _refusal(content) == ("unreadable", "damaged DICOM data: segment FF30 in the header of "
                                 "its compressed picture")


def test_unused_high_bits_are_not_values():
    marked = DEEP | 0x8000  # as overlays were stored once
    content = written(dataset(marked, 12, **WINDOW))
    assert np.array_equal(decode(content).picture, GREY)


def test_opencv_still_writes_beside_the_decoders():
    # With GDCM loaded before OpenCV, this process would end by a signal.
    code = """
import osteon, pydicom, cv2
import numpy as np
for side in (300, 1024, 512):
    noise = np.random.default_rng(side).integers(0, 256, (side, side), np.uint8)
    assert cv2.imencode(".png", noise)[0]
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
