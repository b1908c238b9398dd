"""One folder per class: `<class>/*`, or `<split>/<class>/*`."""

import logging
from collections.abc import Collection
from pathlib import Path, PurePosixPath

import pandas as pd

from osteon.errors import UserError
from osteon.layouts import rows, tree
from osteon.sections.data import Dataset
from osteon.words import shortened

log = logging.getLogger(__name__)

EXPECTED = "<class>/* or <split>/<class>/*, a folder for each class"


def looks_like(root: Path) -> bool:
    """Tell whether there are folders of two classes at least."""
    return len(labels_of(root)) >= 2


def patients_are(_dataset: Dataset) -> str:
    """Say what `patient_id` stands for here."""
    return rows.EACH_ITS_OWN


def labels_of(root: Path) -> tuple[str, ...]:
    """Name the classes of a tree in alphabetic order; two or more where it has this layout."""
    paths = [PurePosixPath(path).parts for path in tree.pictures(root)]
    level = _class_level(paths, ())
    return tuple(sorted({parts[level] for parts in paths if len(parts) > level + 1}))


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images below `root`; the class's folder is the label, whether or not it is known.

    Text, tables and archives are left out by their names, anything else is listed.

    Raises:
        UserError: an image lies outside of the classes' folders.
    """
    found = tree.pictures(root)
    others = len(tree.files(root)) - len(found)
    if others:
        log.info("index: %d files below %s are no images by their names and are left out",
                 others, root)
    paths = [PurePosixPath(path).parts for path in found]
    level = _class_level(paths, dataset.labels)
    strays = [path for path, parts in zip(found, paths, strict=True) if len(parts) < level + 2]
    if strays:
        raise UserError(f"{root}: outside of the classes' folders: {shortened(strays)}; "
                        f"the layout is {EXPECTED}. Move them, or take them away")
    return rows.complete(pd.DataFrame({
        "path": found,
        "label": [parts[level] for parts in paths],
        "patient_id": found,
        "official_split": [parts[0] if level else "" for parts in paths]}, dtype=object))


def _class_level(paths: Collection[tuple[str, ...]], labels: Collection[str]) -> int:
    """Tell whether the first (0) or the second (1) folders of the paths are the classes.

    By the labels where they are met; else the first that hold files themselves.
    """
    folders = [parts[:-1] for parts in paths]
    for level in (0, 1):
        if any(len(parts) > level and parts[level] in labels for parts in folders):
            return level
    return 0 if any(len(parts) == 1 for parts in folders) else 1
