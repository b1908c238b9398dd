"""The ways to combine members that stand for election, and how each is fitted to validation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon import calibration, thresholds, weighting
from osteon.aggregation import of_members
from osteon.combination import (
    Combination,
    Floats,
    Level,
    Method,
    Numbers,
    StudyRule,
    pooled,
    tempered,
)
from osteon.sections.verdict import Ensemble

# From the one with the least freedom to the one with the most.
BY_SIMPLICITY: tuple[Method, ...] = ("single", "mean", "majority", "weighted", "calibrated",
                                     "subset", "stacking", "per_part")
_MOST_FOR_SUBSETS = 8  # members; 255 subsets, and each more doubles them
_LEAST_OF_A_PART = 20  # images; a choice among members on fewer is a throw of dice
LEVELS: tuple[Level, ...] = ("image", "study")


@dataclass(frozen=True)
class Rows:
    """Validation images with what their members say, as arrays."""

    members: tuple[str, ...]
    labels: tuple[str, ...]
    of_members: Floats  # (rows, members, classes)
    targets: Numbers
    groups: NDArray[np.object_]
    studies: NDArray[np.object_]
    parts: NDArray[np.object_]

    @classmethod
    def read(cls, images: pd.DataFrame, members: Sequence[str], labels: Sequence[str]) -> Self:
        """Read a table that has target, group_id, study_id, body_part and the probabilities."""
        return cls(tuple(members), tuple(labels), of_members(images, members, labels),
                   images["target"].to_numpy(np.int64),
                   *(images[name].to_numpy(object)
                     for name in ("group_id", "study_id", "body_part")))

    def some(self, chosen: NDArray[np.bool_] | Numbers) -> Self:
        """Give some of the rows."""
        return replace(self, of_members=self.of_members[chosen], targets=self.targets[chosen],
                       groups=self.groups[chosen], studies=self.studies[chosen],
                       parts=self.parts[chosen])

    def calibrated(self, temperatures: dict[str, float]) -> Self:
        """Give the rows with each member at its temperature."""
        return replace(self, of_members=np.stack([
            tempered(self.of_members[:, number], temperatures[member])
            for number, member in enumerate(self.members)], axis=1))

    def named(self, weights: Sequence[float]) -> dict[str, float]:
        """Name each weight's member."""
        return dict(zip(self.members, weights, strict=True))


@dataclass(frozen=True)
class Candidate:
    """A method; of single members, which."""

    method: Method
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.method}:{self.member}" if self.member else self.method


@dataclass(frozen=True)
class Table:
    """Rows of a level, images or studies, with combined probabilities."""

    targets: Numbers
    probabilities: Floats  # (rows, classes)
    groups: NDArray[np.object_]


def candidates(rows: Rows) -> list[Candidate]:
    """Name all that apply to these rows, the simplest first."""
    singles = [Candidate("single", member) for member in rows.members]
    if len(rows.members) == 1:
        return singles
    left_out: set[Method] = {"single"}
    if len(rows.members) > _MOST_FOR_SUBSETS:
        left_out |= {"subset", "per_part"}
    if len(_parts(rows)) < 2:
        left_out.add("per_part")
    return singles + [Candidate(method) for method in BY_SIMPLICITY if method not in left_out]


def fit(candidate: Candidate, rows: Rows, settings: Ensemble, rule: StudyRule) -> Combination:
    """Fit a candidate, with the thresholds of its own verdicts."""
    plain = replace(Combination.plain(rows.members, rows.labels), method=candidate.method,
                    study_rule=rule)
    if candidate.method == "majority":  # each vote is a verdict
        plain = with_members(plain, rows, settings)
    fitted = _fitted(candidate, plain, rows)
    found = fitted.probabilities(rows.of_members, rows.parts.tolist())
    chosen = _thresholds(found, rows, settings, rule)
    if fitted.method == "majority" and settings.threshold_rule != "sensitivity":
        chosen = {**chosen, "image": plain.thresholds["image"]}  # half of the votes
    return replace(fitted, thresholds=chosen)


def with_members(fitted: Combination, rows: Rows, settings: Ensemble) -> Combination:
    """Add the thresholds of each member by itself."""
    return replace(fitted, member_thresholds={
        member: _thresholds(rows.of_members[:, number], rows, settings, fitted.study_rule)
        for number, member in enumerate(rows.members)})


def table(rows: Rows, probabilities: Floats, level: Level, rule: StudyRule) -> Table:
    """Give the images, or the studies that they make."""
    if level == "image":
        return Table(rows.targets, probabilities, rows.groups)
    codes, names = pd.factorize(rows.studies, sort=True)
    targets = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(targets, codes, rows.targets)
    first = np.unique(codes, return_index=True)[1]
    return Table(targets, pooled(probabilities, codes, rule), rows.groups[first])


def _fitted(candidate: Candidate, plain: Combination, rows: Rows) -> Combination:
    match candidate.method:
        case "single":
            return replace(plain, weights={member: float(member == candidate.member)
                                           for member in rows.members})
        case "weighted":
            return replace(plain, weights=rows.named(weighting.weights(
                rows.of_members, rows.targets)))
        case "stacking":
            return replace(plain, stacking=calibration.stacking(
                rows.of_members, rows.targets, rows.members, rows.labels))
        case "calibrated" | "subset" | "per_part":
            return _calibrated(plain, rows)
    return plain


def _calibrated(plain: Combination, rows: Rows) -> Combination:
    """Fit a temperature a member, then which members the mean is of: all, some, some by part."""
    temperatures = {member: calibration.temperature(rows.of_members[:, number], rows.targets)
                    for number, member in enumerate(rows.members)}
    fitted, found = replace(plain, temperatures=temperatures), rows.calibrated(temperatures)
    if plain.method == "subset":
        return replace(fitted, weights=_best_subset(found))
    if plain.method == "per_part":
        return replace(fitted, part_weights={
            part: _best_subset(found.some(found.parts == part)) for part in _parts(rows)})
    return fitted


def _best_subset(rows: Rows) -> dict[str, float]:
    return rows.named(weighting.best_subset(rows.of_members, rows.targets))


def _parts(rows: Rows) -> list[str]:
    """Name the body parts with enough images to choose for."""
    names, counts = np.unique(rows.parts.astype(str), return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True)
            if name and count >= _LEAST_OF_A_PART]


def _thresholds(probabilities: Floats, rows: Rows, settings: Ensemble,
                rule: StudyRule) -> dict[Level, float | None]:
    """Choose each level's threshold; of more than two classes there is none."""
    if len(rows.labels) > 2:
        return dict.fromkeys(LEVELS)
    tables = {level: table(rows, probabilities, level, rule) for level in LEVELS}
    return {level: thresholds.choose(of.targets, of.probabilities[:, -1],
                                     settings.threshold_rule, settings.required_sensitivity)
            for level, of in tables.items()}
