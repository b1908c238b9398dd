"""Which combination of the members is best, judged on validation rows it was not fitted to."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from osteon import comparisons, intervals, metrics
from osteon.aggregation import SHORTCUTS, of_member
from osteon.candidates import (
    BY_SIMPLICITY,
    LEVELS,
    Candidate,
    Rows,
    Table,
    candidates,
    fit,
    table,
    with_members,
)
from osteon.combination import Combination, Floats, Level, Numbers, StudyRule, in_words
from osteon.comparisons import OfShortcut
from osteon.intervals import Estimate, Resampled, Scores
from osteon.sections.verdict import Ensemble

STUDY_RULES: tuple[StudyRule, ...] = ("mean", "max", "noisy_or")  # the simplest first


@dataclass(frozen=True)
class Standing:
    """What a candidate reached out of fold, and by how much the winner exceeds it, paired."""

    candidate: Candidate
    estimate: Estimate
    behind: Estimate


@dataclass(frozen=True)
class Turn:
    """Some of the rows, and a combination that all the others alone decided."""

    held_out: Numbers
    fitted: Combination


@dataclass(frozen=True)
class Choice:
    """The winner and all that made it one; `turns` have each row held out once."""

    winner: Combination
    turns: tuple[Turn, ...]
    chosen: str  # the winner's name among the candidates
    candidates: dict[str, Standing]  # by simplicity
    study_rules: dict[StudyRule, Estimate]
    operating_point: dict[Level, Scores]  # on validation, out of fold, where it is told
    shortcuts: dict[Level, OfShortcut]  # how far the winner is above them, where they were judged
    settings: Ensemble
    why: str

    def to_json(self) -> dict[str, Any]:
        """Write plain values, and in words why this one won."""
        rule = self.settings.threshold_rule
        return {
            **self.winner.to_json(), "metric": self.settings.metric, "threshold_rule": rule,
            "required_sensitivity": (self.settings.required_sensitivity
                                     if rule == "sensitivity" else None),
            "chosen": self.chosen, "candidates": {
                name: {"method": standing.candidate.method, **asdict(standing.estimate),
                       "behind": asdict(standing.behind)}
                for name, standing in self.candidates.items()},
            "study_rules": intervals.to_json(self.study_rules),
            "operating_point": {level: intervals.to_json(point)
                                for level, point in self.operating_point.items()},
            "shortcuts": {level: asdict(found) for level, found in self.shortcuts.items()},
            "why": self.why}


@dataclass(frozen=True)
class _Election:
    """What all judging shares."""

    rows: Rows
    settings: Ensemble
    resamples: int
    seed: int

    def judge(self, candidate: Candidate, level: Level, rule: StudyRule) -> Resampled:
        """Measure a candidate on folds, of whole groups, that it was not fitted to."""
        return self.measured([
            Turn(held_out, fit(candidate, self.rows.some(rest), self.settings, rule))
            for rest, held_out in self._folds()], level)

    def measured(self, turns: Iterable[Turn], level: Level) -> Resampled:
        """Measure what combinations say of the rows that they were not fitted to."""
        said = []
        for turn in turns:
            judged, fitted = self.rows.some(turn.held_out), turn.fitted
            found = fitted.probabilities(judged.of_members, judged.parts.tolist())
            of = table(judged, found, level, fitted.study_rule)
            said.append((of, fitted.verdicts(of.probabilities, level)))
        return self._measured(said)

    def beside(self, turns: Iterable[Turn], level: Level, probabilities: Floats) -> Resampled:
        """Measure what somebody else says of the same rows, by no threshold, on the same resamples.

        Studies are pooled by the rules that the combinations go by.
        """
        tables = [table(self.rows.some(turn.held_out), probabilities[turn.held_out], level,
                        turn.fitted.study_rule) for turn in turns]
        return self._measured([(of, of.probabilities.argmax(axis=1)) for of in tables])

    def rules(self, candidate: Candidate) -> dict[StudyRule, Estimate]:
        """Give what a candidate reaches by each rule of studies that may be chosen."""
        return {rule: self.judge(candidate, "study", rule).scores()[self.settings.metric]
                for rule in _rules(self.rows, self.settings)}

    def chosen(self, candidate: Candidate, rule: StudyRule) -> Combination:
        """Fit a candidate to all rows, with every threshold there is."""
        return with_members(fit(candidate, self.rows, self.settings, rule), self.rows,
                            self.settings)

    def turns(self, candidate: Candidate) -> tuple[Turn, ...]:
        """Choose rule and thresholds for each fold anew, by the other folds alone."""
        found = []
        for rest, held_out in self._folds():
            # Intervals choose nothing, and would cost the most.
            others = replace(self, rows=self.rows.some(rest), resamples=1)
            rules = _rules(others.rows, self.settings)
            rule = rules[0] if len(rules) == 1 else _first_best(others.rules(candidate))
            found.append(Turn(held_out, others.chosen(candidate, rule)))
        return tuple(found)

    def groups(self) -> int:
        """Count them; one alone cannot be held out."""
        return len(set(self.rows.groups))

    def _measured(self, said: Sequence[tuple[Table, Numbers]]) -> Resampled:
        """Measure tables with their verdicts together."""
        parts = [(of.targets, of.probabilities, verdicts, of.groups) for of, verdicts in said]
        return metrics.measure(*map(np.concatenate, zip(*parts, strict=True)),
                               resamples=self.resamples, seed=self.seed)

    def _folds(self) -> list[tuple[Numbers, Numbers]]:
        """Cut the rows, each class alike where it can be.

        Probabilities of all folds are measured together. Where one holds more of a class than the
        rest, whatever is fitted to the rest expects too little of that class there, and a method
        with biases of its own would look worse than it is.
        """
        targets = self.rows.targets
        if self.groups() < 2:
            return [(np.arange(len(targets)), np.arange(len(targets)))]
        count = min(self.settings.folds, self.groups())
        strata = targets if np.bincount(targets).max() >= count else np.zeros_like(targets)
        cutter = StratifiedGroupKFold(count, shuffle=True, random_state=self.seed)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class")
            cut = list(cutter.split(targets, strata, groups=self.rows.groups))
        return [(rest, held_out) for rest, held_out in cut if len(held_out)]


def choose(images: pd.DataFrame, members: Sequence[str], labels: Sequence[str],
           settings: Ensemble, *, resamples: int, seed: int, shortcut: str | None = None
           ) -> Choice:
    """Fit every candidate on validation and choose by the metric.

    `images` has target, group_id, study_id, body_part and each member's probabilities. Each
    candidate is judged on folds of whole groups it was not fitted to, so that one with more freedom
    does not win by overfitting; equal to four decimals, the simpler wins. Where `shortcut` says
    what the shortcut baseline has read, `images` has its probabilities too; it stands for nothing.
    """
    rows = Rows.read(images, members, labels)
    election = _Election(rows, settings, resamples, seed)
    judged = {candidate: election.judge(candidate, "image", "mean")
              for candidate in _offered(election)}
    estimates = {candidate: of.scores()[settings.metric] for candidate, of in judged.items()}
    best = _best(estimates)
    by_rule, turns = election.rules(best), election.turns(best)
    won = {level: election.measured(turns, level) for level in LEVELS}
    beside: dict[Level, OfShortcut] = {}
    if shortcut is not None:
        alone = of_member(images, SHORTCUTS, labels)
        beside = {level: comparisons.of_shortcut(
            shortcut, won[level], election.beside(turns, level, alone), level, in_words(str(best)))
            for level in LEVELS}
    return Choice(
        election.chosen(best, _first_best(by_rule)), turns, str(best),
        {str(candidate): Standing(candidate, estimates[candidate], judged[best].above(
            judged[candidate], settings.metric)) for candidate in judged},
        by_rule,
        {level: point for level in LEVELS if (point := _operating_point(won[level]))}
        if len(labels) == 2 and election.groups() > 1 else {},
        beside, settings, _why(best, estimates, election))


def _offered(election: _Election) -> list[Candidate]:
    """Give the candidates; where no group can be held out, nothing that is fitted."""
    offered = candidates(election.rows)
    if election.groups() > 1 or len(offered) == 1:
        return offered
    return [Candidate("mean")]


def _best(estimates: dict[Candidate, Estimate]) -> Candidate:
    """Find the best; where the metric cannot be told, the mean of all."""
    if all(estimate.value is None for estimate in estimates.values()) and len(estimates) > 1:
        return Candidate("mean")
    return max(estimates, key=lambda candidate: _rounded(estimates[candidate]))


def _first_best(by_rule: dict[StudyRule, Estimate]) -> StudyRule:
    return max(by_rule, key=lambda rule: _rounded(by_rule[rule]))


def _rounded(estimate: Estimate) -> float:
    return -np.inf if estimate.value is None else round(estimate.value, 4)


def _rules(rows: Rows, settings: Ensemble) -> tuple[StudyRule, ...]:
    """Name the rules to choose among; studies of one image each leave no choice."""
    if settings.study_rule != "auto":
        return (settings.study_rule,)
    return STUDY_RULES if len(set(rows.studies)) < len(rows.studies) else STUDY_RULES[:1]


def _operating_point(judged: Resampled) -> Scores:
    """Give sensitivity and specificity; {} where a class is missing and one cannot be told."""
    scores = judged.scores()
    found = {name: scores[name] for name in ("sensitivity", "specificity")}
    return {} if any(of.value is None for of in found.values()) else found


def _why(best: Candidate, estimates: dict[Candidate, Estimate], election: _Election) -> str:
    """Say what decided."""
    metric = metrics.titles(2)[election.settings.metric]
    if election.groups() < 2:
        taken = "the plain mean" if len(election.rows.members) > 1 else "the one member"
        return "validation is one group: no candidate can be judged on rows it was not fitted to, "\
               f"so {taken} is taken"
    if len(election.rows.members) == 1:
        return "there is one member"
    if estimates[best].value is None:
        return f"{metric} cannot be told on validation, so the plain mean is taken"
    ties = [in_words(str(candidate)) for candidate in estimates
            if candidate != best and _rounded(estimates[candidate]) == _rounded(estimates[best])]
    tied = f"; as good and less simple: {', '.join(ties)}" if ties else ""
    return (f"{in_words(str(best))} has the best {metric} of {len(estimates)} "
            f"candidates on validation, each judged on groups it was not fitted to{tied}. Ties in "
            f"the fourth decimal go to the simpler: {', '.join(map(in_words, BY_SIMPLICITY))}")
