"""MURA v1.1: `{train,valid}/XR_WRIST/patient00001/study1_positive/image1.png`.

Its lists `{train,valid}_image_paths.csv` say which images belong to it; a copy without them is
read by its folders.
"""

import logging
from pathlib import Path, PurePosixPath

import pandas as pd

from osteon.errors import UserError
from osteon.records import LISTING

log = logging.getLogger(__name__)

PATIENTS_ARE = "the patient folders of MURA"


def listing(root: Path, labels: tuple[str, str]) -> pd.DataFrame:
    """List the images below `root`; a study's label stands in its folder's name.

    Raises:
        UserError: a listed image is missing, or a folder names no body part or label.
    """
    found = {file.relative_to(root).as_posix() for file in root.glob("*/XR_*/patient*/study*/*")
             if not file.name.startswith(".")}
    lists = sorted(root.glob("*_image_paths.csv"))
    listed = [path for file in lists for path in _listed(file, found)] or sorted(found)
    if len(listed) < len(found):
        log.info("index: %d files below %s are in none of its lists and are left out",
                 len(found) - len(listed), root)
    return pd.DataFrame([_row(PurePosixPath(path), root, labels) for path in listed],
                        columns=LISTING)


def _listed(file: Path, found: set[str]) -> list[str]:
    """Read a list of paths that begin with the set's own folder, `MURA-v1.1/`."""
    lines = file.read_text(encoding="utf-8").split()
    paths = [line.partition("/")[2] for line in lines]
    for path in paths:
        if path not in found:
            raise UserError(f"{file}: lists {path}, which is not there; restore or unlist it")
    return paths


def _row(path: PurePosixPath, root: Path, labels: tuple[str, str]) -> list[str]:
    official_split, region, patient, study, _ = path.parts
    number, _, finding = study.partition("_")
    label = {"negative": labels[0], "positive": labels[1]}.get(finding)
    if label is None:
        raise UserError(f"{root / path.parent}: a study's folder ends in _negative or _positive")
    body_part = region.removeprefix("XR_").lower()
    study_id = f"{patient}/{body_part}/{number}"
    return [str(path), label, patient, study_id, body_part, "", official_split]
