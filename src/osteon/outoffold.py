"""What the ensemble is worth on the images that judged its networks: training and validation.

Each network is judged by the fold it has not seen, and each combination by folds it was not fitted
to, so that the figures are of new images; but for the choice among combinations, made by them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from osteon.aggregation import ENSEMBLE, of_member, of_studies, studies, with_member
from osteon.audit import shortcuts
from osteon.ensemble import Choice
from osteon.evaluation import (
    SHORTCUTS,
    About,
    Evaluation,
    Tables,
    evaluate,
    verdict_column,
    with_member_verdicts,
)
from osteon.files import write_json
from osteon.params import Params
from osteon.predictions import out_of_fold
from osteon.records import write_table
from osteon.splits import Cut

TABLE, ABOUT = "out_of_fold.csv", "out_of_fold.json"


def write(folder: Path, images: pd.DataFrame, choice: Choice, cut: Cut, first: Path,
          settings: Params) -> dict[str, float | None]:
    """Measure what `predictions.out_of_fold` gave, and write it as JSON and as a table.

    `first` has each member's folder as its first phase left it. Returns the two figures that runs
    are compared by.
    """
    images, read = _with_shortcuts(images, cut, settings)
    evaluation, tables = measure(
        images, out_of_fold(cut, first, settings), choice, read,
        resamples=settings.evaluate.resamples, seed=settings.seed)
    write_json(folder / ABOUT, cut.marked({"protocol": cut.to_json(), **evaluation.to_json()}))
    write_table(folder / TABLE, cut.marked_table(tables["image"]))
    return dict(list(evaluation.chosen().items())[:2])


def before(member: str) -> str:
    """Name a member as it was before its whole network was trained."""
    return f"{member}_before"


def measure(images: pd.DataFrame, first: pd.DataFrame, choice: Choice, shortcut: str | None, *,
            resamples: int, seed: int) -> tuple[Evaluation, Tables]:
    """Measure the winner beside its members, these before fine-tuning, and the shortcut baseline.

    `images` has what the members' networks say of the folds they have not seen, `first` what they
    said after their first phase (a frozen backbone with its new head, where there were weights),
    in the same order. `images` has the baseline's probabilities where `shortcut` says what it read.
    """
    winner = choice.winner
    table = with_member(images, ENSEMBLE, winner.labels, choice.said.probabilities).assign(
        verdict=choice.said.verdicts)
    names = [before(member) for member in winner.members]
    for member, name in zip(winner.members, names, strict=True):
        table = with_member(table, name, winner.labels, of_member(first, member, winner.labels))
    by_study = studies(table, winner)
    for name in (*names, *([SHORTCUTS] if shortcut else [])):
        by_study = with_member(by_study, name, winner.labels, of_studies(table, name, winner))
    tables: Tables = {"image": with_member_verdicts(table, winner, "image"),
                      "study": with_member_verdicts(by_study, winner, "study")}
    tables = {level: found.assign(**{
        verdict_column(name): of_member(found, name, winner.labels).argmax(axis=1)
        for name in names}) for level, found in tables.items()}
    return evaluate(tables, About(
        winner.labels, (*winner.members, *names), winner.method, winner.thresholds, shortcut,
        resamples, seed)), tables


def _with_shortcuts(images: pd.DataFrame, cut: Cut,
                    settings: Params) -> tuple[pd.DataFrame, str | None]:
    """Add what boosted trees, trained on the other folds, make of each; and what they read."""
    labels, rows = settings.dataset.labels, cut.part("train", "validation").reset_index(drop=True)
    said, read = np.zeros((len(rows), len(labels))), None
    for fold in sorted(set(images["fold"])):
        held_out = images["fold"].to_numpy() == fold
        turn = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        found = shortcuts.baseline(rows, images["target"].to_numpy(), turn, len(labels),
                                   seed=settings.seed)
        if found is None:
            return images, None
        read, said[held_out] = found
    return with_member(images, SHORTCUTS, labels, said), read
