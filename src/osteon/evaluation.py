"""The test part, read once: what the winner and each member are worth, with intervals."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from osteon import metrics
from osteon.aggregation import studies
from osteon.combination import Combination, Level
from osteon.metrics import Scores
from osteon.records import probability_of
from osteon.splits import Cut


@dataclass(frozen=True)
class Evaluation:
    """Scores of the winner and the members, by image and by study."""

    winner: dict[Level, Scores]
    members: dict[str, dict[Level, Scores]]
    counts: dict[str, int]

    def to_json(self, cut: Cut) -> dict[str, Any]:
        """Write plain values, below the protocol of the cut that they hold for."""
        def plain(levels: dict[Level, Scores]) -> dict[str, Any]:
            return {level: metrics.to_json(scores) for level, scores in levels.items()}
        return cut.marked({
            "protocol": cut.to_json(), "winner": plain(self.winner), "test": self.counts,
            "members": {name: plain(levels) for name, levels in self.members.items()}})


def with_verdicts(images: pd.DataFrame, winner: Combination) -> pd.DataFrame:
    """Add the winner's `probability` and `verdict` to rows that have each member's probability."""
    columns = [probability_of(member) for member in winner.members]
    probability = winner.probabilities(images[columns].to_numpy())
    return images.assign(probability=probability, verdict=winner.verdicts(probability, "image"))


def evaluate(images: pd.DataFrame, winner: Combination, *, resamples: int,
             seed: int) -> Evaluation:
    """Measure rows that `with_verdicts` has completed."""
    columns = [probability_of(member) for member in winner.members]
    tables: dict[Level, pd.DataFrame] = {
        "image": images, "study": studies(images, ["probability", *columns])}
    score = partial(_score, resamples=resamples, seed=seed)
    of_winner = {level: score(table, "probability", winner.thresholds[level])
                 for level, table in tables.items()}
    of_members = {
        member: {level: score(table, probability_of(member),
                              winner.member_thresholds[level][number])
                 for level, table in tables.items()}
        for number, member in enumerate(winner.members)}
    return Evaluation(of_winner, of_members, {
        "images": len(images), "studies": len(tables["study"]),
        "groups": images["group_id"].nunique(), "positive_images": int(images["target"].sum())})


def _score(table: pd.DataFrame, column: str, threshold: float, *, resamples: int,
           seed: int) -> Scores:
    probabilities = table[column].to_numpy(dtype=np.float64)
    return metrics.measure(table["target"], probabilities, probabilities >= threshold,
                           table["group_id"], resamples=resamples, seed=seed)
