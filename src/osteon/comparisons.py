"""Whether the ensemble is better than something else on the same rows, and that in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from osteon.combination import Level
from osteon.metrics import Estimate, Resampled, Scores

Flags = NDArray[np.bool_]
# What probabilities alone decide: the baseline has no threshold of its own.
_BY_PROBABILITY = ("auroc", "average_precision", "sensitivity_at_90_specificity")


@dataclass(frozen=True)
class McNemar:
    """Rows that one is right about and the other wrong, and how likely such odds are by chance."""

    only_ensemble_right: int
    only_member_right: int
    p: float


@dataclass(frozen=True)
class OfMember:
    """How far the ensemble is above a member, every figure resampled together."""

    above: Scores
    mcnemar: McNemar
    says: str


@dataclass(frozen=True)
class OfShortcut:
    """How far the ensemble is above what sizes, borders, grey values and words alone reach.

    `beaten` where the whole interval of the difference in AUROC lies above 0; none where it
    cannot be told.
    """

    columns: str
    figures: Scores
    above: Scores
    beaten: bool | None
    says: str


def mcnemar(ensemble: Flags, member: Flags) -> McNemar:
    """Test whether two are right equally often (McNemar, Psychometrika 12, 1947), exactly.

    It takes rows as independent, which images of one patient are not: read it beside the
    difference resampled by group.
    """
    one, other = int((ensemble & ~member).sum()), int((member & ~ensemble).sum())
    p = float(binomtest(one, one + other).pvalue) if one + other else 1.0
    return McNemar(one, other, round(p, 6))


def of_member(name: str, ensemble: Resampled, member: Resampled, right: tuple[Flags, Flags],
              level: Level) -> OfMember:
    """Compare the ensemble with a member; `right` says of which rows each is right."""
    above = {figure: ensemble.above(member, figure) for figure in ensemble.values}
    test = mcnemar(*right)
    return OfMember(above, test, (
        f"By {level}, {_ranks('the ensemble', name, above['auroc'])}. It alone is right about "
        f"{_count(test.only_ensemble_right, level)}, {name} alone about "
        f"{test.only_member_right} (McNemar's exact test: p {_p(test.p)})."))


def of_shortcut(columns: str, ensemble: Resampled, baseline: Resampled, level: Level) -> OfShortcut:
    """Compare the ensemble with the shortcut baseline; `columns` names what that has read."""
    names = [figure for figure in _BY_PROBABILITY if figure in ensemble.values]
    above = {figure: ensemble.above(baseline, figure) for figure in names}
    figures = baseline.scores()
    lead = above["auroc"]
    beaten = None if lead.side is None else lead.side > 0
    return OfShortcut(columns, {figure: figures[figure] for figure in names}, above,
                      beaten, _of_shortcut(columns, ensemble.scores()["auroc"],
                                           figures["auroc"], lead, level))


def _of_shortcut(columns: str, reached: Estimate, alone: Estimate, lead: Estimate,
                 level: Level) -> str:
    both = (f"By {level}, the ensemble's AUROC is {reached}; that of boosted trees on {columns}, "
            f"which see no anatomy, is {alone}")
    if lead.side is None:
        return f"{both}. Whether it beats this shortcut baseline cannot be told."
    span = f"{lead.signed()}, resampled together"
    if lead.side > 0:
        return f"{both}. It beats this shortcut baseline by {span}."
    told = "is below" if lead.side < 0 else "does not clearly beat"
    return (f"{both}. It {told} this shortcut baseline: {span}. Its figure alone is no proof that "
            "it reads bones.")


def _ranks(one: str, other: str, lead: Estimate) -> str:
    if lead.side is None:
        return f"whether {one} ranks better than {other} cannot be told"
    told = {1: "above", -1: "below", 0: "not told apart from"}[lead.side]
    return f"the AUROC of {one} is {told} that of {other} ({lead.signed()}, resampled together)"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _count(number: int, level: Level) -> str:
    plural = {"image": "images", "study": "studies"}[level]
    return f"{number} {level if number == 1 else plural}"
