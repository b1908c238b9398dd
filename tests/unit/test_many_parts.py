"""Files of very many parts that say nothing are refused before time is spent on each."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import RLELossless

import malformed
from dicoms import dicom_file, drawn, wrapped
from osteon.imaging import ImageError, decode

GREY = drawn()
DEEP = dicom_file(GREY.astype(np.uint16) * 16, 12)
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
UNDEFINED = 0xFFFFFFFF


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(chunks):
    rows = zlib.compress(bytes(9 * 8))
    return b"".join([
        b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
        _chunk(b"eXIf", b"") * chunks, _chunk(b"IDAT", rows), _chunk(b"IEND", b"")])


def _jpeg(scans):
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + b"\xff\xd9"


def _tiff(entries, following=0, count=1):
    """Write one directory of equal entries; `following` points at the next, or at itself."""
    entry = struct.pack("<HHII", 256, 4, count, 8)
    return (b"II*\0" + struct.pack("<IH", 8, entries) + entry * entries
            + struct.pack("<I", following) + bytes(4 * count))


def _dicom(before, extra):
    at = DEEP.index(struct.pack("<HH", *before))
    return DEEP[:at] + extra + DEEP[at:]


PIXELS, SAMPLES = (0x7FE0, 0x0010), (0x0028, 0x0002)
ELEMENT = struct.pack("<HH2sH", 0x0009, 0x0010, b"LO", 0)
PRIVATE = struct.pack("<HH2sHI", 0x0009, 0x1010, b"SQ", 0, UNDEFINED)
TABLE = struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, 65_537 * len(ITEM))
FRAGMENTS = wrapped(GREY, RLELossless, b"x")
MANY = {
    "PNG chunks": (_png(100_000), "has more than 100,000 chunks"),
    "JPEG segments": (b"\xff\xd8" + b"\xff\xe0\0\x02" * 100_001, "has more than 100,000 segments"),
    "JPEG padding": (b"\xff\xd8" + b"\xff" * 100_002, "has more than 100,000 segments"),
    "JPEG scans": (_jpeg(30), "has more than 30 scans"),
    "TIFF entries": (_tiff(1_001), "has more than 1,000 entries in its directory"),
    "a ring of TIFF pages": (_tiff(1_000, following=8), "holds 100 pages"),
    "values of a TIFF entry": (_tiff(1_000, count=100_001), "has more than 100,000 values"),
    "DICOM elements": (_dicom(SAMPLES, ELEMENT * 110_000), "has more than 100,000 parts"),
    "items of a private sequence": (_dicom(SAMPLES, PRIVATE + ITEM * 60_000),
                                    "has more than 100,000 parts"),
    "items of a table": (_dicom(PIXELS, TABLE + ITEM * 65_537),
                         "has more than 524,288 bytes in VOILUTSequence"),
    "fragments": (FRAGMENTS.replace(ITEM[:4], ITEM * 110_000 + ITEM[:4], 1),
                  "has more than 100,000 parts"),
}


@pytest.mark.parametrize(("content", "words"), MANY.values(), ids=MANY)
def test_many_parts_are_refused_at_once(content, words):
    assert len(content) < 2**21
    start = time.process_time()
    with pytest.raises(ImageError) as caught:
        decode(content)
    assert time.process_time() - start < 2
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("content", [
    pytest.param(_png(1_000), id="PNG chunks"),
    pytest.param(_dicom(SAMPLES, ELEMENT * 5_000), id="DICOM elements"),
    pytest.param(_dicom(SAMPLES, PRIVATE + ITEM * 1_000 + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)),
                 id="items of a private sequence"),
])
def test_some_are_borne(content):
    assert decode(content).picture.size


def test_a_png_whose_data_go_on_is_refused_before_they_are_inflated():
    content = malformed.png(60, 60, deflated=malformed.zeros(10**9))
    start = time.process_time()
    with pytest.raises(ImageError, match="they go on after the picture's last row"):
        decode(content)
    assert time.process_time() - start < 0.5


def test_a_png_of_many_bytes_is_inflated_to_its_end_and_read():
    noise = np.random.default_rng(0).integers(0, 256, (900, 800), np.uint8)
    content = malformed.saved(noise, "PNG")
    assert len(content) > 600_000
    assert np.array_equal(decode(content).picture, noise)
