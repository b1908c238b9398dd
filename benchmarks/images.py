"""The image files that a benchmark reads: a user's or drawn ones, in memory."""

import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osteon.phantom.dataset import draw_dataset

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own within)
_KINDS = {".png", ".jpg"}


def arguments(about: str | None, images: int) -> ArgumentParser:
    """Make the parser of a benchmark, with the options that say which images it reads."""
    parser = ArgumentParser(description=about)
    parser.add_argument("--folder", type=Path, help="PNG or JPEG files (default: draws them)")
    parser.add_argument("--images", type=int, default=images)
    return parser


@contextmanager
def in_memory(folder: Path | None, most: int) -> Iterator[tuple[list[Path], Path]]:
    """Give the files, and a folder to write to, where a disk decides no figure."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        scratch = Path(name)
        images = scratch / "images"
        if folder:
            images.mkdir()
            for number, file in enumerate(_files(folder)[:most]):
                shutil.copy(file, images / f"{number:06d}{file.suffix}")
        else:
            draw_dataset(images, patients=most * 10 // 24, seed=1)
        yield _files(images)[:most], scratch


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in _KINDS)
