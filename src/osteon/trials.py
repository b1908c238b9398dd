"""What a search tried, what it chose, and a picture of both."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from osteon import plots
from osteon.errors import UserError
from osteon.files import write_json
from osteon.plan import Values
from osteon.records import write_table
from osteon.sections.training import Train
from osteon.sections.tuning import Tune
from osteon.study import End, Trial

BEST, TABLE, CURVES, DRAWN = "best.json", "trials.csv", "curves.csv", "trials.png"

_INK: dict[End, str] = {"complete": "#1f77b4", "stopped": "#9a9a9a", "diverged": "#d62728"}


def overrides(values: Values) -> dict[str, dict[str, Any]]:
    """Give values as what is laid over settings, as in {"train": {"batch_size": 32}}."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, key = name.split(".")
        found.setdefault(section, {})[key] = value
    return found


def best(trials: Sequence[Trial], monitor: str) -> Trial:
    """Give the best of the trials that went to their end, the first of equals.

    One that was stopped did worse at that epoch than one that went on.

    Raises:
        UserError: none went to its end.
    """
    complete = [trial for trial in trials if trial.end == "complete"]
    if not complete:
        raise UserError("tune: no trial went to its end, since the loss of each became no number; "
                        "lower tune.space.train.learning_rate, or set trainer.precision=fp32")
    scores = [trial.curve[-1] for trial in complete]
    return complete[int(np.argmin(scores) if monitor == "loss" else np.argmax(scores))]


def summary(trials: Sequence[Trial], monitor: str) -> dict[str, Any]:
    """Say what was chosen, and out of how much; without trials, that nothing was."""
    if not trials:
        return {"overrides": {}, "metric": monitor, "value": None, "trials": 0}
    chosen = best(trials, monitor)
    ends = [trial.end for trial in trials]
    return {"overrides": overrides(chosen.values), "metric": monitor,
            "value": round(chosen.curve[-1], 6), "trial": chosen.number,
            "epoch": chosen.curve.index(chosen.curve[-1]) + 1,  # from 1: where it was reached
            "trials": len(trials), "stopped": ends.count("stopped"),
            "diverged": ends.count("diverged")}


def write(folder: Path, said: Mapping[str, Any], trials: Sequence[Trial]) -> None:
    """Write what training goes by, and a table with a row a trial."""
    write_json(folder / BEST, said)
    rows = [{"trial": trial.number, "end": trial.end, "epochs": len(trial.curve),
             "value": _value(trial), **{name: _cell(value) for name, value in trial.values.items()}}
            for trial in trials]
    write_table(folder / TABLE, pd.DataFrame(rows, columns=None if rows else [
        "trial", "end", "epochs", "value"]))


def write_plots(folder: Path, trials: Sequence[Trial], train: Train, tune: Tune, *,
                mark: str) -> None:
    """Draw the value of each trial, and its way there; the same as tables for `dvc plots`."""
    figure, (left, right) = plots.panels(2, height=3.6)
    if trials:
        _dots(left, trials, train.monitor)
        _ways(right, trials, tune)
        write_table(folder / TABLE, pd.DataFrame([
            {"trial": trial.number, "end": trial.end, "value": _value(trial)} for trial in trials]))
        write_table(folder / CURVES, pd.DataFrame([
            {"trial": trial.number, "epoch": epoch, "value": round(value, 6)}
            for trial in trials for epoch, value in enumerate(trial.curve, start=1)]))
    left.set(title=f"{train.monitor} on validation" if trials else "no search (tune.trials: 0)",
             xlabel="trial")
    right.set(title="best so far; dotted: where Hyperband stops trials", xlabel="epoch")
    plots.save(figure, folder / DRAWN, mark)


def _dots(axes: Axes, trials: Sequence[Trial], monitor: str) -> None:
    for end, ink in _INK.items():
        these = [trial for trial in trials if trial.end == end]
        shown = [trial for trial in these if trial.curve]  # some diverge in their first epoch
        if these:
            axes.scatter([trial.number for trial in shown], [trial.curve[-1] for trial in shown],
                         s=22, label=f"{end}: {len(these)}", edgecolors=ink,
                         facecolors=ink if end == "complete" else "none")
    chosen = best(trials, monitor)
    axes.scatter(chosen.number, chosen.curve[-1], s=110, marker="*", color="#ff7f0e",
                 label="chosen", zorder=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=7)


def _ways(axes: Axes, trials: Sequence[Trial], tune: Tune) -> None:
    rungs = list(_rungs(tune))
    for trial in trials:
        axes.plot(range(1, len(trial.curve) + 1), trial.curve, color=_INK[trial.end], alpha=0.6,
                  linewidth=1, marker="." if len(trial.curve) == 1 else None)
    for rung in rungs:
        axes.axvline(rung, color="grey", linestyle=":", linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks([*rungs, tune.epochs], [str(epoch) for epoch in (*rungs, tune.epochs)])
    axes.minorticks_off()


def _rungs(tune: Tune) -> Iterator[int]:
    """Give the epochs at which the worse trials are stopped."""
    rung = tune.least_epochs
    while rung < tune.epochs:
        yield rung
        rung *= tune.keep_one_in


def _value(trial: Trial) -> float | None:
    return round(trial.curve[-1], 6) if trial.curve else None


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, tuple) else value
