"""Tables of probabilities: a column a member and class, the winner's beside them, then studies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.combination import Combination, Floats, pooled
from osteon.records import probability_columns

ENSEMBLE = "ensemble"
SHORTCUTS = "shortcuts"  # what the baseline says, in columns like a member's


def before(member: str) -> str:
    """Name a member as it was before its whole network was trained."""
    return f"{member}_before"


def of_member(table: pd.DataFrame, name: str, labels: Sequence[str]) -> Floats:
    """Read a member's, or the ensemble's, probabilities: (rows, classes)."""
    return table[probability_columns(name, tuple(labels))].to_numpy(dtype=np.float64)


def of_members(table: pd.DataFrame, members: Sequence[str], labels: Sequence[str]) -> Floats:
    """Read all members' probabilities: (rows, members, classes)."""
    return np.stack([of_member(table, member, labels) for member in members], axis=1)


def with_member(table: pd.DataFrame, name: str, labels: Sequence[str],
                probabilities: NDArray[np.floating]) -> pd.DataFrame:
    """Add a member's, or the ensemble's, probabilities (rows, classes) as columns."""
    names = probability_columns(name, tuple(labels))
    return table.assign(**dict(zip(names, probabilities.T, strict=True)))


def of_studies(images: pd.DataFrame, name: str, winner: Combination) -> Floats:
    """Pool a member's, or the ensemble's, probabilities by the winner's rule: (studies, classes).

    Studies are in the order of their names.
    """
    codes, _ = pd.factorize(images["study_id"], sort=True)
    return pooled(of_member(images, name, winner.labels), codes, winner.study_rule)


def with_verdicts(images: pd.DataFrame, winner: Combination) -> pd.DataFrame:
    """Add the winner's probabilities and verdict to rows that have each member's."""
    found = winner.probabilities(of_members(images, winner.members, winner.labels),
                                 images["body_part"].tolist())
    return with_member(images, ENSEMBLE, winner.labels, found).assign(
        verdict=winner.verdicts(found, "image"))


def studies(images: pd.DataFrame, winner: Combination) -> pd.DataFrame:
    """Pool rows that `with_verdicts` has completed: one row a study, in the order of their names.

    A study's label is its images' highest class number; checks before the cut see to it that they
    do not differ.
    """
    table = images.groupby("study_id", sort=True).agg(
        group_id=("group_id", "first"), body_part=("body_part", "first"),
        target=("target", "max"), images=("target", "size")).reset_index()
    for name in (*winner.members, ENSEMBLE):
        table = with_member(table, name, winner.labels, of_studies(images, name, winner))
    found = of_member(table, ENSEMBLE, winner.labels)
    return table.assign(verdict=winner.verdicts(found, "study"))
