"""Tables of probabilities: a column a member and class, the winner's beside them, then studies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from osteon.combination import Combination, Floats, pooled
from osteon.records import probability_columns

ENSEMBLE = "ensemble"


def of_member(table: pd.DataFrame, name: str, labels: Sequence[str]) -> Floats:
    """Read a member's, or the ensemble's, probabilities: (rows, classes)."""
    return table[probability_columns(name, tuple(labels))].to_numpy(dtype=np.float64)


def of_members(table: pd.DataFrame, members: Sequence[str], labels: Sequence[str]) -> Floats:
    """Read all members' probabilities: (rows, members, classes)."""
    return np.stack([of_member(table, member, labels) for member in members], axis=1)


def with_verdicts(images: pd.DataFrame, winner: Combination) -> pd.DataFrame:
    """Add the winner's probabilities and verdict to rows that have each member's."""
    found = winner.probabilities(of_members(images, winner.members, winner.labels),
                                 images["body_part"].tolist())
    return _with_ensemble(images, found, winner).assign(verdict=winner.verdicts(found, "image"))


def studies(images: pd.DataFrame, winner: Combination) -> pd.DataFrame:
    """Pool rows that `with_verdicts` has completed: one row a study, in the order of their names.

    Members and ensemble are pooled by the winner's rule. A study's label is its images' highest
    class number; checks before the cut see to it that they do not differ.
    """
    codes, _ = pd.factorize(images["study_id"], sort=True)
    table = images.groupby("study_id", sort=True).agg(
        group_id=("group_id", "first"), body_part=("body_part", "first"),
        target=("target", "max"), images=("target", "size")).reset_index()
    for name in winner.members:
        found = pooled(of_member(images, name, winner.labels), codes, winner.study_rule)
        table = table.assign(**dict(zip(probability_columns(name, winner.labels), found.T,
                                        strict=True)))
    found = pooled(of_member(images, ENSEMBLE, winner.labels), codes, winner.study_rule)
    return _with_ensemble(table, found, winner).assign(verdict=winner.verdicts(found, "study"))


def _with_ensemble(table: pd.DataFrame, found: Floats, winner: Combination) -> pd.DataFrame:
    names = probability_columns(ENSEMBLE, winner.labels)
    return table.assign(**dict(zip(names, found.T, strict=True)))
