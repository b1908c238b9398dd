"""What the model is worth on the test part: the verdict, the figures, and where they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

from osteon.metrics import Estimate
from osteon.report.document import (
    Block,
    Cell,
    Fold,
    Gauge,
    Gauges,
    Items,
    Plot,
    Plots,
    Say,
    Section,
    Table,
)
from osteon.report.run import DRAWN, LEVELS, Run, counted, estimate, percent, signed

_OF_TWO = ("auroc", "average_precision", "sensitivity", "specificity", "accuracy", "kappa")
_OF_MORE = ("accuracy", "balanced_accuracy", "f1", "auroc", "kappa")
_OF_PARTS = {True: ("auroc", "sensitivity", "specificity", "accuracy"),
             False: ("accuracy", "f1", "auroc")}
_TITLES = {"body_part": "body part", "view": "view", "size": "size"}
_ENSEMBLE = "ensemble"


def verdict(run: Run) -> list[Block]:
    """Say what the test part says, whether shortcuts would do, and show the first figures."""
    image = run.level("image")
    counts, shortcut = image["counts"], image["shortcut"]
    seen = "" if run.cut.mark else ", none of them seen in training"
    says: list[Block] = [Say(
        f"On {counted(counts['rows'], 'test image')} of {counted(counts['groups'], 'group')}"
        f"{seen}, {_reached(run, image)}", "lead")]
    if shortcut:
        says.append(Say(shortcut["says"], "good" if shortcut["beaten"] else "warn"))
    if run.drawn:
        says.append(Say(DRAWN, "warn"))
    names = _OF_TWO if run.looked_for else _OF_MORE
    for level in LEVELS:
        figures = run.level(level)["figures"][_ENSEMBLE]
        says.append(Gauges(f"By {level}", [
            _gauge(run, level, name, found) for name in names
            if (found := estimate(figures.get(name)))]))
    return [*says, Say(
        f"Intervals: 95 %, from {run.evaluation['resamples']:,} resamples of whole groups. A group "
        "is a patient, joined with all duplicates. Where no resample moves a figure of 0 or 1, the "
        "interval is the exact binomial one, with a group as one trial.", "faint")]


def _reached(run: Run, level: Mapping[str, Any]) -> str:
    figures = level["figures"][_ENSEMBLE]
    auroc = estimate(figures["auroc"])
    if run.looked_for is None:
        return (f"the ensemble calls {percent(figures['accuracy']['value'])} by their right name, "
                f"one of {len(run.labels)}; the mean AUROC is {auroc}.")
    return (f"the AUROC is {auroc}. At the threshold that validation chose, it finds "
            f"{percent(figures['sensitivity']['value'])} of the {run.looked_for} images and clears "
            f"{percent(figures['specificity']['value'])} of the others.")


def _gauge(run: Run, level: str, name: str, found: Estimate) -> Gauge:
    """Show a figure, and beside it what shortcuts alone reach, where that was measured."""
    shortcut = run.level(level)["shortcut"]
    alone = estimate(shortcut["figures"].get(name)) if shortcut else None
    if alone is None or alone.value is None or name not in shortcut["above"]:
        return Gauge(run.title(name), found)
    return Gauge(run.title(name), found, f"shortcuts alone {alone.value:.3f}; above them by "
                 f"{signed(shortcut['above'][name])}", alone.value)


def figures(run: Run) -> Section:
    """Give every figure by image and by study: of the ensemble, its members and the shortcuts."""
    blocks: list[Block] = [Plots([
        Plot(title, run.sources.plots / "evaluate" / f"{name}.png")
        for name, title in (("roc", "ROC"), ("precision_recall", "Precision and recall"),
                            ("confusion", "Labels and verdicts"))])]
    for level in LEVELS:
        found = run.level(level)
        shortcut = found["shortcut"]
        columns = {**found["figures"], **(
            {"shortcuts alone": shortcut["figures"]} if shortcut else {})}
        blocks += [Say(f"By {level}: {_counts(run, level)}", "lead"), Table(
            [f"by {level}", *columns],
            [[run.title(name), *(estimate(of.get(name)) for of in columns.values())]
             for name in run.evaluation["titles"] if name in found["figures"][_ENSEMBLE]])]
    blocks.append(Say(
        f"Of {_smaller(run)}, less is better. The shortcuts see no pixel of bone: size, borders, "
        "brightness and what the data set tells beside the pictures, in boosted trees.", "faint"))
    return Section("figures", "Figures on the test part", blocks)


def _counts(run: Run, level: str) -> str:
    counts = run.level(level)["counts"]
    of_labels = ", ".join(f"{number:,} {label}" for label, number in counts["labels"].items())
    threshold = run.level(level)["threshold"]
    called = ("the most probable class is the verdict" if threshold is None else
              f"called {run.looked_for} from a probability of {threshold:.3f}, "
              f"chosen on validation for {run.rule(level)}")
    rule = run.chosen["study_rule"]
    pooled = f"; of a study the {rule} of its images" if level == "study" else ""
    return f"{of_labels}; {called}{pooled}."


def _smaller(run: Run) -> str:
    return " and ".join(run.title(name) for name in run.evaluation["smaller_is_better"])


def comparisons(run: Run) -> Section:
    """Say in words what the ensemble is worth beside the shortcuts and each member."""
    blocks: list[Block] = [Items(list(run.evaluation["says"]))]
    rows = list(_paired(run))
    if rows:
        blocks.append(Fold("The differences that these rest on", [Table(
            ["ensemble against", "AUROC above", "accuracy above", "only the ensemble right",
             "only the other right", "McNemar p"], rows)]))
    return Section("comparisons", "Against shortcuts and members", blocks)


def _paired(run: Run) -> Iterator[list[Cell]]:
    for level in LEVELS:
        for member, found in run.level(level)["members"].items():
            test = found["mcnemar"]
            yield [f"{member}, by {level}", *(signed(found["above"].get(name))
                                              for name in ("auroc", "accuracy")),
                   test["only_ensemble_right"], test["only_member_right"], float(test["p"])]


def parts(run: Run) -> Section:
    """Show where the figures hold: by class, body part, view and size."""
    names = _OF_PARTS[run.looked_for is not None]
    blocks: list[Block] = []
    for level in LEVELS:
        for kind, groups in run.level(level)["subgroups"].items():
            blocks.append(Table(
                [f"{_TITLES.get(kind, kind)}, by {level}", "rows", "groups",
                 *(run.title(name) for name in names)],
                [[group, found["rows"], found["groups"],
                  *(estimate(found["figures"].get(name)) for name in names)]
                 for group, found in groups.items()], bars=True))
    plot = run.sources.plots / "evaluate/subgroups.png"
    if blocks and plot.is_file():
        blocks.insert(0, Plots([Plot("By body part, view and size", plot)]))
    classes = run.level("image")["classes"]
    shown = ("sensitivity", "specificity", "ppv", "f1", "auroc", "average_precision")
    blocks.append(Table(
        ["each class against the rest, by image", *(run.title(name) for name in shown)],
        [[label, *(estimate(found.get(name)) for name in shown)]
         for label, found in classes.items()], bars=True))
    return Section("parts", "By class, body part, view and size", [*blocks, Say(
        "Few groups make wide intervals; differences between rows are not tested.", "faint")])


def calibration(run: Run) -> Section:
    """Show whether a probability can be read as one."""
    found = {level: run.level(level)["figures"][_ENSEMBLE] for level in LEVELS}
    blocks: list[Block] = [
        Say("How far a stated probability is from what then happens: an expected calibration error "
            f"of {estimate(found['image']['ece'])} by image and {estimate(found['study']['ece'])} "
            f"by study; Brier score {estimate(found['image']['brier'])} and "
            f"{estimate(found['study']['brier'])}."),
        Plots([Plot("Reliability", run.sources.plots / "evaluate/reliability.png")])]
    if bins := run.level("image")["reliability"]:
        blocks.append(Fold("The bins, by image", [Table(
            ["images", "said", "happened"],
            [[row["rows"], float(row["said"]), float(row["happens"])] for row in bins])]))
    return Section("calibration", "Calibration", blocks)
