"""The figures of the published system that a run repeats, beside ours, and whether they compare."""

from collections.abc import Iterable, Iterator

from osteon import published
from osteon.published import Figures, System
from osteon.report.comparable import differences
from osteon.report.document import Block, Cell, Items, Say, Section, Table
from osteon.report.run import Run, counted, estimate

# Precision and recall are the field's other words for what is measured here.
_OURS = {"precision": "ppv", "recall": "sensitivity"}


def section(run: Run) -> Section | None:
    """Show the tables of the system that a run repeats; None where it repeats nobody."""
    name = run.settings.published
    return None if name == "none" else beside(run, published.read(name))


def beside(run: Run, system: System) -> Section:
    """Show the authors' tables with our row in each that is of our classes.

    Each table is compared by its own protocol.
    """
    differ = [differences(run, table) for table in system.tables]
    common = [reason for reason in differ[0] if all(reason in found for found in differ)]
    blocks: list[Block] = [
        Say(f"{system.title}. {system.source}.", "lead"),
        Say(f"Theirs: {system.data}. {system.protocol}"),
        Say(f"Ours: {_ours(run)}")]
    if common:
        blocks += [Say("None of their tables can be compared with ours:", "warn"), Items(common)]
    for table, found in zip(system.tables, differ, strict=True):
        blocks += [_table(run, table), *_verdict(run, found, common)]
    if not any(_fits(run, table) for table in system.tables):
        blocks.append(Say("No table is of our classes; our figures stand above.", "faint"))
    return Section("published", "Beside the published figures",
                   [*blocks, Say("What speaks against their figures:"), Items(system.doubts)])


def _verdict(run: Run, found: list[str], common: list[str]) -> Iterator[Block]:
    """Say whether a table compares; a figure that leaks in both is comparable, and not believed."""
    own = [reason for reason in found if reason not in common]
    if own:
        yield Say(f"{'Nor' if common else 'Not'} comparable with this table: {' '.join(own)}",
                  "warn")
    elif not found and run.cut.mark:
        yield Say("Measured as theirs: the same images, cut by image in the same shares. What "
                  "leaks in theirs leaks in ours, and neither figure can be believed.", "warn")
    elif not found:
        yield Say("Comparable with this table: the same images, cut the same way.", "good")


def _ours(run: Run) -> str:
    counts = run.level("image")["counts"]
    drawn = ", drawn" if run.drawn else ""
    cut = ("cut by image, as published (LEAKY)" if run.cut.mark else
           f"{run.split['says']}, whole groups")
    return (f"{run.settings.dataset.root}{drawn}, {', '.join(run.labels)}; {cut}; tested on "
            f"{counted(counts['rows'], 'image')} of {counted(counts['groups'], 'group')}.")


def _as_written(value: float | None, column: Iterable[float | None]) -> str | None:
    """Write a figure with as many digits as its authors give: more would be an invention."""
    if value is None:
        return None
    digits = max(len(f"{other:g}") - len("0.") for other in column if other is not None)
    return f"{value:.{digits}f}"


def _fits(run: Run, table: Figures) -> bool:
    labels = table.protocol.labels
    return not labels or set(labels) == set(run.labels)


def _table(run: Run, table: Figures) -> Block:
    rows: list[list[Cell]] = [
        [name, table.tested, *map(_as_written, row, zip(*table.rows.values(), strict=True))]
        for name, row in table.rows.items()]
    ours = len(rows)
    if _fits(run, table):
        rows += _our_rows(run, table)
    return Table([table.title, "tested on", *(run.title(_OURS.get(name, name))
                                              for name in table.figures)], rows,
                 strong=[ours] if _fits(run, table) else [])


def _our_rows(run: Run, table: Figures) -> Iterator[list[Cell]]:
    """Give our figures below theirs, and the shortcut baseline's, which any AUROC is read by."""
    found = run.level(table.level)
    mark = "LEAKY " if run.cut.mark else ""
    columns = run.named(found["figures"])
    if "auroc" in table.figures and found["shortcut"]:
        columns["shortcuts alone"] = found["shortcut"]["figures"]
    for name, figures in columns.items():
        yield [f"{mark}ours: {name}", counted(found["counts"]["rows"], table.level),
               *(estimate(figures.get(_OURS.get(figure, figure))) for figure in table.figures)]
