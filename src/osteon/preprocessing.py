"""Every usable image once through decode, contrast and resize, into one file for each spec."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osteon import executor, imaging
from osteon.imaging import Picture, PreprocessSpec

PICTURES = "pictures.npy"  # (images, side, side) uint8, in the order of the split's rows
SPEC = "spec.json"

_CHUNK = 64  # images to a job: with 16 of the smallest radiographs, handing over takes a tenth

_Target = tuple[Path, int, PreprocessSpec]  # a file, and where in it the first picture begins


def write_pictures(files: Mapping[Path, PreprocessSpec], images: Sequence[Path]) -> None:
    """Write the pictures of `images`, in their order, as one .npy file for each spec.

    An image is read once for all of them. Whoever makes a picture writes it to its place, so none
    goes from process to process, and memory stays flat in the number of images. A full disk is an
    error here, where writing through a memory map would kill the process.
    """
    targets = [(file.absolute(), _reserve(file, spec, len(images)), spec)
               for file, spec in files.items()]
    chunks = executor.chunks([image.absolute() for image in images], _CHUNK)
    firsts = accumulate(map(len, chunks), initial=0)
    jobs = [(first, chunk, targets) for first, chunk in zip(firsts, chunks, strict=False)]
    with tqdm(total=len(images), desc="preprocess", unit="image") as bar:
        for count in executor.in_order(_write, jobs, threads=True):
            bar.update(count)


def open_pictures(folder: Path) -> Picture:
    """Map the pictures of a preprocessed folder: shape (images, side, side), read on demand."""
    return np.load(folder / PICTURES, mmap_mode="r")


def _reserve(file: Path, spec: PreprocessSpec, images: int) -> int:
    """Make a file as long as its pictures will take; give where the first of them begins."""
    side = spec.image_size_px
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {
            "descr": "|u1", "fortran_order": False, "shape": (images, side, side)})
        begin = stream.tell()
        stream.truncate(begin + images * side**2)
    return begin


def _write(first: int, images: Sequence[Path], targets: Sequence[_Target]) -> int:
    """Write the pictures of some images, the first of which is that number; give how many."""
    with ExitStack() as stack:
        streams = [stack.enter_context(file.open("r+b")) for file, _, _ in targets]
        for stream, (_, begin, spec) in zip(streams, targets, strict=True):
            stream.seek(begin + first * spec.image_size_px**2)
        for image in images:
            picture = imaging.decode(image.read_bytes(), mend=True).picture
            for stream, (_, _, spec) in zip(streams, targets, strict=True):
                stream.write(spec.apply(picture).data)
    return len(images)
