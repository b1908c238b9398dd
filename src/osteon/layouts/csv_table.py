"""A table of images and labels, whatever the folders."""

import logging
from pathlib import Path

import pandas as pd

from osteon.layouts import rows, table, tree
from osteon.sections.data import Dataset

log = logging.getLogger(__name__)

EXPECTED = ("a table (dataset.manifest) with the columns path and label, and the images that it "
            "names")


def looks_like(root: Path) -> bool:
    """Tell whether there is a table of paths and labels."""
    return table.manifest_of(root, "path", "label") is not None


def patients_are(dataset: Dataset) -> str:
    """Say what `patient_id` stands for here, by the table's columns."""
    file = table.place(Path(dataset.root), dataset)
    columns = table.read(file)
    if "patient_id" in columns:
        return f"the column patient_id of {file.name}"
    if "study_id" in columns:
        return f"the studies of {file.name} (the data set names no patients)"
    return rows.EACH_ITS_OWN


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images that the table names, in its order.

    Without a column `patient_id` a study stands for its patient, and without `study_id` each
    image; an empty cell of a column `patient_id` stays empty.

    Raises:
        UserError: the table breaks a rule; the message names the row.
    """
    found = named(root, table.place(root, dataset))
    if "patient_id" not in found:
        studies = found.get("study_id", found["path"])
        found["patient_id"] = studies.where(studies != "", found["path"])
    return rows.complete(found)


def named(root: Path, file: Path) -> pd.DataFrame:
    """Give a table's rows with paths relative to the root; say how many images it leaves out.

    Raises:
        UserError: as for `listing`.
    """
    found = table.labels(file, "path", "label")
    found["path"] = table.paths(found, root, file)
    left_out = set(tree.pictures(root)) - set(found["path"])
    if left_out:
        log.info("index: %d files below %s are not named in %s and are left out, such as %s",
                 len(left_out), root, file, min(left_out))
    return found
