"""What the model is worth on the test part: the verdict, the figures, and where they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

from osteon.aggregation import ENSEMBLE
from osteon.combination import in_words
from osteon.intervals import Estimate
from osteon.report import parts, shortcuts
from osteon.report.document import (
    Block,
    Cell,
    Fold,
    Gauges,
    Items,
    Plot,
    Plots,
    Say,
    Section,
    Table,
)
from osteon.report.run import (
    DRAWN,
    POOLED,
    Run,
    counted,
    estimate,
    first_phase,
    signed,
    spanned,
)

_OF_TWO = ("auroc", "average_precision", "sensitivity", "specificity", "accuracy", "kappa")
_OF_MORE = ("accuracy", "balanced_accuracy", "f1", "auroc", "kappa")


def verdict(run: Run) -> list[Block]:
    """Say what the test part says, whether shortcuts would do, and show the first figures."""
    image = run.level("image")
    counts = image["counts"]
    seen = "" if run.cut.mark else ", none of them seen in training"
    says: list[Block] = [Say(
        f"On {counted(counts['rows'], 'test image')} of {counted(counts['groups'], 'group')}"
        f"{seen}, {_reached(run, image)}", "lead")]
    says += [Say(of["says"], "good" if of["beaten"] else "warn")
             for found in run.levels.values() if (of := found["shortcut"])]
    if run.drawn:
        says.append(Say(DRAWN, "warn"))
    names = _OF_TWO if run.looked_for else _OF_MORE
    for level in run.levels:
        figures = run.level(level)["figures"][ENSEMBLE]
        says.append(Gauges(f"By {level}", [
            shortcuts.gauge(run.title(name), name, found, run.level(level)["shortcut"])
            for name in names
            if (found := estimate(figures.get(name)))]))
    if "study" not in run.levels:
        says.append(Say("Each study holds one image: what is said by image holds by study."))
    return [*says, Say(
        f"Intervals: 95 %, from {run.evaluation['resamples']:,} resamples of whole groups. A group "
        "is a patient, joined with all duplicates. Where no resample moves a figure of 0 or 1, it "
        "is bounded as a share of so many trials as it has groups (Clopper and Pearson).", "faint")]


def _reached(run: Run, level: Mapping[str, Any]) -> str:
    figures = level["figures"][ENSEMBLE]
    auroc = estimate(figures["auroc"])
    if run.looked_for is None:
        return (f"{run.winner} classifies {spanned(figures['accuracy'])} correctly, "
                f"among {len(run.labels)} classes; the mean AUROC is {auroc}.")
    return (f"the AUROC is {auroc}. At the threshold that validation chose, the sensitivity for "
            f"{run.looked_for} images is {spanned(figures['sensitivity'])} and the "
            f"specificity {spanned(figures['specificity'])}.")


def figures(run: Run) -> Section:
    """Give every figure by image and by study: of the winner, the members and the shortcuts."""
    blocks: list[Block] = [Plots([
        Plot(title, run.sources.plots / "evaluate" / f"{name}.png")
        for name, title in (("roc", "ROC"), ("precision_recall", "Precision and recall"),
                            ("confusion", "Labels and verdicts"))])]
    for level, found in run.levels.items():
        columns = run.columns(found)
        blocks += [Say(f"By {level}: {_counts(run, level)}", "lead"), Table(
            [f"by {level}", *columns],
            [[run.title(name), *(estimate(of.get(name)) for of in columns.values())]
             for name in run.evaluation["titles"] if name in found["figures"][ENSEMBLE]])]
    blocks.append(Say(
        f"Of {_smaller(run)}, less is better. Before fine-tuning a member is its first phase: with "
        "weights to begin with, a new head on the frozen backbone. It is shown, never chosen, and "
        "no threshold is set for it. The shortcut baseline sees no pixel of bone: size, "
        "borders, brightness and what the data set tells beside the pictures, in boosted trees "
        "trained on training and validation. It leaves out the order of the files, and is another "
        "figure than the audit's best shortcut, which is the best of many over folds of the whole "
        "set.", "faint"))
    return Section("figures", "Figures on the test part", blocks)


def _counts(run: Run, level: str) -> str:
    counts = run.level(level)["counts"]
    of_labels = ", ".join(f"{number:,} {label}" for label, number in counts["labels"].items())
    threshold = run.level(level)["threshold"]
    called = ("the most probable class is the verdict" if threshold is None else
              f"called {run.looked_for} from a probability of {threshold:.3f}, "
              f"chosen on validation for {run.rule(level)}")
    rule = in_words(run.chosen["study_rule"])
    pooled = f"; of a study the {rule} of its images" if level == "study" else ""
    return f"{of_labels}; {called}{pooled}."


def _smaller(run: Run) -> str:
    return " and ".join(run.title(name) for name in run.evaluation["smaller_is_better"])


def comparisons(run: Run) -> Section:
    """Say in words what the winner is worth beside the shortcuts and each member."""
    blocks: list[Block] = [Items(list(run.evaluation["says"])),
                           *shortcuts.beside(run, run.evaluation["levels"])]
    rows = list(_paired(run))
    if rows:
        blocks.append(Fold("The differences that these rest on", [Table(
            [f"{run.column} against", "AUROC above", "accuracy above", f"only {run.winner} right",
             "only the other right", "McNemar p"], rows), Say(
                 "Differences are resampled by whole groups. McNemar's test takes each row as "
                 "independent, whatever its patient.", "faint")]))
    return Section("comparisons", "Against shortcuts and members", blocks)


def _paired(run: Run) -> Iterator[list[Cell]]:
    for level, of_level in run.levels.items():
        for member, found in of_level["members"].items():
            test = found["mcnemar"]
            yield [f"{member}, by {level}", *(signed(found["above"].get(name))
                                              for name in ("auroc", "accuracy")),
                   test["only_ensemble_right"], test["only_member_right"], float(test["p"])]
        for member, first in of_level["before"].items():
            above = first["above"]
            yield [f"{first_phase(member)}, by {level}", signed(above["auroc"]),
                   signed(above["accuracy"]) if "accuracy" in above else None, None, None, None]


def by_parts(run: Run) -> Section:
    """Show where the figures hold: by class, body part, view and size."""
    blocks = parts.blocks(run.levels, run.evaluation["titles"])
    plot = run.sources.plots / "evaluate/subgroups.png"
    if plot.is_file() and any(found["subgroups"] for found in run.levels.values()):
        blocks.insert(0, Plots([Plot("By body part, view and size", plot)]))
    return Section("parts", "By class, body part, view and size", blocks)


def calibration(run: Run) -> Section:
    """Show whether a probability can be read as one."""
    blocks: list[Block] = []
    for level, found in run.levels.items():
        error, brier = (estimate(found["figures"][ENSEMBLE][name]) for name in ("ece", "brier"))
        blocks.append(Say(f"By {level}, what is said and what then happens are apart by {error} "
                          f"(expected calibration error); Brier score {brier}. {_apart(error)}"))
    if "study" in run.levels:
        blocks.append(Say(POOLED.format(rule=in_words(run.chosen["study_rule"])), "warn"))
    blocks += [
        Say("Chance makes gaps too, the larger the fewer images there are: the error of a model "
            "that says what happens is not 0 either. Only where the whole interval lies above 0 "
            "is it more than chance.", "faint"),
        Plots([Plot("Reliability", run.sources.plots / "evaluate/reliability.png")])]
    if bins := run.level("image")["reliability"]:
        blocks.append(Fold("The bins, by image", [Table(
            ["images", "said", "happened"],
            [[row["rows"], float(row["said"]), float(row["happens"])] for row in bins])]))
    return Section("calibration", "Calibration", blocks)


def _apart(error: Estimate | None) -> str:
    if error is None or error.side is None:
        return "Whether chance alone makes that cannot be told."
    return ("That is more than chance makes: the numbers are not to be read as probabilities."
            if error.side > 0 else "Chance alone may make that.")
