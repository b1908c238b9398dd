"""The test part, read once: what the winner and each member are worth, with intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from osteon import comparisons, formulas, metrics, subgroups
from osteon.aggregation import (
    ENSEMBLE,
    of_member,
    of_members,
    of_studies,
    studies,
    with_member,
    with_verdicts,
)
from osteon.combination import Combination, Level
from osteon.comparisons import OfMember, OfShortcut
from osteon.metrics import Resampled, Scores
from osteon.records import probability_columns
from osteon.splits import Cut

SHORTCUTS = "shortcuts"  # the baseline's name among those that have columns of probability
HEADLINE = ("accuracy", "balanced_accuracy", "kappa", "auroc", "average_precision")
_OF_TWO = ("sensitivity", "specificity")
_COMPARED = ("auroc", "average_precision", "kappa")
_COMPARED_OF_MORE = ("accuracy", "f1", "auroc")
Tables = dict[Level, pd.DataFrame]
TABLES: dict[Level, str] = {"image": "predictions.csv", "study": "studies.csv"}


@dataclass(frozen=True)
class About:
    """What is measured and how.

    `method` combines `members`; `thresholds` are none where each class has its own probability, or
    each fold its own threshold; `shortcut` says what the baseline has read, none where nothing
    varies.
    """

    labels: tuple[str, ...]
    members: tuple[str, ...]
    method: str
    thresholds: Mapping[Level, float | None]
    shortcut: str | None
    resamples: int
    seed: int


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: what was said of them on average, and the share that came true."""

    rows: int
    said: float
    happens: float


@dataclass(frozen=True)
class Measured:
    """All that is told of one level, images or studies."""

    counts: dict[str, Any]
    threshold: float | None
    figures: dict[str, Scores]  # of the ensemble and each member
    classes: dict[str, Scores]  # each against the rest
    confusion: list[list[int]]  # by label, then by verdict
    reliability: list[Bin]
    subgroups: dict[str, dict[str, dict[str, Any]]]
    members: dict[str, OfMember]
    shortcut: OfShortcut | None


@dataclass(frozen=True)
class Evaluation:
    """What was measured at both levels."""

    about: About
    levels: dict[Level, Measured]

    def to_json(self) -> dict[str, Any]:
        """Write plain values, every figure."""
        labels = self.about.labels
        return {
            "labels": list(labels), "looked_for": labels[-1] if len(labels) == 2 else None,
            "members": list(self.about.members), "method": self.about.method,
            "resamples": self.about.resamples, "seed": self.about.seed,
            "titles": metrics.titles(len(labels)),
            "smaller_is_better": list(metrics.SMALLER_IS_BETTER), "says": self.says(),
            "levels": {level: asdict(measured) for level, measured in self.levels.items()}}

    def headline(self, cut: Cut) -> dict[str, Any]:
        """Write the winner's chief figures below the protocol that they hold for."""
        names = HEADLINE + (_OF_TWO if len(self.about.labels) == 2 else ("f1",))
        image, study = self.levels["image"].counts, self.levels["study"].counts
        return cut.marked({
            "protocol": cut.to_json(),
            "test": {"images": image["rows"], "studies": study["rows"], "groups": image["groups"]},
            "winner": {level: metrics.to_json({
                name: measured.figures[ENSEMBLE][name] for name in names})
                for level, measured in self.levels.items()}})

    def chosen(self) -> dict[str, float | None]:
        """Give the few figures that runs are compared by: few enough for a terminal's width."""
        names = _COMPARED if len(self.about.labels) == 2 else _COMPARED_OF_MORE
        image, study = (self.levels[level].figures[ENSEMBLE] for level in ("image", "study"))
        return {**{name: image[name].value for name in names},
                f"study_{names[0]}": study[names[0]].value}

    def says(self) -> list[str]:
        """Say what the figures mean, the shortcut baseline first."""
        shortcuts = [measured.shortcut.says for measured in self.levels.values()
                     if measured.shortcut]
        return shortcuts + [member.says for measured in self.levels.values()
                            for member in measured.members.values()]


def verdict_column(member: str) -> str:
    """Name the column of a member's verdict; the ensemble's is `verdict`."""
    return f"verdict:{member}"


def tables(images: pd.DataFrame, winner: Combination) -> Tables:
    """Give all verdicts by image and by study.

    `images` has each member's probabilities, and the baseline's where there is one; a study's are
    pooled from its images' by the winner's rule.
    """
    by_image = with_verdicts(images, winner)
    by_study = studies(by_image, winner)
    if set(probability_columns(SHORTCUTS, winner.labels)) <= set(images):
        by_study = with_member(by_study, SHORTCUTS, winner.labels,
                               of_studies(images, SHORTCUTS, winner))
    by_study["label"] = [winner.labels[number] for number in by_study["target"]]
    return {"image": with_member_verdicts(by_image, winner, "image"),
            "study": with_member_verdicts(by_study, winner, "study")}


def evaluate(tables: Tables, about: About) -> Evaluation:
    """Measure what `tables` gives; images also by view and size where these columns are there."""
    return Evaluation(about, {level: _measured(table, level, about)
                              for level, table in tables.items()})


def with_member_verdicts(table: pd.DataFrame, winner: Combination, level: Level) -> pd.DataFrame:
    """Add the verdicts of each member by itself."""
    probabilities = of_members(table, winner.members, winner.labels)
    return table.assign(**{
        verdict_column(member): winner.member_verdicts(member, probabilities[:, number], level)
        for number, member in enumerate(winner.members)})


def _measured(table: pd.DataFrame, level: Level, about: About) -> Measured:
    target, labels = table["target"].to_numpy(dtype=np.int64), about.labels
    found = {name: _resampled(table, name, about) for name in (ENSEMBLE, *about.members)}
    right = {name: table[_verdicts(name)].to_numpy() == target for name in found}
    ensemble, probabilities = found[ENSEMBLE], of_member(table, ENSEMBLE, labels)
    each = metrics.measure_each(
        target, probabilities, table["verdict"], table["group_id"],
        resamples=about.resamples, seed=about.seed)
    # A member that was chosen alone is the ensemble, and says the same.
    compared = [name for name in about.members
                if not np.allclose(of_member(table, name, labels), probabilities, atol=1e-9)]
    return Measured(
        counts=_counts(table, labels), threshold=about.thresholds[level],
        figures={name: resampled.scores() for name, resampled in found.items()},
        classes={label: of_class.scores() for label, of_class in zip(labels, each, strict=True)},
        confusion=formulas.confusion(
            np.ones((1, len(table))), target, table["verdict"].to_numpy(dtype=np.int64),
            len(labels))[0].astype(int).tolist(),
        reliability=_reliability(target, probabilities),
        subgroups={kind: {name: {**_counts(rows, labels), "figures": _resampled(
            rows, ENSEMBLE, about).scores()} for name, rows in parts.items()}
            for kind, parts in subgroups.of(table).items()},
        members={name: comparisons.of_member(
            name, ensemble, found[name], (right[ENSEMBLE], right[name]), level)
            for name in compared},
        shortcut=_shortcut(table, ensemble, level, about))


def _shortcut(table: pd.DataFrame, ensemble: Resampled, level: Level,
              about: About) -> OfShortcut | None:
    if about.shortcut is None:
        return None
    probabilities = of_member(table, SHORTCUTS, about.labels)
    baseline = metrics.measure(
        table["target"], probabilities, probabilities.argmax(axis=1), table["group_id"],
        resamples=about.resamples, seed=about.seed)
    return comparisons.of_shortcut(about.shortcut, ensemble, baseline, level)


def _resampled(table: pd.DataFrame, name: str, about: About) -> Resampled:
    return metrics.measure(
        table["target"], of_member(table, name, about.labels), table[_verdicts(name)],
        table["group_id"], resamples=about.resamples, seed=about.seed)


def _verdicts(name: str) -> str:
    return "verdict" if name == ENSEMBLE else verdict_column(name)


def _counts(table: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    return {"rows": len(table), "groups": int(table["group_id"].nunique()),
            "labels": {label: int((table["target"] == number).sum())
                       for number, label in enumerate(labels)}}


def _reliability(target: formulas.Numbers, probabilities: formulas.Floats) -> list[Bin]:
    said, true = formulas.expected(target, probabilities)
    numbers = formulas.bins(said)
    return [Bin(int(held.sum()), round(float(said[held].mean()), 6),
                round(float(true[held].mean()), 6))
            for held in (numbers == number for number in np.unique(numbers))]
