"""One row per image of a data set, whatever its layout."""

import hashlib
import logging
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from osteon import imaging
from osteon.errors import UserError
from osteon.layouts import fracatlas, mura
from osteon.params import Dataset
from osteon.records import CONTENT, INDEX, STATISTICS

log = logging.getLogger(__name__)

_EXPECTED = {
    "mura": "{train,valid}/XR_<PART>/patient<N>/study<N>_{positive,negative}/*.png",
    "fracatlas": "images/{Fractured,Non_fractured}/IMG<N>.jpg and dataset.csv",
}


def index(dataset: Dataset) -> pd.DataFrame:
    """List the images and read each once: hash, size, depth, intensity statistics.

    A file that cannot be decoded keeps its row, with `readable` false and the reason.

    Raises:
        UserError: the root is missing or holds no image in the layout asked for.
    """
    root = require_root(dataset)
    rows = _listing(root, dataset)
    if rows.empty:
        raise UserError(f"dataset.root: {root} holds no image; {_remedy(dataset)}")
    jobs = (delayed(_content)(root / path) for path in rows["path"])
    found = Parallel(n_jobs=-1, prefer="threads", return_as="generator")(jobs)
    content = list(tqdm(found, total=len(rows), desc="index", unit="image"))
    return pd.concat([rows, pd.DataFrame(content, columns=CONTENT)], axis=1)[INDEX]


def require_root(dataset: Dataset) -> Path:
    """Give the folder of the data set.

    Raises:
        UserError: there is no such folder.
    """
    root = Path(dataset.root)
    if not root.is_dir():
        raise UserError(f"dataset.root: {root} is no folder; {_remedy(dataset)}")
    return root


def patients_are(dataset: Dataset) -> str:
    """Say in words what `patient_id` stands for, for every report."""
    if dataset.layout == "fracatlas":
        return fracatlas.patients_are(dataset.block)
    return mura.PATIENTS_ARE


def _remedy(dataset: Dataset) -> str:
    return (f"the layout {dataset.layout!r} wants {_EXPECTED[dataset.layout]} below it. "
            "Set dataset.root and dataset.layout in conf/dataset/ or with -S dataset.root=PATH")


def _listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    if dataset.layout == "fracatlas":
        return fracatlas.listing(root, dataset.labels, dataset.block)
    return mura.listing(root, dataset.labels)


def _content(file: Path) -> dict[str, object]:
    raw = file.read_bytes()
    row: dict[str, object] = {"sha256": hashlib.sha256(raw).hexdigest(), "readable": False}
    try:
        decoded = imaging.decode(raw)
    except imaging.ImageError as error:
        return {**dict.fromkeys(["width_px", "height_px", "bit_depth", *STATISTICS], 0),
                **row, "reason": str(error)}
    height_px, width_px = decoded.picture.shape
    return {**row, "width_px": width_px, "height_px": height_px, "bit_depth": decoded.bit_depth,
            **imaging.statistics(decoded.picture), "readable": True, "reason": ""}
