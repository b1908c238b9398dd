"""Preprocess against OpenCV's bare work on every core: `python -m benchmarks.preprocess`."""

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from benchmarks.images import arguments, in_memory
from benchmarks.machine import machine, peak_memory, spread, timed
from joblib import Parallel, delayed

from osteon.imaging import Picture, PreprocessSpec
from osteon.preprocessing import write_pictures

_BARE_FILES = 1_000
_ROUNDS = 5
_CLIP, _GRID = 2.0, 8


def _stretch(picture: Picture) -> Picture:
    return cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)


def _clahe(picture: Picture) -> Picture:
    return cv2.createCLAHE(_CLIP, (_GRID, _GRID)).apply(picture)


def _clahe_lab(picture: Picture) -> Picture:
    lab = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), cv2.COLOR_RGB2LAB)
    lab[..., 0] = _clahe(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), cv2.COLOR_RGB2GRAY)


CONTRASTS: dict[str, Callable[[Picture], Picture]] = {
    "none": lambda picture: picture, "stretch": _stretch, "clahe": _clahe,
    "clahe_lab": _clahe_lab}


def bare(files: list[Path], contrast: Callable[[Picture], Picture], side: int) -> None:
    """Decode, contrast, resize: the work itself, with nothing around it and nothing written."""
    for file in files:
        content = np.frombuffer(file.read_bytes(), np.uint8)
        picture = contrast(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))
        cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def bare_on_every_core(files: list[Path], contrast: str, side: int, cores: int) -> None:
    """Run the bare loop in a process a core: cores that share memory and clock are no multiple."""
    Parallel(n_jobs=cores)(
        delayed(_bare_alone)(files[core::cores], contrast, side) for core in range(cores))


def _bare_alone(files: list[Path], contrast: str, side: int) -> None:
    cv2.setNumThreads(1)
    bare(files, CONTRASTS[contrast], side)


def main() -> None:
    """Print, for each contrast, images/s of both and their ratio; then memory at N/4 and N."""
    parser = arguments(__doc__, images=8_000)
    parser.add_argument("--side", type=int, default=224, help="of the pictures, in pixels")
    given = parser.parse_args()
    with in_memory(given.folder, given.images) as (files, scratch):
        report(files, given.side, scratch / "pictures.npy")


def report(files: list[Path], side: int, target: Path) -> None:
    """Measure and print; both sides in turns, so that a slower minute is one for both."""
    cv2.setNumThreads(1)
    cores = os.cpu_count() or 1
    print(f"{machine()}; {len(files):,} files to {side} pixels")
    specs = {contrast: PreprocessSpec(side, contrast, _CLIP, _GRID, "squash")
             for contrast in CONTRASTS}
    bare_on_every_core(files[:cores], "none", side, cores)  # its processes take a second to start
    for contrast, spec in specs.items():
        one, every, ours = [], [], []
        for number in range(_ROUNDS):
            some = files[number::max(_ROUNDS, len(files) // _BARE_FILES)]
            seconds: list[float] = []
            with timed(seconds):
                bare(some, CONTRASTS[contrast], side)
            with timed(seconds):
                bare_on_every_core(files, contrast, side, cores)
            with timed(seconds):
                write_pictures({target: spec}, files)
            one.append(cores * len(some) / seconds[0])
            every.append(len(files) / seconds[1])
            ours.append(len(files) / seconds[2])
        print(f"contrast {contrast}, images/s: bare loop on one core x {cores} {spread(one)}, "
              f"on every core at once {spread(every)}, preprocess {spread(ours)}; "
              f"ratios {median(ours) / median(one):.2f} and {median(ours) / median(every):.2f}")
    for count in (len(files) // 4, len(files)):
        with peak_memory() as peak:
            write_pictures({target: specs["clahe"]}, files[:count])
        print(f"peak memory of {count:,} images, all processes: {peak.mib:,.0f} MiB")


if __name__ == "__main__":
    main()
