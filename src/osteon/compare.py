"""A page that sets any two runs side by side: `python -m osteon.compare REV_A REV_B -o FILE`.

A run is an experiment's name, a git revision, or `workspace`.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dvc.api
import pandas as pd
from dvc.exceptions import DvcException

from osteon import metrics
from osteon.aggregation import ENSEMBLE, of_member
from osteon.errors import UserError, run
from osteon.files import fresh_file
from osteon.intervals import Estimate, Resampled
from osteon.records import parse_table
from osteon.report import shortcuts
from osteon.report.compose import page
from osteon.report.document import Block, Cell, Document, Say, Section, Table
from osteon.report.run import LEVELS, counted, estimate, told

log = logging.getLogger("osteon.compare")

WORKSPACE = "workspace"
_KEYS = {"image": "path", "study": "study_id"}
_FIRST = ("auroc", "accuracy")  # what the page tells first: how it ranks, and how often it is right


@dataclass(frozen=True)
class Side:
    """One of the two runs: its settings by dotted name, its figures, and its test rows by level."""

    name: str
    settings: dict[str, Any]
    evaluation: Mapping[str, Any]
    tables: dict[str, pd.DataFrame]

    @property
    def mark(self) -> str:
        """What must be said where its cut leaks, else nothing."""
        reasons = self.evaluation["protocol"]["reasons"]
        return f"{self.name} is {self.evaluation['mark']}: {'; '.join(reasons)}" if reasons else ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Name the classes, in their order."""
        return tuple(self.evaluation["labels"])


def read(revision: str, folder: str) -> Side:
    """Read a run from the repository; `folder` is where evaluate writes in it.

    Raises:
        UserError: the revision is unknown, or holds no evaluation.
    """
    rev = None if revision == WORKSPACE else revision
    try:
        files = {name: dvc.api.read(f"{folder}/{name}", rev=rev)
                 for name in ("evaluation.json", "predictions.csv", "studies.csv")}
        settings = dvc.api.params_show(rev=rev)
    except (DvcException, OSError) as failure:
        said = " ".join(str(failure).split())
        raise UserError(f"compare: {revision}: {said}; name an experiment (`dvc exp show`), a git "
                        f"revision or {WORKSPACE} that was evaluated") from None
    tables = {level: parse_table(files[name]) for level, name in (
        ("image", "predictions.csv"), ("study", "studies.csv"))}
    return Side(revision, dict(_flat(settings)), json.loads(files["evaluation.json"]), tables)


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def differing(one: Side, other: Side) -> list[tuple[str, Any, Any]]:
    """Give the settings in which two runs differ, with the value of each; None where absent."""
    names = sorted({*one.settings, *other.settings})
    return [(name, one.settings.get(name), other.settings.get(name)) for name in names
            if one.settings.get(name) != other.settings.get(name)]


def different_tests(one: Side, other: Side) -> str:
    """Say how the test parts differ; nothing where both tested the same images under one label."""
    if one.labels != other.labels:
        return (f"The classes differ: {', '.join(one.labels)} in {one.name}, "
                f"{', '.join(other.labels)} in {other.name}.")
    mine, theirs = (side.tables["image"].set_index("path")["target"] for side in (one, other))
    shared = mine.index.intersection(theirs.index)
    if len(shared) < max(len(mine), len(theirs)):
        return (f"The test parts differ: {counted(len(mine), 'image')} in {one.name}, "
                f"{counted(len(theirs), 'image')} in {other.name}, {len(shared):,} in both.")
    changed = int((mine[shared] != theirs[shared]).sum())
    return f"{counted(changed, 'test image')} changed its label between the two." if changed else ""


def paired(one: Side, other: Side, level: str) -> dict[str, Estimate]:
    """Give by how much each figure of `other` exceeds that of `one`, on the same resamples.

    Both were tested on the same rows; groups are those of `one`.
    """
    settings = one.evaluation
    groups = one.tables[level].sort_values(_KEYS[level])["group_id"].to_numpy()

    def measured(side: Side) -> Resampled:
        table = side.tables[level].sort_values(_KEYS[level])
        return metrics.measure(
            table["target"].to_numpy(), of_member(table, ENSEMBLE, side.labels),
            table["verdict"].to_numpy(), groups, resamples=settings["resamples"],
            seed=settings["seed"])
    ours, theirs = measured(one), measured(other)
    return {name: theirs.above(ours, name) for name in ours.values}


def compose(one: Side, other: Side) -> Document:
    """Compose the page: what can be said, the figures, the settings that differ."""
    differ = different_tests(one, other)
    differences = {} if differ else {
        level: paired(one, other, level) for level in told(one.evaluation["levels"])}
    return Document(
        kicker="Comparison of two runs", title=f"{other.name} against {one.name}",
        mark=". ".join(side.mark for side in (one, other) if side.mark),
        verdict=list(_verdict(one, other, differ, differences)),
        sections=[_figures(one, other, differences), _settings(one, other)])


def _verdict(one: Side, other: Side, differ: str,
             differences: Mapping[str, Mapping[str, Estimate]]) -> Iterator[Block]:
    if differ:
        yield Say(f"{differ} No paired difference can be told; each figure stands for itself.",
                  "warn")
        return
    counts = one.evaluation["levels"]["image"]["counts"]
    yield Say(f"Both were tested on the same {counted(counts['rows'], 'image')} of "
              f"{counted(counts['groups'], 'group')}.", "lead")
    if "study" not in differences:
        yield Say("Each study holds one image: what is said by image holds by study.")
    for level, found in differences.items():
        yield Say(f"By {level}, {_told(one, other, found)}")


def _told(one: Side, other: Side, found: Mapping[str, Estimate]) -> str:
    """Say how AUROC and accuracy compare, then which other figures differ clearly."""
    titles = {**one.evaluation["titles"], **other.evaluation["titles"]}
    said = "; ".join(_ranks(one, other, titles[name], found[name]) for name in _FIRST)
    apart = {side: [f"{titles.get(name, name)} {above.signed()}" for name, above in found.items()
                    if name not in _FIRST and above.side == side] for side in (1, -1)}
    rest = [f"clearly {word}: {', '.join(apart[side])}" for side, word in
            ((1, "above"), (-1, "below")) if apart[side]]
    return f"{said}. Of the other figures, {'; '.join(rest) or 'none is told apart'}."


def _ranks(one: Side, other: Side, title: str, above: Estimate) -> str:
    if above.side is None:
        return f"no interval of the difference in {title} can be told ({above.signed()})"
    word = {1: "above", -1: "below", 0: "not told apart from"}[above.side]
    return f"the {title} of {other.name} is {word} that of {one.name}: {above.signed()}"


def _figures(one: Side, other: Side,
             differences: Mapping[str, Mapping[str, Estimate]]) -> Section:
    titles = {**one.evaluation["titles"], **other.evaluation["titles"]}
    tables: list[Block] = []
    levels = {level for side in (one, other) for level in told(side.evaluation["levels"])}
    for level in (level for level in LEVELS if level in levels):
        mine, theirs = (side.evaluation["levels"][level]["figures"][ENSEMBLE]
                        for side in (one, other))
        paired_by = differences.get(level, {})
        rows: list[list[Cell]] = [
            [title, estimate(mine.get(name)), estimate(theirs.get(name)),
             paired_by[name].signed() if name in paired_by else None]
            for name, title in titles.items() if name in mine or name in theirs]
        rows += _shortcuts(one, other, level)
        tables.append(Table([f"by {level}", one.name, other.name,
                             f"{other.name} above {one.name}"], rows))
    return Section("figures", "Figures on the test part", [*tables, Say(
        "Intervals: 95 %, over groups. A difference is resampled in pairs, so its interval is "
        "narrower than those of the two figures suggest. Each interval is of its figure alone: "
        f"among so many, chance may set one apart. Of {_smaller(one)}, less is better.", "faint")])


def _shortcuts(one: Side, other: Side, level: str) -> Iterator[list[Cell]]:
    """Give what the shortcut baseline reaches in each run, and how far each is above it."""
    both = [side.evaluation["levels"][level]["shortcut"] for side in (one, other)]
    if not all(both):
        return
    yield ["shortcuts alone, AUROC", *(estimate(of["figures"]["auroc"]) for of in both), None]
    yield ["AUROC above shortcuts", *(shortcuts.cells(of)[1] for of in both), None]


def _smaller(side: Side) -> str:
    titles = side.evaluation["titles"]
    return " and ".join(titles[name] for name in side.evaluation["smaller_is_better"])


def _settings(one: Side, other: Side) -> Section:
    rows = [[name, _shown(mine), _shown(theirs)] for name, mine, theirs in differing(one, other)]
    block: Block = (Table(["setting", one.name, other.name], rows) if rows else
                    Say("No setting differs."))
    return Section("settings", "Settings that differ", [block])


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return json.dumps(value) if isinstance(value, list) else str(value)


def main() -> None:
    """Write the page of the two runs named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m osteon.compare", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", metavar="REV_A")
    parser.add_argument("other", metavar="REV_B")
    parser.add_argument("-o", "--out", type=Path, default=Path("compare.html"),
                        help="the page (default: %(default)s)")
    parser.add_argument("--evaluate", default="artifacts/evaluate",
                        help="where a run has its evaluation (default: %(default)s)")
    given = parser.parse_args()
    one, other = (read(name, given.evaluate) for name in (given.one, given.other))
    with fresh_file(given.out) as aside:
        aside.write_text(page(compose(one, other)), encoding="utf-8")
    log.info("%s", given.out)


if __name__ == "__main__":
    run(main, times=None)
