"""Writing aside, then renaming: an output is whole or it is not there."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """Give a hidden sibling to write into, and rename it to `folder` once all is written.

    What a killed run left in the sibling is swept away first; it was never an output.
    """
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


@contextmanager
def fresh_file(file: Path) -> Iterator[Path]:
    """Give a hidden sibling to write, and rename it to `file` once it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.partial")
    try:
        yield aside
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)


def write_json(file: Path, content: Any) -> None:
    """Write JSON that a person can read and a byte comparison can trust."""
    with fresh_file(file) as aside:
        aside.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(file: Path) -> Any:
    """Read a JSON file."""
    return json.loads(file.read_text(encoding="utf-8"))


def sha256(file: Path) -> str:
    """Hash a file's bytes, reading it once."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
