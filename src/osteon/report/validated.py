"""What the networks are worth on the folds that judged them: training and validation together."""

from osteon.aggregation import ENSEMBLE
from osteon.report import shortcuts
from osteon.report.document import Block, Cell, Items, Say, Section, Table
from osteon.report.run import Run, counted, estimate, first_phase, signed, told

_PAIRED = ("auroc", "average_precision", "sensitivity_at_90_specificity")
_PAIRED_OF_MORE = ("accuracy", "f1", "auroc")


def section(run: Run) -> Section | None:
    """Show every figure out of fold, and the differences, beside the first phase and shortcuts.

    Returns None where the members were not trained by folds.
    """
    if run.out_of_fold is None:
        return None
    blocks: list[Block] = [Say(
        f"Training and validation together, cut into {run.settings.model.folds} folds of whole "
        "groups: each image was judged by networks, by a combination of them and by thresholds "
        "that had not seen its group, each study by a rule that had not. The combination itself "
        "was chosen by these figures; the test part took no part.", "lead")]
    for level, found in told(run.out_of_fold["levels"]).items():
        counts, columns = found["counts"], run.columns(found)
        blocks.append(Table(
            [f"by {level}: {counted(counts['rows'], level)}, {counted(counts['groups'], 'group')}",
             *columns],
            [[run.title(name), *(estimate(of.get(name)) for of in columns.values())]
             for name in run.out_of_fold["titles"] if name in found["figures"][ENSEMBLE]]))
    names = _PAIRED if run.looked_for else _PAIRED_OF_MORE
    image = run.out_of_fold["levels"]["image"]
    firsts = {first_phase(name): of for name, of in image["before"].items()}
    others = {**image["members"], **firsts, **(
        {"shortcuts alone": image["shortcut"]} if image["shortcut"] else {})}
    rows: list[list[Cell]] = [
        [other, *(signed(of["above"].get(name)) if name in of["above"] else None
                  for name in names)] for other, of in others.items()]
    return Section("validated", "Out of fold, where everything was chosen", [
        *blocks,
        Table([f"{run.winner}, by image, is above", *(run.title(name) for name in names)], rows),
        Say("Before fine-tuning: the member after its first phase, a head on the frozen backbone "
            "where there were weights to begin with; no threshold is set for it. Differences are "
            "resampled together.", "faint"),
        *shortcuts.beside(run, run.out_of_fold["levels"]),
        Items(run.out_of_fold["says"])])
