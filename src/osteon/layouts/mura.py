"""MURA v1.1: `{train,valid}/XR_WRIST/patient00001/study1_positive/image1.png`.

Its lists `{train,valid}_image_paths.csv` say which images belong to it, and
`{train,valid}_labeled_studies.csv` how each study is labelled; a copy without them is read by its
folders.
"""

import logging
from pathlib import Path, PurePosixPath

import pandas as pd

from osteon.errors import UserError
from osteon.layouts import rows, table
from osteon.sections.data import Dataset

log = logging.getLogger(__name__)

EXPECTED = "{train,valid}/XR_<PART>/patient<N>/study<N>_{positive,negative}/*.png"
_FINDINGS = {"0": "negative", "1": "positive"}


def looks_like(root: Path) -> bool:
    """Tell whether there are MURA's folders of body parts."""
    return any(root.glob("*/XR_*"))


def patients_are(_dataset: Dataset) -> str:
    """Say what `patient_id` stands for here."""
    return "the patient folders of MURA"


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images below `root`.

    A study is labelled by the set's tables, else by its folder's name; `doubt` where they differ.

    Raises:
        UserError: a listed image or study is missing, or nothing says how a study is labelled.
    """
    labels = dict(zip(_FINDINGS.values(), rows.two_labels(dataset), strict=True))
    found = {file.relative_to(root).as_posix() for file in root.glob("*/XR_*/patient*/study*/*")
             if not file.name.startswith(".")}
    lists = sorted(root.glob("*_image_paths.csv"))
    listed = [path for file in lists for path in _listed(file, found)] or sorted(found)
    if len(listed) < len(found):
        log.info("index: %d files below %s are in none of its lists and are left out",
                 len(found) - len(listed), root)
    told = _told(root, {str(PurePosixPath(path).parent) for path in found})
    columns = ["path", "label", "patient_id", "study_id", "body_part", "official_split", "doubt"]
    return rows.complete(pd.DataFrame(
        [_row(PurePosixPath(path), root, labels, told) for path in listed], columns=columns))


def _listed(file: Path, found: set[str]) -> list[str]:
    return [_inside(file, line, found) for line in table.text(file).splitlines() if line.strip()]


def _told(root: Path, studies: set[str]) -> dict[str, tuple[str, str]]:
    """Read what the tables say, by study: `0` or `1`, and the name of the table."""
    told: dict[str, tuple[str, str]] = {}
    for file in sorted(root.glob("*_labeled_studies.csv")):
        for number, line in enumerate(table.text(file).splitlines(), 1):
            path, _, value = line.strip().rpartition(",")
            if not line.strip():
                continue
            if value not in _FINDINGS:
                raise UserError(f"{file}: row {number}: a study's label is 0 or 1, not {value!r}")
            study = _inside(file, path, studies)
            if told.setdefault(study, (value, file.name))[0] != value:
                raise UserError(f"{file}: row {number}: {study} has another label further up; "
                                "keep one")
    return told


def _inside(file: Path, path: str, found: set[str]) -> str:
    """Take off the set's own folder, `MURA-v1.1/`, with which every path begins."""
    inside = path.strip().partition("/")[2].rstrip("/")
    if inside not in found:
        raise UserError(f"{file}: lists {inside}, which is not there; restore or unlist it")
    return inside


def _row(path: PurePosixPath, root: Path, labels: dict[str, str],
         told: dict[str, tuple[str, str]]) -> list[str]:
    official_split, region, patient, study, _ = path.parts
    number, _, in_name = study.partition("_")
    value, source = told.get(str(path.parent), ("", ""))
    finding = _FINDINGS.get(value, in_name)
    if finding not in labels:
        raise UserError(f"{root / path.parent}: a study's folder ends in _negative or _positive, "
                        "or *_labeled_studies.csv says how it is labelled")
    contradicted = in_name in labels and in_name != finding
    doubt = f"the folder says {in_name}, {source} says {value}" if contradicted else ""
    body_part = region.removeprefix("XR_").lower()
    study_id = f"{patient}/{body_part}/{number}"
    return [str(path), labels[finding], patient, study_id, body_part, official_split, doubt]
