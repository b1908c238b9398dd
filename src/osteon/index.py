"""One row per image of a data set, whatever its layout; duplicates found, doubts named."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from osteon import (
    codestreams,
    content,
    dicom,
    duplicates,
    executor,
    formats,
    grey,
    grouping,
    imaging,
    quarantine,
)
from osteon.content import THUMBNAIL_PX
from osteon.errors import UserError
from osteon.files import fresh_folder
from osteon.imaging import Picture
from osteon.layouts import LAYOUTS, listing, require_root, wanted
from osteon.records import CONTENT, INDEX, LISTING, META, read_table, write_table
from osteon.sections.data import Dataset

_STAMP = ["path", "bytes", "modified_ns"]  # a file with all three unchanged is not read again
_ROWS, _THUMBNAILS, _CODE = "rows.csv", "thumbnails.npy", "code.txt"
_CHUNK = 256  # files to a task: fewer, and handing them over costs a third


@dataclass(frozen=True)
class Index:
    """All that is known of a data set before it is cut."""

    table: pd.DataFrame  # columns INDEX, and META ones
    thumbnails: Picture  # (rows, 64, 64)
    pairs: pd.DataFrame  # columns duplicates.PAIRS
    about: dict[str, Any]


def index(dataset: Dataset, cache: Path | None = None) -> Index:
    """List the images, read each once, find duplicates, and name what is to be set aside.

    A file that cannot be decoded keeps its row, with `readable` false and the reason. Rows of
    files that have not changed are taken from the folder `cache`, where one is given.

    Raises:
        UserError: the root is missing or holds no image in the layout asked for.
    """
    root = require_root(dataset)
    listed = listing(root, dataset)
    if listed.empty:
        raise UserError(f"dataset.root: {root} holds no image; {wanted(dataset)}")
    extra = [name for name in listed if str(name).startswith(META)]
    doubts = listed.get("doubt", pd.Series("", index=listed.index))
    listed = listed.reindex(columns=[*LISTING, *extra], fill_value="").reset_index(drop=True)
    read, thumbnails = _read(root, listed["path"], cache)
    rows = pd.concat([listed, read], axis=1)
    readable = rows["readable"].to_numpy()
    found = duplicates.find(rows[readable].reset_index(drop=True), thumbnails[readable],
                            dataset.duplicates)
    twins = grouping.twin_ids(list(rows["path"]), found.pairs)
    # Where a patient is not named, a check will stop; until then the image stands by itself.
    patients = rows["patient_id"].where(rows["patient_id"] != "", rows["path"])
    rows = rows.assign(twin_id=twins, group_id=grouping.group_ids(list(patients), twins))
    table = quarantine.with_reasons(rows, doubts.reset_index(drop=True), dataset.quarantine)
    return Index(table[[*INDEX, *extra]], thumbnails, found.pairs,
                 _about(dataset, table, found))


def _about(dataset: Dataset, table: pd.DataFrame, found: duplicates.Found) -> dict[str, Any]:
    kinds = found.pairs["kind"].value_counts()
    sizes = table["twin_id"].value_counts()
    return {"layout": dataset.layout, "images": len(table),
            "patients_are": LAYOUTS[dataset.layout].patients_are(dataset),
            "duplicates": {"candidates": found.candidates,
                           **{kind: int(kinds.get(kind, 0)) for kind in duplicates.KINDS},
                           "groups": int((sizes > 1).sum()),
                           "chains": grouping.chains(found.pairs)}}


def _read(root: Path, paths: pd.Series, cache: Path | None) -> tuple[pd.DataFrame, Picture]:
    """Read what changed since the cache was written, take the rest from there."""
    stamps = pd.DataFrame(
        [(path, *_stamp(root / path)) for path in paths], columns=_STAMP)
    known, known_thumbnails = _cached(cache)
    places = known.assign(place=range(len(known))).drop_duplicates(_STAMP)
    place = stamps.merge(places, "left", _STAMP)["place"]
    fresh, old = np.flatnonzero(place.isna()), np.flatnonzero(place.notna())
    kept = place[old].astype(int).to_numpy()
    thumbnails = np.zeros((len(paths), THUMBNAIL_PX, THUMBNAIL_PX), np.uint8)
    thumbnails[old] = known_thumbnails[kept]
    rows: dict[Any, Any] = dict(zip(old, known.loc[kept, CONTENT].to_dict("records"), strict=True))
    done = 0
    for of_chunk, small in _contents([root.absolute() / paths[row] for row in fresh]):
        numbers = fresh[done:done + len(of_chunk)]
        rows.update(zip(numbers, of_chunk, strict=True))
        thumbnails[numbers] = small
        done += len(of_chunk)
    read = pd.DataFrame([rows[number] for number in range(len(paths))], columns=CONTENT)
    if cache and len(fresh):
        with fresh_folder(cache) as aside:
            (aside / _CODE).write_text(_fingerprint(), encoding="utf-8")
            write_table(aside / _ROWS, pd.concat([stamps, read], axis=1))
            np.save(aside / _THUMBNAILS, thumbnails)
    return read, thumbnails


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (-1, -1)  # reading it will say why
    return found.st_size, found.st_mtime_ns


def _fingerprint() -> str:
    """Name the code that rows depend on, so that a change of it reads every file anew."""
    modules = (codestreams, content, dicom, formats, grey, imaging)
    sources = [Path(str(module.__file__)).read_bytes() for module in modules]
    return hashlib.sha256(b"\n".join([*sources, cv2.__version__.encode()])).hexdigest()[:16]


def _cached(cache: Path | None) -> tuple[pd.DataFrame, Picture]:
    code = cache / _CODE if cache else None
    if cache and code and code.is_file() and code.read_text(encoding="utf-8") == _fingerprint():
        return read_table(cache / _ROWS), np.load(cache / _THUMBNAILS, mmap_mode="r")
    return (pd.DataFrame(columns=[*_STAMP, *CONTENT]),
            np.empty((0, THUMBNAIL_PX, THUMBNAIL_PX), np.uint8))


def _contents(files: list[Path]) -> Iterator[tuple[list[dict[str, object]], Picture]]:
    """Read files in parallel, in their order."""
    jobs = [(chunk,) for chunk in executor.chunks(files, _CHUNK)]
    with tqdm(total=len(files), desc="index", unit="image") as bar:
        for rows, thumbnails in executor.in_order(content.contents, jobs):
            bar.update(len(rows))
            yield rows, thumbnails
