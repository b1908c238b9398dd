"""What a PNG's data inflate to, which its header does not tell."""

import struct
import zlib
from collections.abc import Iterator

from osteon.formats import ImageError

# Deflate makes bytes a thousandth at most, so these inflate to 512 MiB, which takes a second.
_HARMLESS_BYTES = 2**19
_INPUT_BYTES, _OUTPUT_BYTES = 2**16, 2**20  # inflated at a time
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type


def require_no_surplus(content: bytes) -> None:
    """Refuse a PNG of sound chunks whose data go on after its last row.

    The decoder would inflate them to their end, gigabytes of a file that declares a small picture.
    What holds too little to take long is not looked at; the others cost as much again as libpng
    spends on inflating them.

    Raises:
        ImageError: they go on.
    """
    data = list(_data(content))
    if sum(map(len, data)) <= _HARMLESS_BYTES:
        return
    width, height, bits, kind = struct.unpack_from(">IIBB", content, 16)
    # Interlaced rows come in seven parts, with some more bytes than whole ones.
    left = 2 * height * (2 + width * bits * _SAMPLES.get(kind, 4) // 8)
    for size in _inflated(data):
        left -= size
        if left < 0:
            raise ImageError("damaged PNG data: they go on after the picture's last row")


def _data(content: bytes) -> Iterator[memoryview]:
    whole, at, kind = memoryview(content), 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"IDAT":
            yield whole[at + 8:at + 8 + length]
        at += 12 + length


def _inflated(data: list[memoryview]) -> Iterator[int]:
    """Give the size of each piece of the inflated data, up to their end or a fault in them."""
    inflate = zlib.decompressobj()
    for chunk in data:
        for start in range(0, len(chunk), _INPUT_BYTES):
            left: bytes | memoryview = chunk[start:start + _INPUT_BYTES]
            while left and not inflate.eof:
                try:
                    yield len(inflate.decompress(left, _OUTPUT_BYTES))
                except zlib.error:  # the decoder will say so
                    return
                left = inflate.unconsumed_tail
