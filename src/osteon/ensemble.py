"""Which combination of the members is best, judged on validation rows it was not fitted to."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from osteon import metrics
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
from osteon.combination import Combination, Floats, Level, Numbers, StudyRule
from osteon.metrics import Estimate, Resampled
from osteon.sections.verdict import Ensemble

STUDY_RULES: tuple[StudyRule, ...] = ("mean", "max", "noisy_or")  # the simplest first


@dataclass(frozen=True)
class Standing:
    """What a candidate reached out of fold, and by how much the winner exceeds it, paired."""

    candidate: Candidate
    estimate: Estimate
    behind: Estimate


@dataclass(frozen=True)
class Said:
    """Of each image the probabilities (images, classes) and the verdict (images,)."""

    probabilities: Floats
    verdicts: Numbers


@dataclass(frozen=True)
class Choice:
    """The winner and all that made it one; `said` is of images it was not fitted to."""

    winner: Combination
    said: Said
    chosen: str  # the winner's name among the candidates
    candidates: dict[str, Standing]  # by simplicity
    study_rules: dict[StudyRule, Estimate]
    operating_point: dict[Level, dict[str, float]]  # on validation, out of fold, where it is told
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
            "study_rules": metrics.to_json(self.study_rules),
            "operating_point": self.operating_point, "why": self.why}


@dataclass(frozen=True)
class _Election:
    """What all judging shares."""

    rows: Rows
    settings: Ensemble
    resamples: int
    seed: int

    def judge(self, candidate: Candidate, level: Level, rule: StudyRule) -> Resampled:
        """Measure a candidate on folds, of whole groups, that it was not fitted to."""
        said = list(self._said(candidate, level, rule))
        return metrics.measure(
            np.concatenate([of.targets for _, of, _ in said]),
            np.concatenate([of.probabilities for _, of, _ in said]),
            np.concatenate([verdicts for _, _, verdicts in said]),
            np.concatenate([of.groups for _, of, _ in said]),
            resamples=self.resamples, seed=self.seed)

    def said(self, candidate: Candidate) -> Said:
        """Give what a candidate says of each image, when fitted to the other folds."""
        classes = len(self.rows.labels)
        found = Said(np.zeros((len(self.rows.targets), classes)), np.zeros_like(self.rows.targets))
        for held_out, of, verdicts in self._said(candidate, "image", "mean"):
            found.probabilities[held_out], found.verdicts[held_out] = of.probabilities, verdicts
        return found

    def _said(self, candidate: Candidate, level: Level,
              rule: StudyRule) -> Iterator[tuple[Numbers, Table, Numbers]]:
        """Give each fold's images, what they or their studies are given, and the verdicts."""
        for rest, held_out in self._folds():
            fitted = fit(candidate, self.rows.some(rest), self.settings, rule)
            judged = self.rows.some(held_out)
            found = fitted.probabilities(judged.of_members, judged.parts.tolist())
            of = table(judged, found, level, rule)
            yield held_out, of, fitted.verdicts(of.probabilities, level)

    def groups(self) -> int:
        """Count them; one alone cannot be held out."""
        return len(set(self.rows.groups))

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
           settings: Ensemble, *, resamples: int, seed: int) -> Choice:
    """Fit every candidate on validation and choose by the metric.

    `images` has target, group_id, study_id, body_part and each member's probabilities. Each
    candidate is judged on folds of whole groups it was not fitted to, so that one with more freedom
    does not win by overfitting; equal to four decimals, the simpler wins.
    """
    rows = Rows.read(images, members, labels)
    election = _Election(rows, settings, resamples, seed)
    judged = {candidate: election.judge(candidate, "image", "mean")
              for candidate in _offered(election)}
    estimates = {candidate: of.scores()[settings.metric] for candidate, of in judged.items()}
    best = _best(estimates)
    rules = {rule: election.judge(best, "study", rule) for rule in _rules(rows, settings)}
    by_rule = {rule: of.scores()[settings.metric] for rule, of in rules.items()}
    rule = max(by_rule, key=lambda name: _rounded(by_rule[name]))
    at: dict[Level, Resampled] = {"image": judged[best], "study": rules[rule]}
    return Choice(
        with_members(fit(best, rows, settings, rule), rows, settings), election.said(best),
        str(best),
        {str(candidate): Standing(candidate, estimates[candidate], judged[best].above(
            judged[candidate], settings.metric)) for candidate in judged},
        by_rule,
        {level: point for level in LEVELS if (point := _operating_point(at[level]))}
        if len(labels) == 2 else {},
        settings, _why(best, estimates, election))


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


def _rounded(estimate: Estimate) -> float:
    return -np.inf if estimate.value is None else round(estimate.value, 4)


def _rules(rows: Rows, settings: Ensemble) -> tuple[StudyRule, ...]:
    """Name the rules to choose among; studies of one image each leave no choice."""
    if settings.study_rule != "auto":
        return (settings.study_rule,)
    return STUDY_RULES if len(set(rows.studies)) < len(rows.studies) else STUDY_RULES[:1]


def _operating_point(judged: Resampled) -> dict[str, float]:
    """Give sensitivity and specificity; {} where a class is missing and one cannot be told."""
    scores = judged.scores()
    sensitivity, specificity = scores["sensitivity"].value, scores["specificity"].value
    if sensitivity is None or specificity is None:
        return {}
    return {"sensitivity": sensitivity, "specificity": specificity}


def _why(best: Candidate, estimates: dict[Candidate, Estimate], election: _Election) -> str:
    """Say what decided."""
    metric = election.settings.metric
    if len(election.rows.members) == 1:
        return "there is one member"
    if election.groups() < 2:
        return "validation is one group: no candidate can be judged on rows it was not fitted to, "\
               "so the plain mean is taken"
    if estimates[best].value is None:
        return f"{metric} cannot be told on validation, so the plain mean is taken"
    told = ", ".join(f"{candidate} {estimate}" for candidate, estimate in estimates.items())
    ties = [str(candidate) for candidate in estimates
            if candidate != best and _rounded(estimates[candidate]) == _rounded(estimates[best])]
    tied = f"; {', '.join(ties)} do as well and are less simple" if ties else ""
    return (f"{best} has the best {metric} of {len(estimates)} candidates on validation, each "
            f"judged on groups it was not fitted to{tied}. All of them: {told}. Ties in the fourth "
            f"decimal go to the simpler: {', '.join(BY_SIMPLICITY)}")
