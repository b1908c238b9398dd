"""Tables of labels that people write: read as text, and refused by file and row."""

import csv
import io
import os
from pathlib import Path

import pandas as pd

from osteon.errors import UserError
from osteon.records import LISTING, META
from osteon.sections.data import Dataset
from osteon.words import shortened

_USUAL = ("labels.csv", "manifest.csv")


def manifest_of(root: Path, *needed: str) -> str | None:
    """Name the table below a root that has a usual name and the columns needed, if there is one."""
    for name in _USUAL:
        if (root / name).is_file() and set(needed) <= set(read(root / name)):
            return name
    return None


def place(root: Path, dataset: Dataset) -> Path:
    """Give the place of the table of labels, which may lie outside of the root."""
    return root / dataset.manifest


def text(file: Path) -> str:
    """Read a text file, with or without a byte order mark.

    Raises:
        UserError: it is missing, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{file}: no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{file}: not text in UTF-8; save it as CSV in UTF-8") from None


def read(file: Path, *needed: str) -> pd.DataFrame:
    """Read a table with a header as text; cells and names are stripped, names in lower case.

    Commas, semicolons or tabs divide the cells, whichever the header has most of. Columns without
    a name are left out. The frame's index numbers the rows as a spreadsheet does, the header
    being row 1.

    Raises:
        UserError: it is missing, is no such table, or lacks a column that is needed.
    """
    header, rows = _cells(file)
    names = [name.strip().lower() for name in header]
    _refuse_repeated([name for name in names if name], file)
    missing = [name for name in needed if name not in names]
    if missing:
        raise UserError(f"{file}: column {', '.join(missing)} missing; it has "
                        f"{', '.join(filter(None, names))}")
    broad = [number for number, row in rows.items() if any(row[len(names):])]
    refuse(file, pd.Series("", index=broad), "more cells than the header",
           "put text that holds a comma in quotes")
    whole = [[*row, *[""] * len(names)][:len(names)] for row in rows.values()]
    table = pd.DataFrame(whole, index=list(rows), columns=names, dtype=object)
    return table.drop(columns="", errors="ignore")


def labels(file: Path, *needed: str) -> pd.DataFrame:
    """Read a table of labels, its columns named as in the listing.

    `split` becomes `official_split`; a column that the listing does not know gets `records.META`
    before its name. What is needed may not be empty in any row.

    Raises:
        UserError: as for `read`, or a cell that is needed is empty.
    """
    table = read(file, *needed)
    for name in needed:
        empty = table.loc[table[name] == "", name]
        refuse(file, empty, f"no {name}", "fill it in, or take the row away")
    table.columns = pd.Index([column_of(name) for name in table.columns])
    _refuse_repeated(list(table.columns), file)
    return table


def column_of(name: str) -> str:
    """Name a table's column as the listing does."""
    if name == "split":
        return "official_split"
    return name if name in LISTING or name.startswith(META) else f"{META}{name}"


def paths(table: pd.DataFrame, root: Path, file: Path) -> list[str]:
    """Give the column `path` relative to the root, every one an existing file.

    Backslashes count as slashes where a file is found so.

    Raises:
        UserError: a path leads out of the root, or there is no such file.
    """
    cells = table["path"]
    top = Path(os.path.normpath(root.absolute()))
    found = cells.map(lambda cell: _below(top, cell))
    refuse(file, cells[found == ""], f"a path that leads out of {root}",
           "move the image below dataset.root, or take the row away")
    refuse(file, cells[[not (root / path).is_file() for path in found]],
           f"no such file below {root}",
           "paths are relative to dataset.root; mend the path, or take the row away")
    return list(found)


def refuse(file: Path, cells: pd.Series, what: str, remedy: str) -> None:
    """Stop at cells of a table by their rows' numbers, the index, if there are any.

    Raises:
        UserError: there are.
    """
    told = [f"row {row} ({cell})" if cell else f"row {row}" for row, cell in cells.items()]
    if told:
        raise UserError(f"{file}: {what}: {shortened(told)}; {remedy}")


def _cells(file: Path) -> tuple[list[str], dict[int, list[str]]]:
    """Cut a table into its header and its rows by number, those without any text left out."""
    lines = text(file)
    mark = max(",;\t", key=lines.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(lines), delimiter=mark, skipinitialspace=True, strict=True)
    try:
        found = {number: [cell.strip() for cell in row] for number, row in enumerate(reader, 1)}
    except csv.Error as error:
        raise UserError(f"{file}: not a CSV table: {error}") from None
    header = found.pop(1, [])
    if not any(header):
        raise UserError(f"{file}: no header; its first row names the columns")
    return header, {number: row for number, row in found.items() if any(row)}


def _refuse_repeated(names: list[str], file: Path) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{file}: column {name} is there twice; keep one")


def _below(top: Path, cell: str) -> str:
    """Give a cell as a path below the root, or nothing if it leads out of it."""
    if not (top / cell).is_file():
        cell = cell.replace("\\", "/")  # written on Windows
    place = Path(os.path.normpath(top / cell))  # not resolved: an image may be a link
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else ""
