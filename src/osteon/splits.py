"""Rows with their parts: honest ones, in which nothing leaks, and ones that say what leaks."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from osteon.errors import UserError
from osteon.files import read_json, write_json
from osteon.records import PARTS, Part, read_table, write_table
from osteon.words import shortened

log = logging.getLogger(__name__)

LEAKY = "LEAKY"
TABLE, ABOUT, LEFT_OUT = "split.csv", "about.json", "left_out.csv"
LEFT_OUT_COLUMNS = ["path", "label", "patient_id", "group_id", "reason"]
# What must lie in one part. A group is the first two joined; these are looked at by themselves so
# that a wrong group_id hides nothing.
_WHOLE = {"patient_id": "patients", "twin_id": "sets of duplicates", "group_id": "groups"}


class LeakError(ValueError):
    """A group of images lies in more than one part."""


class Cut:
    """What `Splits` and `LeakySplits` can both be asked; a cut is always one of the two."""

    table: pd.DataFrame
    reasons: tuple[str, ...]
    protocol: str

    @property
    def mark(self) -> str:
        """What everything that rests on this cut must say; nothing, for an honest one."""
        return f"{LEAKY}: {'; '.join(self.reasons)}" if self.reasons else ""

    def part(self, *parts: Part) -> pd.DataFrame:
        """Give the rows of some parts; the index is the row number in split.csv.

        Only `evaluate` and `audit` ask for the test part.
        """
        return self.table[self.table["part"].isin(parts)]

    def marked(self, content: dict[str, Any]) -> dict[str, Any]:
        """Head with the mark and its reasons what goes into JSON; honest content stays as it is."""
        if not self.mark:
            return content
        return {"mark": LEAKY, "protocol": self.to_json(), **content}

    def marked_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Put the mark before the columns of a table; an honest one stays as it is.

        Before, because `dvc plots` takes the last column for the one to be drawn.
        """
        marked = table.copy()
        if self.mark:
            marked.insert(0, "mark", LEAKY)
        return marked

    def to_json(self) -> dict[str, Any]:
        """Name the protocol, and say whether figures under it can be believed."""
        return {"name": self.protocol, "leaky": bool(self.mark), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Splits(Cut):
    """A cut in which no group, no patient and no set of duplicates lies in two parts.

    Raises:
        LeakError: one does; such a table cannot be made.
    """

    table: pd.DataFrame
    protocol: str = "unnamed"
    reasons: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if found := leaks(self.table):
            raise LeakError("; ".join(found))


@dataclass(frozen=True)
class LeakySplits(Cut):
    """A cut as somebody published it: for comparison, and never without its reasons.

    It is no `Splits`, so that what asks for an honest cut cannot be given this one.
    """

    table: pd.DataFrame
    reasons: tuple[str, ...]
    protocol: str = "unnamed"

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a leaky cut must say why it is one")


def leaks(table: pd.DataFrame) -> list[str]:
    """Say which patients, sets of duplicates and groups lie in several parts; [] where none do.

    A group is named only where neither a patient nor a duplicate tells of the same leak.
    """
    found: list[str] = []
    for column, word in _WHOLE.items():
        divided = division(table[column], table["part"], PARTS)
        if divided and not (found and column == "group_id"):
            found.append(f"{len(divided)} {word} in several parts: {named(divided)}")
    return found


def division(names: pd.Series, sides: pd.Series, order: Sequence[str]) -> dict[str, list[str]]:
    """Give each name that occurs on several sides with these sides, in their order."""
    ordered = pd.Categorical(sides, list(order))
    pairs = pd.DataFrame({"name": names, "side": ordered}).drop_duplicates()
    several = pairs[pairs["name"].duplicated(keep=False)].sort_values("side")
    return {str(name): list(found) for name, found in several.groupby("name")["side"]}


def named(divided: dict[str, list[str]]) -> str:
    """Write out a division, five names at most."""
    return shortened([f"{name} ({', '.join(sides)})" for name, sides in divided.items()])


def write(folder: Path, cut: Cut, about: dict[str, Any],
          left_out: pd.DataFrame | None = None) -> None:
    """Write split.csv, about.json (with what the type says of leaks) and left_out.csv."""
    aside = pd.DataFrame(columns=LEFT_OUT_COLUMNS) if left_out is None else left_out
    write_table(folder / TABLE, cut.table)
    write_table(folder / LEFT_OUT, aside[LEFT_OUT_COLUMNS])
    of_type = {"protocol": cut.protocol, "leaky": list(cut.reasons) or None}
    write_json(folder / ABOUT, {**of_type, **about, **of_type, "left_out": len(aside)})


def read(folder: Path) -> Splits | LeakySplits:
    """Read a cut, and check again that nothing in it leaks, unless it says that it does.

    Raises:
        UserError: it is not there or not whole, or somebody has changed it so that it leaks.
    """
    file = folder / TABLE
    if not (file.is_file() and (folder / ABOUT).is_file()):
        raise UserError(f"{folder}: holds no {TABLE} with its {ABOUT}; run the split stage")
    table, about = read_table(file), read_json(folder / ABOUT)
    if lacking := [name for name in (*_WHOLE, "part") if name not in table]:
        raise UserError(f"{file}: lacks the column {', '.join(lacking)}; run the split stage again")
    if strange := sorted(set(table["part"]) - set(PARTS)):
        raise UserError(f"{file}: {strange[0]!r} is no part; the parts are {', '.join(PARTS)}")
    if about["leaky"]:
        leaky = LeakySplits(table, tuple(about["leaky"]), about["protocol"])
        log.warning(leaky.mark)
        return leaky
    try:
        return Splits(table, about["protocol"])
    except LeakError as leak:
        raise UserError(f"{file}: {leak}. It was changed after it was cut: run the split stage "
                        "again (a cut by image is asked for by split.as_published=true)") from None
