"""Files of drawn pictures, and a table's rows that tell of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Row = dict[str, str]  # of one picture
# Huffman coding alone: the bytes then do not depend on how a zlib build searches for matches.
_PNG = (
    cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
    cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB,
)


def write_picture(file: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture as PNG, the same bytes on every machine."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(".png", picture, _PNG)[1].tobytes())
