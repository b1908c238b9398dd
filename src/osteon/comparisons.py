"""Whether the ensemble is better than something else on the same rows, and that in words."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from osteon.combination import Level
from osteon.intervals import Estimate, Resampled, Scores

Flags = NDArray[np.bool_]
ENSEMBLE = "the ensemble"
_PLURAL: dict[Level, str] = {"image": "images", "study": "studies"}
# What probabilities alone decide: the baseline has no threshold of its own, and none is chosen for
# networks that are shown and never used.
_BY_PROBABILITY = ("auroc", "average_precision", "sensitivity_at_90_specificity")


@dataclass(frozen=True)
class McNemar:
    """Rows that one is right about and the other wrong, and how likely such odds are by chance."""

    only_ensemble_right: int
    only_member_right: int
    p: float


@dataclass(frozen=True)
class OfBefore:
    """What a member reached before fine-tuning, and how far the ensemble is above that.

    With weights to begin with that is a new head on the frozen backbone.
    """

    figures: Scores
    above: Scores
    says: str


@dataclass(frozen=True)
class OfShortcut:
    """How far something is above what sizes, borders, grey values and words alone reach.

    `beaten` where the whole interval of the difference in AUROC lies above 0; none where it
    cannot be told.
    """

    columns: str
    figures: Scores
    above: Scores
    beaten: bool | None
    says: str


@dataclass(frozen=True)
class OfMember:
    """How far the ensemble is above a member, every figure resampled together.

    `shortcut` says how far the member itself is above the baseline, where there is one.
    """

    above: Scores
    mcnemar: McNemar
    says: str
    shortcut: OfShortcut | None = None


def mcnemar(ensemble: Flags, member: Flags) -> McNemar:
    """Test whether two are right equally often (McNemar, Psychometrika 12, 1947), exactly.

    It takes rows as independent, which images of one patient are not: read it beside the
    difference resampled by group.
    """
    one, other = int((ensemble & ~member).sum()), int((member & ~ensemble).sum())
    p = float(binomtest(one, one + other).pvalue) if one + other else 1.0
    return McNemar(one, other, round(p, 6))


def of_member(name: str, ensemble: Resampled, member: Resampled, right: tuple[Flags, Flags],
              level: Level, winner: str = ENSEMBLE) -> OfMember:
    """Compare the ensemble with a member; `right` says of which rows each is right.

    `winner` names the ensemble in the sentence, which may be one network alone.
    """
    above = {figure: ensemble.above(member, figure) for figure in ensemble.values}
    test = mcnemar(*right)
    return OfMember(above, test, (
        f"By {level}, {_ranks(winner, name, above['auroc'])}; {_accuracy(above['accuracy'])}. "
        f"Only {winner} is right about {_count(test.only_ensemble_right, level)}, only {name} "
        f"about {test.only_member_right} "
        f"(McNemar's exact test, which takes {_PLURAL[level]} as independent whatever their "
        f"patient: p {_p(test.p)})."))


def of_before(name: str, ensemble: Resampled, first: Resampled, level: Level,
              winner: str = ENSEMBLE) -> OfBefore:
    """Compare the ensemble with a member's first phase; of two classes by probabilities alone."""
    two = "sensitivity_at_90_specificity" in ensemble.values
    names = [figure for figure in ensemble.values if not two or figure in _BY_PROBABILITY]
    above, figures = {figure: ensemble.above(first, figure) for figure in names}, first.scores()
    return OfBefore({figure: figures[figure] for figure in names}, above, (
        f"By {level}, {_ranks(winner, f'{name} before fine-tuning', above['auroc'])}."))


def of_shortcut(columns: str, ensemble: Resampled, baseline: Resampled, level: Level,
                winner: str = ENSEMBLE) -> OfShortcut:
    """Compare the ensemble, or what `winner` names, with the shortcut baseline.

    `columns` names what the baseline has read.
    """
    names = [figure for figure in _BY_PROBABILITY if figure in ensemble.values]
    above = {figure: ensemble.above(baseline, figure) for figure in names}
    figures = baseline.scores()
    lead = above["auroc"]
    beaten = None if lead.side is None else lead.side > 0
    return OfShortcut(columns, {figure: figures[figure] for figure in names}, above,
                      beaten, _of_shortcut(columns, winner, (ensemble.scores()["auroc"],
                                           figures["auroc"], lead), level))


def of_parts(parts: Mapping[str, OfShortcut], level: Level) -> str:
    """Name the parts, and the members, that do not clearly beat the shortcut baseline."""
    lacking = ", ".join(name for name, of in parts.items() if of.beaten is False)
    untold = ", ".join(name for name, of in parts.items() if of.beaten is None)
    begin = f"By {level}, part by part and member by member, the shortcut baseline is"
    if not lacking and not untold:
        return f"{begin} clearly beaten everywhere."
    if not lacking:
        return f"{begin} clearly beaten, but for where that cannot be told: {untold}."
    rest = f". Where that cannot be told: {untold}." if untold else "."
    return f"{begin} not clearly beaten in: {lacking}{rest}"


def _of_shortcut(columns: str, winner: str, found: tuple[Estimate, Estimate, Estimate],
                 level: Level) -> str:
    reached, alone, lead = found
    both = (f"By {level}, the AUROC of {winner} is {reached}; that of boosted trees on {columns}, "
            f"which see no anatomy, is {alone}")
    if lead.side is None:
        return f"{both}. Whether it beats this shortcut baseline cannot be told."
    span = f"{lead.signed()}, resampled together"
    if lead.side > 0:
        return f"{both}. It beats this shortcut baseline by {span}."
    told = "is below" if lead.side < 0 else "does not clearly beat"
    return (f"{both}. It {told} this shortcut baseline: {span}. Its figure alone is no proof that "
            "it reads bones.")


def _accuracy(lead: Estimate) -> str:
    told = {None: "whether it is right more often cannot be told", 1: "its accuracy is above",
            -1: "its accuracy is below", 0: "its accuracy is not told apart"}[lead.side]
    return told if lead.side is None else f"{told} ({lead.signed()})"


def _ranks(one: str, other: str, lead: Estimate) -> str:
    if lead.side is None:
        return f"whether {one} ranks better than {other} cannot be told"
    told = {1: "above", -1: "below", 0: "not told apart from"}[lead.side]
    return f"the AUROC of {one} is {told} that of {other} ({lead.signed()}, resampled together)"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _count(number: int, level: Level) -> str:
    return f"{number} {level if number == 1 else _PLURAL[level]}"
