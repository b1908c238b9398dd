"""What is refused by a file's header, and what becomes of a file whose end is missing."""

import io
import os
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import cv2
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicoms import compressed, dicom_file, drawn
from osteon.formats import MOST_PIXELS
from osteon.imaging import ImageError, _no_complaints, decode

GREY = drawn()


def _file(kind, picture=GREY, **more):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, **more)
    return stream.getvalue()


def _pages(kind, count, **more):
    others = [Image.fromarray(GREY[::-1])] * (count - 1)
    return _file(kind, save_all=True, append_images=others, **more)


def _jpeg_with_a_thumbnail():
    small = _file("JPEG", GREY[:16, :16])
    comment = b"\xff\xfe" + struct.pack(">H", len(small) + 2) + small
    whole = _file("JPEG")
    return whole[:2] + comment + whole[2:]


def _refusal(content, **more):
    with pytest.raises(ImageError) as caught:
        decode(content, **more)
    return caught.value.reason, str(caught.value)


WHOLE = {
    "PNG": _file("PNG"),
    "PNG, 16 bits": cv2.imencode(".png", GREY.astype(np.uint16) * 99)[1].tobytes(),
    "BMP": _file("BMP"),
    "TIFF": _file("TIFF"),
    "TIFF, LZW": _file("TIFF", compression="tiff_lzw"),
    "TIFF, directory at its end": cv2.imencode(".tiff", GREY)[1].tobytes(),
    "JPEG": _file("JPEG"),
    "JPEG, progressive": _file("JPEG", progressive=True),
    "JPEG with a thumbnail": _jpeg_with_a_thumbnail(),
    "DICOM": dicom_file(GREY),
    **{f"DICOM, {syntax.name}": compressed(GREY, syntax) for syntax in (
        RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)},
}


@pytest.mark.parametrize("left", [pytest.param(0.3, id="a third"), pytest.param(0.6, id="most"),
                                  pytest.param(-20, id="all but 20 bytes"),
                                  pytest.param(-5, id="all but 5 bytes")])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_without_its_end_is_named_so(name, left):
    content = WHOLE[name]
    decode(content)
    kept = content[:left] if left < 0 else content[:int(left * len(content))]
    reason, detail = _refusal(kept)
    assert reason == "truncated"
    assert detail.startswith("cut short: ")
    if not name.startswith("JPEG"):
        reason, detail = _refusal(kept, mend=True)
        assert reason == "unreadable"
        assert detail.endswith("; what is left of it cannot be shown")


@pytest.mark.parametrize(("lost", "rows"), [(1, 52), (2, 52), (20, 52), (80, 40)])
@pytest.mark.parametrize("name", ["JPEG", "JPEG with a thumbnail"])
def test_a_jpeg_is_mended_as_far_as_it_goes(name, lost, rows):
    whole = decode(WHOLE[name], mend=True)
    found = decode(WHOLE[name][:-lost], mend=True)
    assert not whole.truncated
    assert found.truncated
    assert found.picture.shape == (60, 44)
    assert np.array_equal(found.picture[:rows], whole.picture[:rows])


def test_the_terminal_comes_back_when_two_files_are_mended_at_once(capfd):
    entered, leave = Event(), Event()

    def mend():
        with _no_complaints():
            entered.set()
            leave.wait()

    with ThreadPoolExecutor(1) as other:
        with _no_complaints():
            job = other.submit(mend)
            entered.wait(0.2)
        entered.wait()
        leave.set()
        job.result()
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_a_jpeg_of_which_too_little_is_left_is_unreadable():
    assert _refusal(WHOLE["JPEG"][:200], mend=True) == (
        "unreadable", "cut short: the JPEG file lacks its end; what is left of it cannot be shown")


def _patched(content, at, new):
    return content[:at] + new + content[at + len(new):]


def _tiff_of(width, height):
    """Write a TIFF, then let its directory declare another size."""
    content = _file("TIFF")
    for tag, old, new in ((256, 44, width), (257, 60, height)):
        entry = struct.pack("<HHI", tag, 4, 1)
        content = content.replace(entry + struct.pack("<I", old), entry + struct.pack("<I", new))
    return content


PNG, JPEG, BMP = (WHOLE[kind] for kind in ("PNG", "JPEG", "BMP"))
TOO_LARGE = {
    "PNG": _patched(PNG, 16, struct.pack(">II", 60_000, 50_000)),
    "JPEG": _patched(JPEG, JPEG.index(b"\xff\xc0") + 5, struct.pack(">HH", 50_000, 60_000)),
    "BMP": _patched(BMP, 18, struct.pack("<ii", 60_000, -50_000)),
    "TIFF": _tiff_of(60_000, 50_000),
    "DICOM": dicom_file(GREY, Rows=50_000, Columns=60_000),
}


@pytest.mark.parametrize("content", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_size_that_no_radiograph_has_is_refused(content):
    assert _refusal(content) == (
        "unreadable", "its header declares 60000 x 50000 pixels; no more than 67,108,864 are read")


@pytest.mark.parametrize("content", [
    pytest.param(_patched(PNG, 16, struct.pack(">II", 44, 0)), id="PNG"),
    pytest.param(_tiff_of(0, 60), id="TIFF"),
    pytest.param(dicom_file(GREY, Rows=0), id="DICOM"),
])
def test_a_picture_without_pixels_is_refused(content):
    assert "declares a picture of" in _refusal(content)[1]


def test_a_stitched_leg_is_not_too_large():
    assert MOST_PIXELS > 4_300 * 13_000


def test_a_chunk_that_says_it_is_long_takes_no_memory():
    # OpenCV would take 4 GB for it.
    at = PNG.index(b"IDAT") - 4
    start = time.perf_counter()
    assert _refusal(_patched(PNG, at, b"\xff\xff\xff\xf0"))[0] == "truncated"
    assert time.perf_counter() - start < 0.2


@pytest.mark.parametrize(("content", "words"), [
    pytest.param(_pages("TIFF", 3), "holds 3 pages", id="TIFF"),
    pytest.param(_pages("PNG", 2), "holds 2 frames", id="animated PNG"),
    pytest.param(dicom_file(GREY, NumberOfFrames=2, PixelData=GREY.tobytes() * 2),
                 "holds 2 frames", id="DICOM"),
])
def test_several_pictures_are_refused_by_name(content, words):
    assert _refusal(content) == (
        "unreadable", f"{words}, but a radiograph is one; save the one that is meant by itself")


def test_a_preview_beside_the_picture_is_no_second_page():
    kind = struct.pack("<HHI", 254, 4, 1)
    both = _pages("TIFF", 2, tiffinfo={254: 0})
    assert "2 pages" in _refusal(both)[1]
    at = both.rindex(kind) + len(kind)
    found = decode(_patched(both, at, struct.pack("<I", 1))).picture
    assert np.array_equal(found, GREY)


def test_a_directory_that_points_beyond_the_end_is_refused():
    # The number of strips, 1, becomes 2 ** 31.
    strips, too_many = (struct.pack("<HHI", 273, 4, count) for count in (1, 2**31))
    content = WHOLE["TIFF"].replace(strips, too_many)
    assert _refusal(content) == ("truncated", "cut short: the TIFF file lacks its end")


@pytest.mark.parametrize(("content", "words"), [
    pytest.param(b"", "the file is empty", id="empty"),
    pytest.param(b"Dear radiologist,", "not a PNG, JPEG, TIFF, BMP or DICOM file", id="text"),
    pytest.param(_file("GIF"), "not a PNG, JPEG, TIFF, BMP or DICOM file", id="GIF"),
    pytest.param(_patched(PNG, PNG.index(b"IDAT") + 9, b"\0\0\0\0"),
                 "a damaged PNG file, or of a kind that is not read", id="a PNG's data"),
    pytest.param(_patched(JPEG, 20, bytes(400)), "cut short: the JPEG file lacks its end",
                 id="a JPEG's header overwritten"),
    pytest.param(_file("TIFF", compression="zstd"),
                 "a damaged TIFF file, or of a kind that is not read", id="a rare compression"),
])
def test_what_is_no_radiograph_is_refused_in_words(content, words):
    assert _refusal(content)[1] == words
