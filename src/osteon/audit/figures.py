"""The audit as two pictures: what each protocol would have claimed, and what shortcuts reach."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from osteon.audit.assemble import FIGURES, HONEST, LOOK_UP, Audit
from osteon.intervals import Estimate
from osteon.plots import save

PROBES = {HONEST: "linear probe", LOOK_UP: "nearest neighbour"}
_COLOURS = {HONEST: "#2f6fa8", LOOK_UP: "#d06a1b"}
_LEAKY = "#d00000"


def files(folder: Path) -> dict[str, Path]:
    """Say where `write` draws its pictures, by name."""
    return {name: folder / f"{name}.png" for name in ("protocols", "shortcuts")}


def write(folder: Path, found: Audit, *, mark: str) -> None:
    """Draw both pictures into a folder."""
    protocols(files(folder)["protocols"], found, mark=mark)
    shortcuts(files(folder)["shortcuts"], found, mark=mark)


def protocols(file: Path, found: Audit, *, mark: str) -> None:
    """Draw each protocol's claim by both probes, with 95 % intervals; what leaks in red."""
    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.55 * len(found.claims)), layout="constrained")
    for row, claim in enumerate(found.claims):
        for side, probe in ((-1, HONEST), (1, LOOK_UP)):
            label = PROBES[probe] if row == 0 else None
            _point(axes, claim.scores[probe][found.headline], row + 0.1 * side, _COLOURS[probe],
                   label, side=side)
    _rows(axes, [claim.protocol.title for claim in found.claims], found)
    for name, claim in zip(axes.get_yticklabels(), found.claims, strict=True):
        name.set_color(_LEAKY if claim.protocol.shared else "black")
    axes.set_title("What this data set would have claimed under each protocol (red: leaks)")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, file, mark)


def shortcuts(file: Path, found: Audit, *, mark: str) -> None:
    """Draw what each set of shortcuts reaches alone, beside chance and the honest probe."""
    figure, axes = plt.subplots(figsize=(8, 0.9 + 0.34 * len(found.shortcuts)),
                                layout="constrained")
    for row, scores in enumerate(found.shortcuts.values()):
        _point(axes, scores[found.headline], row, _COLOURS[LOOK_UP], None)
    honest = found.claims[0].scores[HONEST][found.headline]
    if honest.value is not None and honest.low is not None and honest.high is not None:
        axes.axvspan(honest.low, honest.high, color=_COLOURS[HONEST], alpha=0.15, linewidth=0)
        axes.axvline(honest.value, color=_COLOURS[HONEST], label="linear probe, cut by group")
    _rows(axes, list(found.shortcuts), found)
    axes.set_title("How far what is not anatomy predicts the label")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, file, mark)


def _point(axes: Axes, estimate: Estimate, height: float, colour: str, label: str | None,
           *, side: int = -1) -> None:
    """Draw a figure with its interval, its number above (-1) or below (1)."""
    if estimate.value is None:
        return
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [height, height], color=colour, linewidth=2)
    axes.plot(estimate.value, height, "o", color=colour, markersize=5, label=label)
    axes.annotate(f"{estimate.value:.3f}", (estimate.value, height), xytext=(0, -4 * side),
                  textcoords="offset points", ha="center", fontsize=7, color=colour,
                  va="bottom" if side < 0 else "top")


def _rows(axes: Axes, names: Sequence[str], found: Audit) -> None:
    axes.axvline(found.chance, linestyle=":", color="grey", label="chance")
    axes.set_yticks(range(len(names)), names)
    left = min(axes.get_xlim()[0], found.chance - 0.03)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlim=(left, 1.03), xlabel=FIGURES[found.headline])
    axes.grid(visible=False, axis="y")
