"""Every usable image once through decode, contrast and resize, into one file for all backbones."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from osteon import imaging
from osteon.imaging import Picture, PreprocessSpec

PICTURES = "pictures.npy"  # (images, side, side) uint8, in the order of the split's rows
SPEC = "spec.json"


def write_pictures(file: Path, images: list[Path], spec: PreprocessSpec) -> None:
    """Write the pictures of `images`, in their order, as one .npy file.

    Pictures are appended as they come, so memory stays flat in the number of images; and a full
    disk is an error here, where writing through a memory map would kill the process.
    """
    jobs = (delayed(_picture)(image, spec) for image in images)
    pictures: Iterable[Picture] = Parallel(n_jobs=-1, prefer="threads", return_as="generator")(jobs)
    side = spec.image_size_px
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(images), side, side)}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for picture in tqdm(pictures, total=len(images), desc="preprocess", unit="image"):
            stream.write(picture.tobytes())


def open_pictures(folder: Path) -> Picture:
    """Map the pictures of a preprocessed folder: shape (images, side, side), read on demand."""
    return np.load(folder / PICTURES, mmap_mode="r")


def _picture(image: Path, spec: PreprocessSpec) -> Picture:
    return spec.apply(imaging.decode(image.read_bytes(), mend=True).picture)
