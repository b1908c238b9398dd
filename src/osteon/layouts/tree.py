"""Files below a root, by their names alone."""

import os
from pathlib import Path

# Companions of images; whatever else lies below a root may be one, and is listed.
_NOT_PICTURES = {".txt", ".csv", ".tsv", ".md", ".rst", ".json", ".xml", ".yaml", ".yml", ".html",
                 ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".py", ".ipynb", ".zip", ".gz", ".tar",
                 ".db", ".ini", ".log", ".dvc"}
_NOT_PICTURES_BY_NAME = {"readme", "license", "dicomdir"}


def files(root: Path) -> list[str]:
    """List the files below `root` in order, relative to it; hidden files and folders left out.

    Links to folders are followed, as they are a usual way to arrange a set without a copy; one
    that leads back to a folder above itself is not.
    """
    found = []
    for folder, below, names in os.walk(root, followlinks=True):
        below[:] = [name for name in below if not _hidden(name) and not _leads_back(folder, name)]
        inside = Path(folder).relative_to(root)
        found += [(inside / name).as_posix() for name in names if not _hidden(name)]
    return sorted(found)


def pictures(root: Path) -> list[str]:
    """List the files below `root` that are not, by their names, text, tables or archives."""
    return [path for path in files(root) if not _plainly_no_picture(Path(path))]


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"  # the latter holds a Mac's hidden files


def _leads_back(folder: str, name: str) -> bool:
    place = Path(folder, name)
    return place.is_symlink() and Path(folder).resolve().is_relative_to(place.resolve())


def _plainly_no_picture(path: Path) -> bool:
    return path.suffix.lower() in _NOT_PICTURES or path.name.lower() in _NOT_PICTURES_BY_NAME
