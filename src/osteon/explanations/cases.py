"""Which test images are worth explaining one by one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Kind = Literal["right", "wrong", "nearest"]
KINDS: tuple[Kind, ...] = ("right", "wrong", "nearest")


@dataclass(frozen=True)
class Case:
    """A row of the predictions by its index, why it was chosen, and how far it was from a turn."""

    kind: Kind
    row: int
    distance: float


def explained(verdicts: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Give the class that maps explain: of two the last, which is looked for; else the verdict."""
    return np.full_like(verdicts, 1) if classes == 2 else verdicts


def distances(probabilities: NDArray[np.float64], threshold: float | None) -> NDArray[np.float64]:
    """Tell how far rows (rows, classes) are from another verdict.

    Of two classes the last one's distance from the threshold; of more, by how much the best class
    leads.
    """
    if threshold is not None:
        return np.abs(probabilities[:, -1] - threshold)
    best = np.sort(probabilities, axis=1)
    return best[:, -1] - best[:, -2]


def choose(predictions: pd.DataFrame, distance: NDArray[np.float64], most: int) -> list[Case]:
    """Choose the surest right and wrong verdicts, and those nearest to another verdict.

    `predictions` has target, verdict and group_id. Each kind takes so many images at most, one of
    a group, from the classes in turn, the last class first: the surest of a rare class would
    else not be seen.
    """
    table = predictions.assign(distance=distance)
    surest = table.sort_values("distance", ascending=False, kind="stable")
    right = surest["target"] == surest["verdict"]
    orders = {"right": surest[right], "wrong": surest[~right],
              "nearest": table.sort_values("distance", kind="stable")}
    chosen: list[Case] = []
    for kind in KINDS:
        rest = orders[kind].drop(index=[case.row for case in chosen], errors="ignore")
        first = _in_turn(rest.drop_duplicates("group_id")).head(most)
        chosen += [Case(kind, int(row), float(away))
                   for row, away in zip(first.index, first["distance"], strict=True)]
    return chosen


def sample(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Draw so many rows at most, in their order; fewer are always among more."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def _in_turn(rows: pd.DataFrame) -> pd.DataFrame:
    """Deal the rows, each class's in their order, one of each class after the other."""
    turn = rows.groupby("target").cumcount()
    return rows.assign(turn=turn).sort_values(
        ["turn", "target"], ascending=[True, False], kind="stable")
