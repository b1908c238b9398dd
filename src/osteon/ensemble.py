"""Which combination of the members is best, judged on validation rows it was not fitted to."""

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from osteon import metrics, thresholds
from osteon.aggregation import studies
from osteon.combination import Combination, Floats, Level, Method, weighted_mean
from osteon.metrics import Estimate
from osteon.params import Ensemble
from osteon.records import probability_of

_BY_SIMPLICITY: tuple[Method, ...] = ("mean", "majority", "weighted")
_TENTHS = 10  # weights are searched in steps of 0.1, as the published weighted ensemble does


@dataclass(frozen=True)
class Verdict:
    """The winner and the table that made it one."""

    winner: Combination
    candidates: dict[Method, Estimate]  # of the metric, out of fold
    metric: str

    def to_json(self) -> dict[str, Any]:
        """Write plain values, and in words why this one won."""
        return {**self.winner.to_json(), "metric": self.metric,
                "candidates": metrics.to_json(self.candidates), "why": self.why()}

    def why(self) -> str:
        """Say what decided."""
        if len(self.winner.members) == 1:
            return "there is one member"
        table = ", ".join(f"{method} {estimate}" for method, estimate in self.candidates.items())
        return (f"{self.winner.method} has the best {self.metric} on validation, out of fold; "
                f"ties go to the simpler ({table})")


def choose(images: pd.DataFrame, members: tuple[str, ...], settings: Ensemble,
           *, resamples: int, seed: int) -> Verdict:
    """Fit every method on validation and choose by the metric.

    `images` has target, group_id, study_id and each member's probability of the positive class.
    Each method is judged on folds (of whole groups) it was not fitted to, so that one with more
    freedom does not win by overfitting.
    """
    methods = _BY_SIMPLICITY if len(members) > 1 else _BY_SIMPLICITY[:1]
    candidates = {
        method: _out_of_fold(method, images, members, settings, resamples, seed)[settings.metric]
        for method in methods}
    best = max(methods, key=lambda method: round(candidates[method].value or 0.0, 4))
    return Verdict(fit(best, images, members, settings), candidates, settings.metric)


def fit(method: Method, images: pd.DataFrame, members: tuple[str, ...],
        settings: Ensemble) -> Combination:
    """Fit weights and thresholds of a method to validation rows."""
    columns = [probability_of(member) for member in members]
    of_members, target = images[columns].to_numpy(), images["target"].to_numpy()
    weights = (_weights(of_members, target) if method == "weighted"
               else tuple([1 / len(members)] * len(members)))
    tables: dict[Level, pd.DataFrame] = {"image": images, "study": studies(images, columns)}
    unset = Combination(method, members, weights, {
        level: tuple(thresholds.choose(table["target"].to_numpy(), table[column].to_numpy(),
                                       settings.threshold_rule) for column in columns)
        for level, table in tables.items()}, {"image": 0.5, "study": 0.5})
    if method == "majority":
        return unset  # half of the votes, by definition
    combined = images.assign(probability=unset.probabilities(of_members))
    levels: dict[Level, pd.DataFrame] = {
        "image": combined, "study": studies(combined, ["probability"])}
    return Combination(method, members, weights, unset.member_thresholds, {
        level: thresholds.choose(table["target"].to_numpy(), table["probability"].to_numpy(),
                                 settings.threshold_rule)
        for level, table in levels.items()})


def _out_of_fold(method: Method, images: pd.DataFrame, members: tuple[str, ...],
                 settings: Ensemble, resamples: int, seed: int) -> metrics.Scores:
    columns = [probability_of(member) for member in members]
    probabilities = np.empty(len(images))
    verdicts = np.empty(len(images), dtype=bool)
    folds = GroupKFold(min(settings.folds, images["group_id"].nunique()))
    for rest, held_out in folds.split(images, groups=images["group_id"]):
        fitted = fit(method, images.iloc[rest], members, settings)
        probabilities[held_out] = fitted.probabilities(images[columns].to_numpy()[held_out])
        verdicts[held_out] = fitted.verdicts(probabilities[held_out], "image")
    return metrics.measure(images["target"], probabilities, verdicts, images["group_id"],
                           resamples=resamples, seed=seed)


def _weights(of_members: Floats, target: NDArray[np.int64]) -> tuple[float, ...]:
    """Weights on the simplex, in tenths, with the least log loss on these rows."""
    def loss(weights: tuple[float, ...]) -> float:
        return float(log_loss(target, weighted_mean(of_members, weights), labels=[0, 1]))
    return min(_simplex(of_members.shape[1]), key=loss)


def _simplex(members: int) -> list[tuple[float, ...]]:
    """All ways to share ten tenths among the members (stars and bars)."""
    found = []
    for bars in combinations(range(_TENTHS + members - 1), members - 1):
        edges = [-1, *bars, _TENTHS + members - 1]
        found.append(tuple((right - left - 1) / _TENTHS
                           for left, right in pairwise(edges)))
    return found
