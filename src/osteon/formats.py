"""What a file says of itself before anything of its picture is decoded: format, size, its end.

A file of some kilobytes can declare a picture of gigabytes, so its size is read and judged first.
"""

import math
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

# A whole leg, stitched of detectors of 43 x 130 cm at 0.1 mm, has 56 million pixels.
MOST_PIXELS = 2**26

# A file may consist of so many parts and of no more, each of which takes time: a small one can
# have millions that say nothing, or one that is met again and again. One with its pixels in rows
# of their own, or in chunks of 4 KB, has a tenth.
MOST_PARTS = 100_000
_MOST_SCANS = 30  # of a JPEG; each is another pass over the whole picture, and ten are usual

_NO_FRAME = {0xC4, 0xC8, 0xCC}  # in the range of the markers that start a frame
_JPEG_LS_FRAME, _SCAN = 0xF7, 0xDA
_SCAN_START, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"

_TIFF_TYPES = {1: "B", 3: "H", 4: "I"}
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _EXTRA_SAMPLES = (
    254, 256, 257, 258, 262, 277, 338)
_DESCRIBING = {_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES}
_PNG_SAMPLES = {0: 1, 2: 3, 3: 3}  # by colour type, as decoded; the rest have transparency
_BITS_OF_A_PIXEL = 24  # three colours of 8 bits; what has more counts as several pixels
_DATA = ((273, 279), (324, 325))  # where strips or tiles begin, and how long they are
_WHITE_IS_ZERO = 0
_PREVIEW = 1  # bit of the subfile type
_MOST_PAGES = 100  # read no further: a chain of pages may be a ring
_MOST_ENTRIES = 1000  # of a page; thirty are usual

_BEYOND_END = (IndexError, ValueError, struct.error)  # what looking there raises

_Page = dict[int, tuple[int, ...]]


class ImageError(ValueError):
    """Bytes that are no readable radiograph; the message says why, and what may help."""

    def __init__(self, detail: str,
                 reason: Literal["unreadable", "truncated"] = "unreadable") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Format:
    """A kind of file: how it begins, how it tells its size, and how one sees that it was cut."""

    name: str
    magic: tuple[bytes, ...]
    size: Callable[[bytes], tuple[int, int]]  # width, height
    cut_short: Callable[[bytes], bool] = lambda _: False  # where the size does not tell already
    end: bytes = b""  # what lets a decoder show a file that was cut short as far as it goes
    weight: Callable[[bytes], int] = lambda _: 1  # as how many pixels each counts, by its depth


@dataclass(frozen=True)
class Frame:
    """What a JPEG, lossless or JPEG-LS codestream declares of its picture."""

    precision: int
    height_px: int
    width_px: int
    samples: int


def is_dicom(content: bytes) -> bool:
    """Tell whether a file begins as DICOM does."""
    return content.startswith(b"DICM", 128)


def identify(content: bytes) -> Format:
    """Tell the format of a file that is no DICOM, by its first bytes.

    Raises:
        ImageError: the bytes are empty or of no format that is read.
    """
    if not content:
        raise ImageError("the file is empty")
    for known in _FORMATS:
        if content.startswith(known.magic):
            return known
    raise ImageError(f"not a {', '.join(known.name for known in _FORMATS)} or DICOM file")


def require_plain(content: bytes, known: Format, most_pixels: int = MOST_PIXELS) -> None:
    """Refuse a file by what its header declares.

    Raises:
        ImageError: it ends within its header, holds several pictures, or one of impossible size.
    """
    try:
        width_px, height_px = known.size(content)
        weight = known.weight(content)
    except ImageError:
        raise
    except _BEYOND_END:
        raise lacks_end(known) from None
    require_size(width_px, height_px, most_pixels // weight)


def is_cut_short(content: bytes, known: Format) -> bool:
    """Tell whether the end of a file that cannot be decoded is missing."""
    try:
        return known.cut_short(content)
    except _BEYOND_END:
        return True


def lacks_end(known: Format) -> ImageError:
    """Give the error of a file that was cut short."""
    return ImageError(f"cut short: the {known.name} file lacks its end", "truncated")


def require_size(width_px: int, height_px: int, most_pixels: int = MOST_PIXELS) -> None:
    """Refuse a declared size that no radiograph has, before memory is taken for it.

    Raises:
        ImageError: a side is zero, or the pixels are more than `most_pixels`.
    """
    if width_px < 1 or height_px < 1:
        raise ImageError(f"its header declares a picture of {width_px} x {height_px} pixels")
    if width_px * height_px > most_pixels:
        raise ImageError(f"its header declares {width_px} x {height_px} pixels; no more than "
                         f"{most_pixels:,} are read")


def require_few(count: int, parts: str, most: int = MOST_PARTS) -> None:
    """Refuse a file of more parts than any radiograph has, before time is spent on each.

    Raises:
        ImageError: it has more.
    """
    if count > most:
        raise ImageError(f"has more than {most:,} {parts}, as no radiograph has")


def jpeg_frame(content: bytes) -> Frame:
    """Read the frame header of a JPEG or JPEG-LS codestream.

    Raises:
        ImageError: its parts are too many.
        IndexError, ValueError, struct.error: the codestream has none, or ends before it.
    """
    require_few(content.count(_SCAN_START), "scans", _MOST_SCANS)
    for marker, at in _jpeg_segments(content):
        if (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME) or marker == _JPEG_LS_FRAME:
            return Frame(*struct.unpack_from(">BHHB", content, at + 2))
    raise ValueError("no frame")


def ends_as_jpeg(codestream: bytes) -> bool:
    """Tell whether the end marker is there, padding after it aside."""
    return codestream.rstrip(b"\0").endswith(_END_OF_IMAGE)


def is_white_zero(content: bytes) -> bool:
    """Tell whether a TIFF's small values are bright, as in scanned films; OpenCV ignores it."""
    return next(_tiff_pages(content)).get(_PHOTOMETRIC) == (_WHITE_IS_ZERO,)


def without_transparency(content: bytes) -> bytes:
    """Let a TIFF's colours stand for themselves; libtiff would multiply them by its alpha."""
    order = _tiff_order(content)
    separate, mixed_in = (struct.pack(f"{order}HHIHH", _EXTRA_SAMPLES, 3, 1, kind, 0)
                          for kind in (2, 1))
    return content.replace(separate, mixed_in, 1)


def _png_size(content: bytes) -> tuple[int, int]:
    at, kind, chunks = 8, b"", 0
    while kind != b"IEND":  # OpenCV takes memory for each chunk as long as it says it is
        chunks += 1
        require_few(chunks, "chunks")
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"acTL":
            _require_one("frames", *struct.unpack_from(">I", content, at + 8))
        at += 12 + length
    struct.unpack_from("B", content, at - 1)
    return struct.unpack_from(">II", content, 16)


def _png_weight(content: bytes) -> int:
    bits, kind = struct.unpack_from("BB", content, 24)
    return _weight(bits, _PNG_SAMPLES.get(kind, 4))


def _require_one(parts: str, count: int) -> None:
    if count > 1:
        raise ImageError(f"holds {count} {parts}, but a radiograph is one; "
                         "save the one that is meant by itself")


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Give each segment's marker and where its length stands, up to the first scan."""
    marker, at, steps = 0, 2, 0
    while marker != _SCAN:
        at = content.index(b"\xff", at)
        while content[at] == 0xFF:  # also where bytes fill up
            at, steps = at + 1, steps + 1
            require_few(steps, "segments")
        marker = content[at]
        yield marker, at + 1
        at += 1 + struct.unpack_from(">H", content, at + 1)[0]


def _jpeg_size(content: bytes) -> tuple[int, int]:
    frame = jpeg_frame(content)
    return frame.width_px, frame.height_px


def _jpeg_cut_short(content: bytes) -> bool:
    # A thumbnail in the header has an end of its own; within a scan there is none.
    scan = max(at for _, at in _jpeg_segments(content))
    return _END_OF_IMAGE not in content[scan:]


def _bmp_size(content: bytes) -> tuple[int, int]:
    old = struct.unpack_from("<I", content, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", content, 18)
    return width, abs(height)  # negative where the first row is the top one


def _bmp_cut_short(content: bytes) -> bool:
    declared, = struct.unpack_from("<I", content, 2)
    return bool(declared > len(content))


def _tiff_size(content: bytes) -> tuple[int, int]:
    pages = list(islice(_tiff_pages(content), _MOST_PAGES))
    pictures = [page for page in pages if not page.get(_SUBFILE, (0,))[0] & _PREVIEW]
    _require_one("pages", len(pictures))
    first = pages[0]
    return first.get(_WIDTH, (0,))[0], first.get(_HEIGHT, (0,))[0]


def _tiff_weight(content: bytes) -> int:
    page = next(_tiff_pages(content))
    return _weight(page.get(_BITS, (1,))[0], page.get(_SAMPLES, (1,))[0])


def _weight(bits: int, samples: int) -> int:
    return max(1, math.ceil(bits * samples / _BITS_OF_A_PIXEL))


def _tiff_cut_short(content: bytes) -> bool:
    page = next(_tiff_pages(content, {tag for pair in _DATA for tag in pair}))
    return any(start + length > len(content) for starts, lengths in _DATA
               for start, length in zip(page.get(starts, ()), page.get(lengths, ()), strict=False))


def _tiff_order(content: bytes) -> str:
    return "<" if content.startswith(b"II") else ">"


def _tiff_pages(content: bytes, wanted: Collection[int] = _DESCRIBING) -> Iterator[_Page]:
    """Read some fields of each page; each is a tuple of numbers."""
    order = _tiff_order(content)
    at, = struct.unpack_from(f"{order}I", content, 4)
    while at:
        entries, = struct.unpack_from(f"{order}H", content, at)
        require_few(entries, "entries in its directory", _MOST_ENTRIES)
        end = at + 2 + 12 * entries
        page: _Page = {}
        for entry in range(at + 2, end, 12):
            tag, kind, count = struct.unpack_from(f"{order}HHI", content, entry)
            if tag in wanted and tag not in page and kind in _TIFF_TYPES:
                require_few(count, "values in an entry")
                form, place = f"{order}{count}{_TIFF_TYPES[kind]}", entry + 8
                if struct.calcsize(form) > 4:
                    place, = struct.unpack_from(f"{order}I", content, place)
                page[tag] = struct.unpack_from(form, content, place)
        yield page
        at, = struct.unpack_from(f"{order}I", content, end)


_FORMATS = (
    Format("PNG", (b"\x89PNG\r\n\x1a\n",), _png_size, weight=_png_weight),
    Format("JPEG", (b"\xff\xd8\xff",), _jpeg_size, _jpeg_cut_short, _END_OF_IMAGE),
    Format("TIFF", (b"II*\0", b"MM\0*"), _tiff_size, _tiff_cut_short, weight=_tiff_weight),
    Format("BMP", (b"BM",), _bmp_size, _bmp_cut_short),
)
