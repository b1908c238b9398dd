"""One side of a comparison: what is known of some images without a label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.aggregation import ENSEMBLE
from osteon.familiarity import Familiarity, Floats
from osteon.records import STATISTICS, probability_columns, read_table

Numbers = NDArray[np.int64]
DISTANCE = "distance from the reference"  # of an embedding; a few strangers move it far


@dataclass(frozen=True)
class Sample:
    """Images in an order in which neighbours may be of one patient.

    `groups` names each image's group; None where nobody knows the patients.
    """

    statistics: Floats  # (n, S), the index's STATISTICS
    coordinates: Floats  # (n, k) of the embedding, by the reference's Familiarity
    distances: Floats  # (n,) to the nearest reference images of other groups
    probabilities: Floats  # (n, classes) of the ensemble
    verdicts: Numbers  # (n,) class numbers
    groups: Numbers | None
    trained_on: bool = False  # by the members, whose outputs then are not those of new images

    def __len__(self) -> int:
        return len(self.verdicts)

    @classmethod
    def reference(cls, predictions: Path, familiarity: Familiarity, split: pd.DataFrame,
                  labels: tuple[str, ...]) -> Self:
        """Take the images that `familiarity` was fitted to, from the table of their verdicts."""
        groups = read_table(predictions)["group_id"].tolist()
        return replace(cls.part(predictions, familiarity, familiarity.reference, split, labels),
                       distances=familiarity.distance_within(groups))

    @classmethod
    def part(cls, predictions: Path, familiarity: Familiarity, coordinates: Floats,
             split: pd.DataFrame, labels: tuple[str, ...]) -> Self:
        """Take a part of the data set from the table of its verdicts; no label is taken.

        `coordinates` are row by row as in the table, `split` has each path's statistics.
        """
        probabilities = probability_columns(ENSEMBLE, labels)
        table = read_table(predictions)[["path", "group_id", "verdict", *probabilities]]
        measured = split.set_index("path").loc[table["path"], STATISTICS]
        return cls(measured.to_numpy(np.float64), coordinates, familiarity.distance(coordinates),
                   table[probabilities].to_numpy(np.float64), table["verdict"].to_numpy(np.int64),
                   pd.factorize(table["group_id"])[0])

    def columns(self, labels: Sequence[str]) -> pd.DataFrame:
        """Give what is compared number by number: statistics, probabilities and the distance.

        Of two classes one probability tells all, since the other is its complement.
        """
        first = 1 if len(labels) == 2 else 0
        return pd.DataFrame(
            np.column_stack([self.statistics, self.probabilities[:, first:], self.distances]),
            columns=[*STATISTICS, *(f"probability of {label}" for label in labels[first:]),
                     DISTANCE])

    def take(self, rows: Numbers) -> Self:
        """Give some of the images."""
        return replace(
            self, statistics=self.statistics[rows], coordinates=self.coordinates[rows],
            distances=self.distances[rows], probabilities=self.probabilities[rows],
            verdicts=self.verdicts[rows],
            groups=None if self.groups is None else self.groups[rows])

    def in_units(self, images: int) -> Numbers:
        """Give each image's unit (n,), counted from 0: what is drawn together or not at all.

        Its group; without groups, so many neighbours make a unit.
        """
        if self.groups is None:
            return np.arange(len(self)) // images
        return np.unique(self.groups, return_inverse=True)[1].astype(np.int64)
