"""Every usable image once through decode, contrast and resize, into one file for each spec."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from tqdm import tqdm

from osteon import executor, imaging
from osteon.imaging import Picture, PreprocessSpec

PICTURES = "pictures.npy"  # (images, side, side) uint8, in the order of the split's rows
SPEC = "spec.json"

_CHUNK = 16  # images to a job, which takes ten milliseconds of the smallest radiographs


def write_pictures(files: Mapping[Path, PreprocessSpec], images: Sequence[Path]) -> None:
    """Write the pictures of `images`, in their order, as one .npy file for each spec.

    An image is read once for all of them. Pictures are appended as they come, so memory stays flat
    in the number of images; and a full disk is an error here, where writing through a memory map
    would kill the process.
    """
    specs = list(files.values())
    chunks = executor.chunks([image.absolute() for image in images], _CHUNK)
    with ExitStack() as stack:
        streams = [stack.enter_context(file.open("wb")) for file in files]
        for stream, spec in zip(streams, specs, strict=True):
            side = spec.image_size_px
            np.lib.format.write_array_header_1_0(stream, {
                "descr": "|u1", "fortran_order": False, "shape": (len(images), side, side)})
        bar = stack.enter_context(tqdm(total=len(images), desc="preprocess", unit="image"))
        made = executor.in_order(_pictures, [(chunk, specs) for chunk in chunks])
        for chunk, pictures in zip(chunks, made, strict=True):
            for stream, content in zip(streams, pictures, strict=True):
                stream.write(content)
            bar.update(len(chunk))


def open_pictures(folder: Path) -> Picture:
    """Map the pictures of a preprocessed folder: shape (images, side, side), read on demand."""
    return np.load(folder / PICTURES, mmap_mode="r")


def _pictures(images: Sequence[Path], specs: Sequence[PreprocessSpec]) -> list[bytes]:
    """Give the pixels of the pictures of some images, one after another, for each spec.

    As bytes, which go from process to process at half the cost of arrays.
    """
    found: list[list[Picture]] = [[] for _ in specs]
    for image in images:
        picture = imaging.decode(image.read_bytes(), mend=True).picture
        for pictures, spec in zip(found, specs, strict=True):
            pictures.append(spec.apply(picture))
    return [b"".join(picture.data for picture in pictures) for pictures in found]
