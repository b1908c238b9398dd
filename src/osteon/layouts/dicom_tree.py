"""A tree of DICOM files; patients and views from their headers, labels from a table.

A row of the table labels a file by its path or its instance, or all files of a study or a patient.
What the table says of an image goes before what its header says.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from osteon import executor
from osteon.errors import UserError
from osteon.layouts import csv_table, header, rows, table, tree
from osteon.sections.data import Dataset

log = logging.getLogger(__name__)

EXPECTED = ("DICOM files and a table (dataset.manifest) with the columns label and one of path, "
            "sop_instance_uid, study_id, patient_id")
_KEYS = ("path", "sop_instance_uid", "study_id", "patient_id")  # the finest first
_INSTANCE = table.column_of("sop_instance_uid")
_SUFFIXES = {".dcm", ".dicom", ".ima"}  # meant as DICOM even where the content is not
_FEW = 2000  # files that one process has read before others are started
_CHUNK = 64  # files to a job
_TRIED = 20  # files opened to tell whether a tree is of DICOM

_Headers = dict[str, header.Header | None]  # by path; none where the file is not DICOM


def looks_like(root: Path) -> bool:
    """Tell whether there are DICOM files and a table that labels them."""
    labelled = any(table.manifest_of(root, "label", key) for key in _KEYS)
    return labelled and any(header.read(root / path) is not None
                            for path in islice(tree.pictures(root), _TRIED))


def patients_are(dataset: Dataset) -> str:
    """Say what `patient_id` stands for here."""
    file = table.place(Path(dataset.root), dataset)
    if "patient_id" in table.read(file) and _key(file) != "patient_id":
        return f"the column patient_id of {file.name}, where empty PatientID of the DICOM header"
    return "PatientID of the DICOM header"


def listing(root: Path, dataset: Dataset) -> pd.DataFrame:
    """List the images that the table labels; by path in its order, else in the order of paths.

    A file whose header cannot be read, or is deflated, keeps its row with what the table says of
    it. Where the table cannot say, the row has no label, so that the file is either set aside as
    unreadable or named by a check.

    Raises:
        UserError: the table breaks a rule or labels no file at all.
    """
    file = table.place(root, dataset)
    key = _key(file)
    if key == "path":
        found = csv_table.named(root, file)
        words = _words(_headers(root, list(found["path"])))
    else:
        words = _words(_of_pictures(root, _headers(root, tree.pictures(root))))
        found = _labelled(words, root, file, key)
    return rows.complete(_filled(found, words, file).drop(columns=_INSTANCE))


def _key(file: Path) -> str:
    """Name the finest column by which a table names files."""
    columns = table.read(file, "label").columns
    for key in _KEYS:
        if key in columns:
            return key
    raise UserError(f"{file}: one of the columns {', '.join(_KEYS)} is needed; "
                    f"it has {', '.join(columns)}")


def _headers(root: Path, paths: list[str]) -> _Headers:
    files = [root.absolute() / path for path in paths]
    read: Iterator[header.Header | None] = map(header.read, files)
    if len(files) >= _FEW:
        # In processes: pydicom is Python throughout, and its threads would wait for each other.
        jobs = [(chunk,) for chunk in executor.chunks(files, _CHUNK)]
        read = chain.from_iterable(executor.in_order(_read, jobs))
    return dict(zip(paths, tqdm(read, total=len(paths), desc="headers", unit="file"), strict=True))


def _read(files: Sequence[Path]) -> list[header.Header | None]:
    return [header.read(file) for file in files]


def _words(headers: _Headers) -> pd.DataFrame:
    """Put what the headers tell into columns, by path; empty where nothing is told."""
    told = [found.words if found else {} for found in headers.values()]
    return pd.DataFrame(told, index=list(headers), columns=list(header.SOURCES),
                        dtype=object).fillna("")


def _of_pictures(root: Path, headers: _Headers) -> _Headers:
    """Leave out, and say so, what is no picture; what is named as DICOM is held to be one."""
    kept = {path: found for path, found in headers.items()
            if (found.is_picture if found else Path(path).suffix.lower() in _SUFFIXES)}
    _note(sorted(headers.keys() - kept.keys()), f"files below {root} hold no DICOM picture")
    return kept


def _labelled(words: pd.DataFrame, root: Path, file: Path, key: str) -> pd.DataFrame:
    """Give each file whose key the table has, or whose key cannot be read, a row."""
    column = table.column_of(key)
    told = _one_row_each(file, key)
    keys = words[column]
    named = keys.isin(told.index)
    if len(keys) and not named.any():
        raise UserError(f"{file}: its column {key} names none of the {len(keys)} DICOM files below "
                        f"{root}; the first has {keys.iloc[0]!r}")
    _note(keys.index[~named & (keys != "")], f"files below {root} have no row in {file}")
    _note(told.index.difference(list(keys)), f"rows of {file} have no file below {root}", "")
    wanted = keys[named | (keys == "")]
    return told.reindex(wanted).fillna("").reset_index(names=column).assign(path=wanted.index)


def _one_row_each(file: Path, key: str) -> pd.DataFrame:
    column = table.column_of(key)
    found = table.labels(file, "label", key).drop_duplicates()
    table.refuse(file, found.loc[found.duplicated(column, keep=False), column],
                 f"rows that differ for one {key}",
                 "keep one of them, or name the files by a finer column")
    return found.set_index(column)


def _filled(found: pd.DataFrame, words: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Fill what the table leaves empty by the headers' words."""
    found = found.reset_index(drop=True)
    told = words.loc[found["path"]].reset_index(drop=True)
    for column in told:
        here = found.get(column, told[column])
        differing = (here != told[column]) & (here != "") & (told[column] != "")
        if column == "patient_id" and differing.any():
            log.info("index: %d files name another patient in their header than %s, whose word "
                     "counts", differing.sum(), file)
        found[column] = here.where(here != "", told[column])
    return found


def _note(names: Collection[str], what: str, outcome: str = " and are left out") -> None:
    if len(names):
        log.info("index: %d %s%s, such as %s", len(names), what, outcome, min(names))
