"""The shortcut baseline beside every AUROC: what it reaches on the same rows, and how much less."""

from collections.abc import Mapping
from typing import Any

from osteon.aggregation import ENSEMBLE
from osteon.intervals import Estimate
from osteon.report.document import Block, Cell, Gauge, Table
from osteon.report.run import Run, estimate, signed, told

HEAD = ("shortcuts alone, AUROC", "above them by")


def gauge(title: str, name: str, found: Estimate, shortcut: Mapping[str, Any] | None) -> Gauge:
    """Show a figure, and beside it what shortcuts alone reach, where that was measured."""
    alone = estimate(shortcut["figures"].get(name)) if shortcut else None
    if not shortcut or alone is None or alone.value is None or name not in shortcut["above"]:
        return Gauge(title, found)
    return Gauge(title, found, f"shortcuts alone {alone.value:.3f}; above them by "
                 f"{signed(shortcut['above'][name])}", alone.value)


def cells(found: Mapping[str, Any] | None) -> list[Cell]:
    """Give the baseline's AUROC on some rows, and by how much it is exceeded, resampled together.

    What does not clearly beat it is said not to.
    """
    if not found:
        return [None, None]
    lead = signed(found["above"]["auroc"])
    verdict = {True: "", False: "; not clearly", None: "; cannot be told"}[found["beaten"]]
    return [estimate(found["figures"]["auroc"]), f"{lead}{verdict}"]


def beside(run: Run, levels: Mapping[str, Any]) -> list[Block]:
    """Show the winner and each member beside the baseline, at both levels; nothing without one."""
    rows: list[list[Cell]] = []
    for level, found in told(levels).items():
        if not found["shortcut"]:
            continue
        compared = {ENSEMBLE: found["shortcut"],
                    **{name: of["shortcut"] for name, of in found["members"].items()}}
        rows += [[f"{run.column if name == ENSEMBLE else name}, by {level}",
                  estimate(found["figures"][name]["auroc"]), *cells(of)]
                 for name, of in compared.items()]
    return [Table(["beside the shortcut baseline", "AUROC", *HEAD], rows)] if rows else []
