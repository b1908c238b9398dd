"""Adapters from a data set's own layout to rows, all of one signature: root -> rows."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pandas as pd

from osteon.errors import UserError
from osteon.layouts import class_folders, csv_table, dicom_tree, fracatlas, mura
from osteon.sections.data import Dataset

log = logging.getLogger(__name__)


class Layout(Protocol):
    """What each module of this folder offers."""

    EXPECTED: str  # what has to lie below the root, for messages

    def looks_like(self, root: Path, /) -> bool:
        """Tell whether a folder seems to have this layout."""

    def patients_are(self, dataset: Dataset, /) -> str:
        """Say what `patient_id` stands for, for every report."""

    def listing(self, root: Path, dataset: Dataset, /) -> pd.DataFrame:
        """List the images below `root` without opening their pictures.

        Every layout gives all columns of `records.LISTING`. Where it knows more there are columns
        that begin with `records.META`, and `doubt`: text where two sources contradict each other
        about the label, else empty.

        Raises:
            UserError: the layout's rules are broken; the message names the file and the row.
        """


# In the order in which `guess` tries them: the telling ones first.
LAYOUTS: Mapping[str, Layout] = {
    "mura": mura,
    "fracatlas": fracatlas,
    "dicom": dicom_tree,
    "csv": csv_table,
    "class_folders": class_folders,
}


def guess(root: Path) -> str:
    """Name the layout that a folder seems to have.

    Raises:
        UserError: none fits.
    """
    for name, layout in LAYOUTS.items():
        if layout.looks_like(root):
            return name
    wanted = "".join(f"\n  {name}: {layout.EXPECTED}" for name, layout in LAYOUTS.items())
    raise UserError(f"{root}: holds no layout known here; looked for{wanted}")


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images below `root` as its layout does.

    With `other_labels: drop` the images of labels that `dataset.labels` does not name are left
    out and counted. Otherwise they stay, and a check stops at them. An image without any label
    stays in either case, since nobody said that it belongs to another class.

    Raises:
        UserError: the layout's rules are broken.
    """
    rows = LAYOUTS[dataset.layout].listing(root, dataset)
    if dataset.other_labels == "fail":
        return rows
    known = rows["label"].isin(["", *dataset.labels])
    log.info("index: %d files below %s have other labels than dataset.labels and are left out",
             (~known).sum(), root)
    return rows[known].reset_index(drop=True)


def require_root(dataset: Dataset) -> Path:
    """Give the folder of the data set.

    Raises:
        UserError: there is no such folder.
    """
    root = Path(dataset.root)
    if not root.is_dir():
        raise UserError(f"dataset.root: {root} is no folder; {wanted(dataset)}")
    return root


def wanted(dataset: Dataset) -> str:
    """Say what the layout asks for, and how to name another folder."""
    return (f"the layout {dataset.layout!r} wants {LAYOUTS[dataset.layout].EXPECTED} below it. "
            "Set dataset.root and dataset.layout in conf/dataset/ or with -S dataset.root=PATH")
