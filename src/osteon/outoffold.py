"""What the ensemble is worth on the images that judged its networks: training and validation.

Each network is judged by the fold it has not seen; each combination, with its thresholds and its
rule of studies, by folds that decided none of it. So the figures are of new images, but for the
choice among combinations, which they made.
"""

from pathlib import Path

import pandas as pd

from osteon.aggregation import before, of_member, with_member
from osteon.ensemble import Choice
from osteon.evaluation import About, Evaluation, Tables, evaluate, tables
from osteon.files import write_json
from osteon.params import Params
from osteon.predictions import out_of_fold
from osteon.records import write_table
from osteon.splits import Cut

TABLE, ABOUT = "out_of_fold.csv", "out_of_fold.json"


def write(folder: Path, images: pd.DataFrame, choice: Choice, shortcut: str | None, cut: Cut,
          first: Path, settings: Params) -> dict[str, float | None]:
    """Measure what `predictions.out_of_fold` gave, and write it as JSON and as a table.

    `images` has the shortcut baseline's columns where `shortcut` says what it read. `first` has
    each member's folder as its first phase left it. Returns the two figures that runs
    are compared by.
    """
    evaluation, by_level = measure(
        images, out_of_fold(cut, first, settings), choice, shortcut,
        resamples=settings.evaluate.resamples, seed=settings.seed)
    write_json(folder / ABOUT, cut.marked({"protocol": cut.to_json(), **evaluation.to_json()}))
    write_table(folder / TABLE, cut.marked_table(by_level["image"]))
    return dict(list(evaluation.chosen().items())[:2])


def measure(images: pd.DataFrame, first: pd.DataFrame, choice: Choice, shortcut: str | None, *,
            resamples: int, seed: int) -> tuple[Evaluation, Tables]:
    """Measure the winner beside its members, these before fine-tuning, and the shortcut baseline.

    `images` has what the members' networks say of the folds they have not seen, `first` what they
    said after their first phase (a frozen backbone with its new head, where there were weights),
    in the same order. `images` has the baseline's probabilities where `shortcut` says what it read.
    Verdicts, of members too, are by thresholds that the row's own fold had no part in; its studies
    are pooled by the rule that the other folds chose.
    """
    winner = choice.winner
    for member in winner.members:
        images = with_member(images, before(member), winner.labels,
                             of_member(first, member, winner.labels))
    parts = [tables(images.iloc[turn.held_out], turn.fitted) for turn in choice.turns]
    found: Tables = {
        "image": pd.concat([part["image"] for part in parts]).sort_index(),
        "study": pd.concat([part["study"] for part in parts]).sort_values("study_id")}
    return evaluate(found, About(
        winner.labels, winner.members, winner.method, dict.fromkeys(found), shortcut, resamples,
        seed, winner.alone, winner.members)), found
