"""Whether current images still look like those that everything was chosen on."""

from collections.abc import Mapping
from typing import Any

from osteon.report.document import Block, Cell, Plot, Plots, Say, Section, Table
from osteon.report.run import Run, estimate, percent

_IN_DEVIATIONS = ("statistic", "probability", "distance")
_PLOTS = {"columns": "What moved most", "embedding": "Embeddings, on their first two axes"}


def section(run: Run) -> Section:
    """Show the comparison with the reference: the verdict, each test, plots, and later labels."""
    found = run.drift
    images, units, tests = found["images"], found["units"], found["tests"]
    blocks: list[Block] = [
        Say(f"{found['current'].capitalize()} beside {found['reference']}: {found['verdict']}.",
            "plain" if found["drifted"] is False else "warn")]
    if tests:
        blocks.append(Table(
            ["compared", "difference", "threshold", "chance makes as much in"],
            [_row(test) for test in tests],
            strong=[number for number, test in enumerate(tests) if test["differs"]]))
    blocks.append(Plots([Plot(title, file) for name, title in _PLOTS.items()
                         if (file := run.sources.drift / f"{name}.png").is_file()]))
    blocks += [Say(f"Labels told later, {of_level['says']}.")
               for of_level in found["performance"].values()]
    for level, of_level in found["performance"].items():
        if of_level["figures"]:
            blocks.append(Table([f"by {level}", "figure"], [
                [run.title(name), estimate(figure)]
                for name, figure in of_level["figures"].items()]))
            blocks.append(Say("What shortcuts alone would reach here is not measured; on the test "
                              "part it stands beside each AUROC.", "faint"))
    sizes = (f"{images['current']:,} images in {units['current']:,} groups or runs of neighbours "
             f"beside {images['reference']:,} in {units['reference']:,}.")
    how = (" Grey values, probabilities and distances by the Wasserstein distance in standard "
           "deviations (sd) of the reference; embeddings by the maximum mean discrepancy; verdicts "
           "by the chi-square distance of their shares. Thresholds are from a thousand cuts of "
           "whole groups at random: where nothing differs, "
           f"{percent(found['false_alarms'])} of the runs would tell any difference.")
    return Section("drift", "Drift", [*blocks, Say(sizes + (how if tests else ""), "faint")])


def _row(test: Mapping[str, Any]) -> list[Cell]:
    unit = " sd" if test["kind"] in _IN_DEVIATIONS else ""
    threshold = test["threshold"]
    return [test["name"], f"{test['value']:.3f}{unit}",
            None if threshold is None else f"{threshold:.3f}{unit}", percent(test["chance"])]
