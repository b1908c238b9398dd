"""The figures of the published system that a run repeats, beside ours, and whether they compare."""

from collections.abc import Iterable

from osteon import published
from osteon.published import Figures, System
from osteon.report.document import Block, Cell, Items, Say, Section, Table
from osteon.report.run import Run, counted, estimate


def section(run: Run) -> Section | None:
    """Show the authors' tables with our row in each that is of our classes.

    Returns None where the run repeats nobody.
    """
    if run.settings.published == "none":
        return None
    system = published.read(run.settings.published)
    differ = differences(run, system)
    blocks: list[Block] = [
        Say(f"{system.title}. {system.source}.", "lead"),
        Say(f"Theirs: {system.data}. {system.protocol}"),
        Say(f"Ours: {_ours(run)}"),
        Say("The protocols are not comparable:" if differ else
            "The protocols are comparable: the same data, cut the same way.",
            "warn" if differ else "good"),
        Items(differ)]
    for table in system.tables:
        blocks += _table(run, table)
    if not any(_fits(run, table) for table in system.tables):
        blocks.append(Say("No table is of our classes; our figures stand above.", "faint"))
    return Section("published", "Beside the published figures",
                   [*blocks, Say("What speaks against their figures:"), Items(system.doubts)])


def differences(run: Run, system: System) -> list[str]:
    """Say why our figures and theirs do not measure the same thing; [] where they do."""
    dataset, found = run.settings.dataset, []
    if run.drawn:
        found.append("Ours are drawn images, theirs are radiographs: the rows below cannot be "
                     "compared in any way.")
    elif system.layout is None:
        found.append("Nobody knows which images they used.")
    elif dataset.layout != system.layout:
        found.append(f"Ours is another data set ({dataset.root}, layout {dataset.layout}).")
    if not run.cut.mark:
        found.append("Ours is cut by group, so that no patient and no duplicate is in two parts. "
                     "Theirs is not known to be.")
    size = run.settings.of(run.members[0]).preprocess.image_size_px
    if size != system.image_size_px:
        found.append(f"Our images are {size} px wide, theirs {system.image_size_px} px.")
    return found


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
    return not table.labels or set(table.labels) == set(run.labels)


def _table(run: Run, table: Figures) -> list[Block]:
    ours_at = run.level(table.level)
    # Precision and recall are the field's other words for what is measured here.
    names = {"precision": "ppv", "recall": "sensitivity"}
    rows: list[list[Cell]] = [
        [name, table.tested, *map(_as_written, row, zip(*table.rows.values(), strict=True))]
        for name, row in table.rows.items()]
    ours = len(rows)
    shown = ("ensemble", *(run.members if len(run.members) > 1 else ()))
    if _fits(run, table):
        mark = "LEAKY " if run.cut.mark else ""
        counts = counted(ours_at["counts"]["rows"], table.level)
        rows += [[f"{mark}ours: {of}", counts,
                  *(estimate(ours_at["figures"][of].get(names.get(name, name)))
                    for name in table.figures)] for of in shown]
    return [Table([table.title, "tested on", *(run.title(names.get(name, name))
                                               for name in table.figures)], rows,
                  strong=[ours] if _fits(run, table) else [])]
