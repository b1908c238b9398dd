"""The index stage against a bare loop of the same work on every core: `-m benchmarks.index`."""

import hashlib
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from benchmarks.images import arguments, in_memory
from benchmarks.machine import machine, peak_memory, spread, timed

from osteon import duplicates
from osteon.index import _read
from osteon.sections.data import Duplicates

_BARE_FILES = 1_000
_ROUNDS = 5


def bare(file: Path) -> tuple[object, ...]:
    """Decode, three hashes, statistics on a small copy: the work itself and nothing around it."""
    raw = file.read_bytes()
    picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_GRAYSCALE)
    scale = 256 / max(picture.shape)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    thumbnail = cv2.resize(small, (64, 64), interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    bits = np.packbits(cv2.dct(tiny)[:8, :8] > 0)
    counts = np.bincount(small.ravel(), minlength=256)
    shares = counts / counts.sum()
    grey = np.arange(256)
    mean = shares @ grey
    percentiles = np.searchsorted(np.cumsum(shares), [0.05, 0.25, 0.5, 0.75, 0.95])
    used = shares[shares > 0]
    frame = np.concatenate([small[:12].ravel(), small[-12:].ravel(), small[:, :12].ravel(),
                            small[:, -12:].ravel()])
    return (hashlib.sha256(raw).hexdigest(), hashlib.blake2b(picture).hexdigest(), bits.tobytes(),
            mean, shares @ (grey - mean) ** 2, percentiles, -(used * np.log2(used)).sum(),
            cv2.Laplacian(small, cv2.CV_16S).std(), frame.mean(), frame.std(),
            (frame <= 5).mean(), thumbnail)


def main() -> None:
    """Print images/s of both, their ratio, memory, and what 100 new files cost."""
    given = arguments(__doc__, images=40_000).parse_args()
    with in_memory(given.folder, given.images) as (files, scratch):
        report(files, scratch)


def report(files: list[Path], scratch: Path) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    cores = os.cpu_count() or 1
    loop = []
    for number in range(_ROUNDS):
        some = files[number::max(_ROUNDS, len(files) // _BARE_FILES)]
        once: list[float] = []
        with timed(once):
            for file in some:
                bare(file)
        loop.append(cores * len(some) / once[0])
    paths, root = [str(file) for file in files], Path("/")
    whole: list[float] = []
    with peak_memory() as peak, timed(whole):
        rows, thumbnails = _read(root, pd.Series(paths), scratch / "cache")
    print(machine())
    print(f"bare loop x {cores} cores: {spread(loop)} images/s")
    speed = len(files) / whole[0]
    print(f"index, {len(files):,} files: {speed:,.0f} images/s in {whole[0]:.1f} s, "
          f"peak {peak.mib:,.0f} MiB")
    print(f"ratio {speed / sorted(loop)[len(loop) // 2]:.2f}")
    new = scratch / "new"
    new.mkdir()
    for number, file in enumerate(files[:100]):
        shutil.copy(file, new / f"{number}{file.suffix}")
    with timed(whole):
        _read(root, pd.Series([*paths, *map(str, sorted(new.iterdir()))]), scratch / "cache")
    print(f"again with 100 files more: {whole[1]:.1f} s")
    with peak_memory() as peak, timed(whole):
        found = duplicates.find(rows.assign(path=paths), thumbnails,
                                Duplicates(hash_distance=10, correlation=0.87))
    print(f"duplicates among them: {whole[2]:.1f} s, {found.candidates:,} candidates, "
          f"{len(found.pairs):,} pairs, peak {peak.mib:,.0f} MiB")


if __name__ == "__main__":
    main()
