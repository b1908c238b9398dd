"""Files that are no good radiographs, the same at every call: cut short, lying, bloated, random."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from dicoms import compressed, dataset, dicom_file, drawn, wrapped, written

GREY = drawn()
DEEP = GREY.astype(np.uint16) * 16
COLOURS = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])
_MIB = 2**20
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def saved(picture, kind, mode="", **options):
    """Write an array by Pillow, converted to one of its colour modes."""
    stream = io.BytesIO()
    image = Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(stream, kind, **options)
    return stream.getvalue()


def png(width, height, depth=8, colour=0, deflated=b"", before=b""):
    """Write a PNG with whatever header."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join([_PNG_MAGIC, _chunk(b"IHDR", header), before, _chunk(b"IDAT", deflated),
                     _chunk(b"IEND", b"")])


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def zeros(count):
    """Deflate as many zeros, to a thousandth and without going through them all."""
    block = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    blocks = (block.compress(bytes(_MIB)) + block.flush(zlib.Z_FULL_FLUSH)) * (count // _MIB)
    rest = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    checksum = struct.pack(">HH", count % 65_521, 1)
    return b"x\x9c" + blocks + rest.compress(bytes(count % _MIB)) + rest.flush() + checksum


def blank_png(side, depth, colour, channels):
    """Write a square PNG of zeros."""
    return png(side, side, depth, colour, zeros((1 + side * channels * depth // 8) * side))


def blank_tiff(side, channels, bits, kind=1):
    """Write a square TIFF of zeros, deflated; kind 3 is of floating point."""
    data = zeros(side * side * channels * bits // 8)
    fields = {256: side, 257: side, 258: bits, 259: 8, 262: 1 if channels == 1 else 2, 273: 8,
              277: channels, 278: side, 279: len(data), 339: kind}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items()]
    return b"".join([b"II*\0", struct.pack("<I", 8 + len(data)), data,
                     struct.pack("<H", len(entries)), *entries, bytes(4)])


WHOLE = {
    "PNG": saved(GREY, "PNG"),
    "PNG, 16 bits": saved(DEEP, "PNG"),
    "JPEG": saved(COLOURS, "JPEG"),
    "JPEG, progressive": saved(GREY, "JPEG", progressive=True),
    "TIFF": saved(GREY, "TIFF"),
    "TIFF, LZW": saved(COLOURS, "TIFF", compression="tiff_lzw"),
    "BMP": saved(GREY, "BMP"),
    "DICOM": dicom_file(DEEP, 12),
    **{f"DICOM, {syntax.name}": compressed(GREY, syntax) for syntax in (
        RLELossless, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)},
    "DICOM, 12-bit JPEG": compressed(DEEP, JPEGExtended12Bit, 12),
}


def truncated():
    """Cut each whole file at nine places."""
    places = (1, 4, 9, 25, 0.1, 0.3, 0.6, 0.9, -3)
    return {f"{name} cut at {place}":
            content[:int(place * len(content)) if isinstance(place, float) else place]
            for name, content in WHOLE.items() for place in places}


def mutated(rounds=9):
    """Overwrite some bytes of each whole file, more of them from round to round."""
    found = {}
    for name, content in WHOLE.items():
        random = np.random.default_rng(zlib.crc32(name.encode()))
        for number in range(1, rounds + 1):
            bytes_ = np.frombuffer(content, np.uint8).copy()
            places = random.integers(4, min(len(bytes_), 150 * number), number)
            bytes_[places] = random.integers(0, 256, number)
            found[f"{name}, {number} bytes changed"] = bytes_.tobytes()
    return found


def noise():
    """Give random bytes, bare and behind the first bytes of each format."""
    random = np.random.default_rng(6)
    beginnings = [b"", _PNG_MAGIC, b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xc2", b"II*\0\x08\0\0\0",
                  b"MM\0*\0\0\0\x08", b"BM", bytes(128) + b"DICM"]
    return {f"{size} random bytes after {begin[:4]!r}{number}": begin + random.bytes(size)
            for number, begin in enumerate(beginnings) for size in (3, 60, 3_000)}


def _patched(content, at, new):
    return content[:at] + new + content[at + len(new):]


def _lying_jpeg(height, width, samples=3, precision=8):
    content = WHOLE["JPEG"]
    return _patched(content, content.index(b"\xff\xc0") + 4,
                    struct.pack(">BHHB", precision, height, width, samples))


def _lying_tiff(tag, value, kind=4):
    content = saved(COLOURS, "TIFF")
    begin, = struct.unpack_from("<I", content, 4)
    entries, = struct.unpack_from("<H", content, begin)
    at = next(at for at in range(begin + 2, begin + 2 + 12 * entries, 12)
              if struct.unpack_from("<H", content, at) == (tag,))
    return _patched(content, at + 2, struct.pack("<HII", kind, 1, value))


def lying():
    """Let headers declare what is not there."""
    data = zlib.compress(bytes(9_000))
    found = {f"PNG of {width} x {height}, {depth} bits, colour {colour}": png(
        width, height, depth, colour, data) for width, height, depth, colour in (
        (2**31 - 1, 2**31 - 1, 8, 0), (2**31, 1, 8, 0), (65_535, 65_535, 16, 6), (0, 9, 8, 0),
        (4_000, 4_000, 16, 6), (60, 44, 3, 0), (60, 44, 16, 3), (60, 44, 8, 3), (60, 44, 8, 5),
        (60, 44, 0, 0), (60, 44, 255, 255), (1, 4_000_000, 8, 0), (4_000_000, 1, 8, 0))}
    found |= {f"JPEG of {height} x {width}, {samples} x {depth} bits": _lying_jpeg(
        height, width, samples, depth) for height, width, samples, depth in (
        (65_535, 65_535, 3, 8), (0, 44, 3, 8), (60, 0, 3, 8), (5_000, 5_000, 3, 8),
        (60, 44, 4, 8), (60, 44, 255, 8), (60, 44, 0, 8), (60, 44, 3, 12), (60, 44, 3, 0))}
    found |= {f"TIFF with {value} in field {tag}": _lying_tiff(tag, value) for tag, value in (
        (256, 2**32 - 1), (256, 0), (256, 5_000), (257, 2**31), (257, 5_000), (258, 64), (258, 0),
        (259, 34_712), (259, 7), (259, 65_535), (262, 6), (262, 99), (273, 2**32 - 9),
        (277, 65_535), (277, 0), (278, 0), (278, 2**32 - 1), (279, 2**32 - 1))}
    found |= {f"BMP with {value} at {place}": _patched(
        WHOLE["BMP"], place, struct.pack("<i", value)) for place, value in (
        (10, 2**31 - 1), (14, 12), (14, -1), (18, 2**31 - 1), (18, -44), (22, -2**31), (28, 99),
        (30, 1), (30, 77), (46, -1))}
    return found | _lying_dicom()


def _lying_dicom():
    declared = [
        {"Rows": 65_535, "Columns": 65_535}, {"Rows": 0}, {"Rows": 5_000, "Columns": 5_000},
        {"BitsAllocated": 1}, {"BitsAllocated": 12}, {"BitsAllocated": 32}, {"BitsAllocated": 64},
        {"BitsStored": 0}, {"BitsStored": 255}, {"HighBit": 200}, {"SamplesPerPixel": 3},
        {"SamplesPerPixel": 65_535}, {"PixelRepresentation": 9}, {"NumberOfFrames": "2"},
        {"NumberOfFrames": "2147483647"}, {"NumberOfFrames": "-1"}, {"Modality": "CT"},
        {"PhotometricInterpretation": "PALETTE COLOR"}, {"PhotometricInterpretation": "HSV"},
        {"WindowCenter": "1e300", "WindowWidth": "1e-300"}, {"WindowCenter": 0, "WindowWidth": -1},
        {"RescaleSlope": "1e300", "RescaleIntercept": "-1e300"}, {"RescaleSlope": 0},
        {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 65_535}, {"PixelData": b""}]
    found = {f"DICOM with {tags}"[:90]: dicom_file(DEEP, 12, **tags) for tags in declared}
    several = dicom_file(GREY, NumberOfFrames=3, PixelData=GREY.tobytes() * 3)
    return found | {
        "DICOM of three frames": several,
        "DICOM, JPEG 2000 that is a PNG": wrapped(GREY, JPEG2000Lossless, WHOLE["PNG"]),
        "DICOM, RLE of nothing": wrapped(GREY, RLELossless, bytes(64)),
        "DICOM, JPEG-LS that is a JPEG": wrapped(GREY, JPEGLSLossless, WHOLE["JPEG"]),
        "DICOM, deep JPEG that is progressive": wrapped(
            DEEP, JPEGExtended12Bit, WHOLE["JPEG, progressive"], 12),
        "DICOM without a transfer syntax": WHOLE["DICOM"].replace(
            b"1.2.840.10008.1.2.1", b"9.9.999.99999.9.9.9")}


def bombs():
    """Give small files that would take much memory or time."""
    blank = np.zeros((5_000, 5_000), np.uint8)
    deflated = dataset(GREY)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated.PixelData = bytes(10**8)
    rows = zlib.compress(bytes(45 * 60))
    profile, text = (_chunk(kind, b"x\0\0" + zeros(10**8)) for kind in (b"iCCP", b"zTXt"))
    scans = saved(blank, "JPEG", progressive=True)
    last = scans[scans.rindex(b"\xff\xda"):-2]
    return {
        "PNG of 64 million pixels": blank_png(8_000, 8, 0, 1),
        "PNG of 64 million pixels, RGBA, 16 bits": blank_png(8_000, 16, 6, 4),
        "PNG of 25 million pixels": blank_png(5_000, 8, 0, 1),
        "PNG of 25 million pixels, 16 bits": blank_png(5_000, 16, 0, 1),
        "PNG of 25 million pixels, RGBA": blank_png(5_000, 8, 6, 4),
        "PNG of 25 million pixels, RGBA, 16 bits": blank_png(5_000, 16, 6, 4),
        "PNG with a profile of 100 MB": png(44, 60, 8, 0, rows, before=profile),
        "PNG with a text of 100 MB": png(44, 60, 8, 0, rows, before=text),
        "PNG whose data go on for 1 GB": png(44, 60, 8, 0, zeros(10**9)),
        "deflated DICOM of 100 MB": written(deflated),
        "TIFF of 25 million pixels": blank_tiff(5_000, 1, 8),
        "TIFF of 25 million pixels, 16 bits": blank_tiff(5_000, 1, 16),
        "TIFF of 25 million pixels, RGB, 16 bits": blank_tiff(5_000, 3, 16),
        "TIFF of 25 million pixels, float": blank_tiff(5_000, 1, 32, 3),
        "TIFF of 25 million pixels, double": blank_tiff(5_000, 1, 64, 3),
        "JPEG of 25 million pixels in 27 scans": scans[:-2] + last * 20 + b"\xff\xd9",
        "JPEG of 25 million pixels in 9,000 scans": scans[:-2] + last * 9_000 + b"\xff\xd9",
        "DICOM of 25 million pixels, JPEG 2000": compressed(blank, JPEG2000Lossless)}


def strange():
    """Give files of other types, and of colour modes that no radiograph has."""
    random = np.random.default_rng(7)
    modes = {"1": ("PNG", "TIFF", "BMP"), "P": ("PNG", "TIFF", "BMP", "GIF"),
             "LA": ("PNG", "TIFF"), "RGBA": ("PNG", "TIFF", "WEBP"), "CMYK": ("JPEG", "TIFF"),
             "YCbCr": ("JPEG", "TIFF"), "LAB": ("TIFF",), "F": ("TIFF",), "I": ("TIFF",),
             "RGB": ("PPM", "PCX", "TGA", "SGI", "ICO", "JPEG2000", "DIB", "PDF", "EPS")}
    found = {f"{kind}, mode {mode}": saved(COLOURS, kind, mode)
             for mode, kinds in modes.items() for kind in kinds}
    found |= {f"TIFF of {values.dtype}": cv2.imencode(".tiff", values)[1].tobytes()
              for values in (GREY * np.float32(np.nan), GREY / 255, GREY.astype(np.int8),
                             DEEP.astype(np.int32), np.full((9, 9), np.inf, np.float32))}
    return found | {
        "nothing": b"", "one byte": b"\0", "a megabyte of zeros": bytes(2**20),
        "text": "Sehr geehrte Frau Kollegin, zum Röntgenbild".encode(),
        "HTML": b"<html><img src=x>", "JSON": b'{"image": 1}',
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/x'/></svg>",
        "an address": b"http://127.0.0.1:1/x.png", "a path": b"/etc/passwd",
        "ZIP": b"PK\x03\x04" + random.bytes(200), "gzip": b"\x1f\x8b\x08" + random.bytes(200),
        "ELF": b"\x7fELF" + random.bytes(200), "NIfTI": struct.pack("<i", 348) + bytes(344),
        "16 MiB of noise": random.bytes(2**24), "HEIC": b"\0\0\0\x18ftypheic" + random.bytes(90)}


def all_files():
    """Give every one of them by name."""
    return truncated() | mutated() | noise() | lying() | bombs() | strange()
