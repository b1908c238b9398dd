"""Pictures that are one: by their bytes, by their pixels, or nearly, also mirrored or turned.

Radiographs of one body part look alike to a hash of 64 bits, which would join different patients.
So the hash only proposes pairs; the pictures prove them. Both thumbnails are levelled (local mean
0, local deviation 1, so that exposure and bright borders weigh nothing), the middle of one is
moved over the other, and the best correlation decides.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from osteon import executor
from osteon.imaging import Picture
from osteon.sections.data import Duplicates

KINDS = ("bytes", "pixels", "near")
PAIRS = ["path_a", "path_b", "kind", "mirrored", "turned_deg", "distance", "correlation"]

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
_ORIENTATIONS = tuple(product((False, True), (0, 1, 2, 3)))  # mirrored or not, quarter turns
_CHUNK = 64  # rows compared with all others at a time: 20 MB at 40,000 images
_DETAIL_PX = 2.0  # finer than limbs, coarser than the marks of a codec
_FLAT = 3.0  # grey values of 255: below this a neighbourhood is noise
_STEPS = 40  # to a local deviation; three deviations fit into 8 bits
_MARGIN_PX = 6  # of 64: how far two copies may be shifted or cropped
_COARSE = 0.7  # of 16 x 16 levelled pixels: cheap; of 229 real duplicates one is below


@dataclass(frozen=True)
class Found:
    """Pairs of duplicates (columns PAIRS), and how many pairs the hash had proposed."""

    pairs: pd.DataFrame
    candidates: int


def find(rows: pd.DataFrame, thumbnails: Picture, settings: Duplicates) -> Found:
    """Find every pair of duplicates among readable rows.

    `rows` has path, sha256, pixel_hash and perceptual_hash; `thumbnails` (rows, 64, 64) lie in
    the same order. A pair of equal bytes or pixels is given once, with the first copy; only first
    copies are compared further.
    """
    bytes_ = _equal(rows, "sha256", "bytes")
    first = rows.drop_duplicates("sha256")
    pixels = _equal(first, "pixel_hash", "pixels")
    first = first.drop_duplicates("pixel_hash")
    numbers = rows.index.get_indexer(first.index)
    near, candidates = _near(first.reset_index(drop=True), thumbnails[numbers], settings)
    found = [pairs for pairs in (bytes_, pixels, near) if len(pairs)] or [near]
    return Found(pd.concat(found, ignore_index=True), candidates)


def _equal(rows: pd.DataFrame, column: str, kind: str) -> pd.DataFrame:
    first = rows.groupby(column)["path"].transform("first")
    copies = rows[first != rows["path"]]
    return pd.DataFrame({
        "path_a": first[copies.index], "path_b": copies["path"], "kind": kind, "mirrored": False,
        "turned_deg": 0, "distance": 0, "correlation": 1.0}, columns=PAIRS)


def _near(rows: pd.DataFrame, thumbnails: Picture,
          settings: Duplicates) -> tuple[pd.DataFrame, int]:
    arrays = _levelled(rows, thumbnails)
    starts = range(0, len(rows), _CHUNK)
    # In processes, since a pair is Python and 25 microseconds. Those of one machine share the
    # arrays by memory maps, a cluster's workers are sent each array once.
    results = executor.in_order(_chunk, [(*arrays, start, settings) for start in starts])
    found, candidates = [], 0
    for pairs, proposed in tqdm(results, total=len(starts), desc="duplicates", unit="chunk"):
        found += pairs
        candidates += proposed
    table = pd.DataFrame(found, columns=["a", "b", *PAIRS[3:]])
    paths = rows["path"].to_numpy()
    table = table.assign(path_a=paths[table["a"]], path_b=paths[table["b"]], kind="near")
    best = table.sort_values("correlation", ascending=False).drop_duplicates(["a", "b"])
    return best.sort_values(["a", "b"])[PAIRS], candidates


def _chunk(hashes: NDArray[np.uint64], fine: Picture, coarse: Floats, start: int,
           settings: Duplicates) -> tuple[list[tuple[int, int, bool, int, int, float]], int]:
    """Compare some rows with all later ones in every orientation; the arrays are of `_levelled`."""
    found, candidates = [], 0
    for orientation, turned in zip(_ORIENTATIONS, hashes, strict=True):
        a, b, distance = _alike(hashes[0], turned, start, settings.hash_distance)
        candidates += len(a)
        other = oriented(coarse[b], *orientation)
        likely = np.einsum("ijk,ijk->i", coarse[a], other) >= _COARSE
        for i, j, bits in zip(a[likely], b[likely], distance[likely], strict=True):
            correlation = _correlation(fine[i], oriented(fine[j], *orientation))
            if correlation >= settings.correlation:
                mirrored, quarters = orientation
                found.append((int(i), int(j), mirrored, 90 * quarters, int(bits),
                              round(correlation, 4)))
    return found, candidates


def _alike(hashes: NDArray[np.uint64], others: NDArray[np.uint64], start: int,
           most: int) -> tuple[Numbers, Numbers, NDArray[np.uint8]]:
    """Give pairs (a, b), b after a, whose hashes differ in `most` bits at the most."""
    mine = hashes[start:start + _CHUNK, np.newaxis]
    bits = np.bitwise_count(mine ^ others[start:])
    a, b = divmod(np.flatnonzero(bits <= most), bits.shape[1])  # np.nonzero takes three times that
    later = b > a
    a, b = a[later], b[later]
    return a + start, b + start, bits[a, b]


def _correlation(one: Picture, other: Picture) -> float:
    """Best correlation of the middle of one picture with the other, over all shifts."""
    middle = np.ascontiguousarray(one[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX])
    return float(cv2.matchTemplate(np.ascontiguousarray(other), middle,
                                   cv2.TM_CCOEFF_NORMED).max())


def _levelled(rows: pd.DataFrame,
              thumbnails: Picture) -> tuple[NDArray[np.uint64], Picture, Floats]:
    """Make pictures comparable, in 5 KB each, so that 40,000 stay in 200 MB.

    Gives their hashes (orientations, n); a fine copy (n, 64, 64), 128 where a picture is at its
    local mean; and a coarse one (n, 16, 16) of mean 0 and norm 1.
    """
    hashes = np.array([int(text, 16) for text in rows["perceptual_hash"]], dtype=np.uint64)
    fine = np.empty(thumbnails.shape, np.uint8)
    coarse = np.empty((len(thumbnails), 16, 16), np.float32)
    for number, picture in enumerate(thumbnails):
        level = _level(picture)
        fine[number] = np.clip(np.rint(128 + _STEPS * level), 0, 255)
        coarse[number] = cv2.resize(cv2.GaussianBlur(level, (0, 0), 2), (16, 16),
                                    interpolation=cv2.INTER_AREA)
    coarse -= coarse.mean(axis=(1, 2), keepdims=True)
    coarse /= np.maximum(np.linalg.norm(coarse, axis=(1, 2), keepdims=True), 1e-6)
    turned = np.stack([turned_hashes(hashes, mirrored=mirrored, quarters=quarters)
                       for mirrored, quarters in _ORIENTATIONS])
    return turned, fine, coarse


def _level(picture: Picture) -> Floats:
    """Take away the local mean and divide by the local deviation."""
    values = picture.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), _DETAIL_PX)
    variance = cv2.GaussianBlur(detail * detail, (0, 0), 1.5 * _DETAIL_PX)
    return np.asarray(detail / np.sqrt(variance + _FLAT**2), np.float32)


def oriented(pictures: NDArray[Any], mirrored: bool, quarters: int) -> NDArray[Any]:  # noqa: FBT001
    """Mirror, then turn by quarters counter-clockwise; the last two axes are the picture's."""
    mirror = pictures[..., ::-1] if mirrored else pictures
    return np.rot90(mirror, quarters, axes=(-2, -1))


def turned_hashes(hashes: NDArray[np.uint64], *, mirrored: bool,
                  quarters: int) -> NDArray[np.uint64]:
    """Give the hashes of mirrored pictures, then turned by quarters counter-clockwise.

    Mirroring a picture changes the sign of the odd columns of its cosine transform, transposing
    it transposes the transform; so no picture is needed.
    """
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8)).reshape(-1, 8, 8)
    odd = np.arange(8) % 2 == 1
    if mirrored:
        bits = bits ^ odd
    for _ in range(quarters):
        bits = bits.transpose(0, 2, 1) ^ odd[:, np.newaxis]
    bits = bits.copy()
    bits[:, 0, 0] = 0
    return np.packbits(bits.reshape(-1, 64), axis=1).view(">u8").ravel().astype(np.uint64)
