"""The test part, read once: what the winner and each member are worth, with intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from osteon import comparisons, formulas, intervals, metrics, subgroups
from osteon.aggregation import (
    ENSEMBLE,
    SHORTCUTS,
    before,
    of_member,
    of_members,
    of_studies,
    studies,
    with_member,
    with_verdicts,
)
from osteon.combination import Combination, Level
from osteon.comparisons import OfBefore, OfMember, OfShortcut
from osteon.intervals import Resampled, Scores
from osteon.records import probability_columns
from osteon.splits import Cut

HEADLINE = ("accuracy", "balanced_accuracy", "kappa", "auroc", "average_precision")
_OF_TWO = ("sensitivity", "specificity", "ppv", "npv")
_CALIBRATION = ("f1", "ece", "brier")
_COMPARED = ("auroc", "average_precision", "kappa")
_COMPARED_OF_MORE = ("accuracy", "f1", "auroc")
_WORDS = {"body_part": "body part"}
Tables = dict[Level, pd.DataFrame]
TABLES: dict[Level, str] = {"image": "predictions.csv", "study": "studies.csv"}


@dataclass(frozen=True)
class About:
    """What is measured and how.

    `method` combines `members`; `thresholds` are none where each class has its own probability, or
    each fold its own threshold; `shortcut` says what the baseline has read, none where nothing
    varies. `alone` is the one member that decides, where there is one; `before` names those that
    are also measured as they were before fine-tuning.
    """

    labels: tuple[str, ...]
    members: tuple[str, ...]
    method: str
    thresholds: Mapping[Level, float | None]
    shortcut: str | None
    resamples: int
    seed: int
    alone: str | None = None
    before: tuple[str, ...] = ()

    @property
    def winner(self) -> str:
        """Name what is measured, in a sentence."""
        return self.alone or comparisons.ENSEMBLE


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: what was said of them on average, and the share that came true."""

    rows: int
    said: float
    happens: float


@dataclass(frozen=True)
class Measured:
    """All that is told of one level, images or studies.

    Beside the figures of each part and member stands by how much it beats the shortcut baseline.
    """

    counts: dict[str, Any]
    threshold: float | None
    figures: dict[str, Scores]  # of the ensemble and each member
    classes: dict[str, Scores]  # each against the rest
    class_shortcuts: dict[str, OfShortcut]
    confusion: list[list[int]]  # by label, then by verdict
    reliability: list[Bin]
    subgroups: dict[str, dict[str, dict[str, Any]]]
    members: dict[str, OfMember]
    before: dict[str, OfBefore]  # each of the members that are measured so
    shortcut: OfShortcut | None

    def shortcuts(self) -> dict[str, OfShortcut]:
        """Give each part, class and member with how far it is above the shortcut baseline."""
        parts = {f"{_WORDS.get(kind, kind)} {name}": part["shortcut"]
                 for kind, parts in self.subgroups.items() for name, part in parts.items()}
        classes = self.class_shortcuts if len(self.classes) > 2 else {}
        of_members = {f"member {name}": of.shortcut for name, of in self.members.items()}
        found = {**parts, **{f"class {name}": of for name, of in classes.items()}, **of_members}
        return {name: of for name, of in found.items() if of}


@dataclass(frozen=True)
class Evaluation:
    """What was measured at both levels."""

    about: About
    levels: dict[Level, Measured]

    @property
    def told(self) -> tuple[Level, ...]:
        """Name the levels worth telling: studies of one image each merely repeat their images."""
        image, study = (self.levels[level].counts["rows"] for level in ("image", "study"))
        return ("image",) if image == study else ("image", "study")

    def to_json(self) -> dict[str, Any]:
        """Write plain values, every figure."""
        labels = self.about.labels
        return {
            "labels": list(labels), "looked_for": labels[-1] if len(labels) == 2 else None,
            "members": list(self.about.members), "method": self.about.method,
            "alone": self.about.alone, "resamples": self.about.resamples, "seed": self.about.seed,
            "titles": metrics.titles(len(labels)),
            "smaller_is_better": list(metrics.SMALLER_IS_BETTER), "says": self.says(),
            "levels": {level: asdict(measured) for level, measured in self.levels.items()}}

    def headline(self, cut: Cut) -> dict[str, Any]:
        """Write the winner's chief figures below the protocol that they hold for."""
        names = HEADLINE + (_OF_TWO if len(self.about.labels) == 2 else ()) + _CALIBRATION
        image, study = self.levels["image"].counts, self.levels["study"].counts
        return cut.marked({
            "protocol": cut.to_json(),
            "test": {"images": image["rows"], "studies": study["rows"], "groups": image["groups"]},
            "winner": {level: intervals.to_json({
                name: measured.figures[ENSEMBLE][name] for name in names})
                for level, measured in self.levels.items()},
            "shortcut": {level: _beside(measured) for level, measured in self.levels.items()}})

    def chosen(self) -> dict[str, float | None]:
        """Give the few figures that runs are compared by: few enough for a terminal's width."""
        names = _COMPARED if len(self.about.labels) == 2 else _COMPARED_OF_MORE
        image, study = (self.levels[level].figures[ENSEMBLE] for level in ("image", "study"))
        return {**{name: image[name].value for name in names},
                f"study_{names[0]}": study[names[0]].value}

    def says(self) -> list[str]:
        """Say what the figures mean, the shortcut baseline first."""
        levels = {level: self.levels[level] for level in self.told}
        told = {level: measured for level, measured in levels.items() if measured.shortcut}
        shortcuts = [measured.shortcut.says for measured in told.values() if measured.shortcut]
        parts = [comparisons.of_parts(found, level) for level, measured in told.items()
                 if (found := measured.shortcuts())]
        rest = [[*(of.says for of in measured.members.values()),
                 *(first.says for first in measured.before.values())]
                for measured in levels.values()]
        return [*shortcuts, *parts, *(sentence for of_level in rest for sentence in of_level)]


def _beside(measured: Measured) -> dict[str, Any] | None:
    """Give the shortcut baseline as far as a headline tells it; nothing where there is none."""
    if measured.shortcut is None:
        return None
    return {**asdict(measured.shortcut), "parts": {
        name: {"auroc": asdict(of.figures["auroc"]), "above": asdict(of.above["auroc"]),
               "beaten": of.beaten} for name, of in measured.shortcuts().items()}}


def verdict_column(member: str) -> str:
    """Name the column of a member's verdict; the ensemble's is `verdict`."""
    return f"verdict:{member}"


def tables(images: pd.DataFrame, winner: Combination) -> Tables:
    """Give all verdicts by image and by study.

    `images` has each member's probabilities, and, where there are any, the baseline's and those of
    members before fine-tuning; a study's are pooled from its images' by the winner's rule.
    """
    by_image = with_verdicts(images, winner)
    by_study = studies(by_image, winner)
    for name in (SHORTCUTS, *map(before, winner.members)):
        if is_told(images, name, winner.labels):
            by_study = with_member(by_study, name, winner.labels, of_studies(images, name, winner))
    by_study["label"] = [winner.labels[number] for number in by_study["target"]]
    return {"image": with_member_verdicts(by_image, winner, "image"),
            "study": with_member_verdicts(by_study, winner, "study")}


def is_told(table: pd.DataFrame, name: str, labels: tuple[str, ...]) -> bool:
    """Tell whether a table has somebody's probabilities."""
    return set(probability_columns(name, labels)) <= set(table)


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
    baseline = _baseline(table, about)
    return Measured(
        counts=_counts(table, labels), threshold=about.thresholds[level],
        figures={name: resampled.scores() for name, resampled in found.items()},
        classes={label: of_class.scores() for label, of_class in zip(labels, each, strict=True)},
        class_shortcuts=_of_classes(table, each, level, about),
        confusion=formulas.confusion(
            np.ones((1, len(table))), target, table["verdict"].to_numpy(dtype=np.int64),
            len(labels))[0].astype(int).tolist(),
        reliability=_reliability(target, probabilities),
        subgroups={kind: {name: _of_part(rows, level, about) for name, rows in parts.items()}
                   for kind, parts in subgroups.of(table).items()},
        members={name: replace(comparisons.of_member(
            name, ensemble, found[name], (right[ENSEMBLE], right[name]), level, about.winner),
            shortcut=_shortcut(found[name], baseline, level, about, name)) for name in compared},
        before={name: comparisons.of_before(
            name, ensemble, _unthresholded(table, before(name), about), level, about.winner)
            for name in about.before},
        shortcut=_shortcut(ensemble, baseline, level, about, about.winner))


def _of_part(rows: pd.DataFrame, level: Level, about: About) -> dict[str, Any]:
    found = _resampled(rows, ENSEMBLE, about)
    return {**_counts(rows, about.labels), "figures": found.scores(), "shortcut": _shortcut(
        found, _baseline(rows, about), level, about, about.winner)}


def _baseline(table: pd.DataFrame, about: About) -> Resampled | None:
    """Measure the shortcut baseline on the same resamples as everything beside it."""
    return None if about.shortcut is None else _unthresholded(table, SHORTCUTS, about)


def _unthresholded(table: pd.DataFrame, name: str, about: About) -> Resampled:
    """Measure what no threshold was chosen for; of two classes its verdicts say nothing."""
    probabilities = of_member(table, name, about.labels)
    return metrics.measure(
        table["target"], probabilities, probabilities.argmax(axis=1), table["group_id"],
        resamples=about.resamples, seed=about.seed)


def _shortcut(found: Resampled, baseline: Resampled | None, level: Level, about: About,
              name: str) -> OfShortcut | None:
    if about.shortcut is None or baseline is None:
        return None
    return comparisons.of_shortcut(about.shortcut, found, baseline, level, name)


def _of_classes(table: pd.DataFrame, each: tuple[Resampled, ...], level: Level,
                about: About) -> dict[str, OfShortcut]:
    if about.shortcut is None:
        return {}
    probabilities = of_member(table, SHORTCUTS, about.labels)
    baselines = metrics.measure_each(
        table["target"], probabilities, probabilities.argmax(axis=1), table["group_id"],
        resamples=about.resamples, seed=about.seed)
    return {label: comparisons.of_shortcut(about.shortcut, found, baseline, level, about.winner)
            for label, found, baseline in zip(about.labels, each, baselines, strict=True)}


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
