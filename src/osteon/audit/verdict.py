"""What the figures of an audit mean, in sentences that a reader takes home."""

from osteon.audit.assemble import FIGURES, HONEST, LOOK_UP, Audit, Claim
from osteon.audit.official import Crossing
from osteon.intervals import Estimate


def of_protocols(found: Audit) -> list[str]:
    """Say what each leak is worth, the look-up first: it shows a leak at its barest."""
    figure = FIGURES[found.headline]
    grouped = found.claims[0]
    said = [f"Cut by group, a nearest-neighbour look-up reaches {_article(figure)} {figure} of "
            f"{_of(grouped, LOOK_UP, found)}" + _augmented(found)]
    leaking = [f"{_of(claim, HONEST, found)} {_where(claim)}" for claim in found.claims
               if claim.protocol.shared]
    said.append(f"A linear probe reaches {_of(grouped, HONEST, found)} cut by group"
                + (f"; it would have claimed {', '.join(leaking)}." if leaking else "."))
    return said


def of_official(found: Audit, crossing: Crossing) -> str:
    """Say whether the data set's own cut can be trusted, and what its leak is worth."""
    claim = found.claim("official")
    if not crossing.groups:
        return ("The data set has no parts of its own." if claim is None else
                "The data set's own parts share no patient and no duplicate.")
    said = (f"The data set's own parts share {_count(len(crossing.groups), 'group')} of images "
            f"({_count(len(crossing.pairs), 'pair')} of duplicates across the cut).")
    if claim is None or not claim.above:
        return said
    mended = found.claim(claim.protocol.honest)
    assert mended is not None
    return (f"{said} Tested on the part as it is, the look-up claims {_of(claim, LOOK_UP, found)}; "
            f"with what they share taken out of training, {_of(mended, LOOK_UP, found)}.")


def of_shortcuts(found: Audit) -> list[str]:
    """Say how far above chance the shortcuts are, and how far below the honest probe."""
    figure = FIGURES[found.headline]
    above = {name: scores[found.headline] for name, scores in found.shortcuts.items()
             if (scores[found.headline].low or 0) > found.chance}
    if not above:
        said = (f"Nothing but anatomy was found to predict the label: no shortcut's {figure} is "
                f"above chance ({found.chance:.3f}).")
    else:
        best = sorted(above, key=lambda name: above[name].value or 0, reverse=True)
        told = ", ".join(f"{name} {above[name]}" for name in best[:4])
        said = (f"Without seeing anatomy, boosted trees reach {_article(figure)} {figure} above "
                f"chance ({found.chance:.3f}) from {told}.")
    return [said, _lead(found)]


def _lead(found: Audit) -> str:
    best = found.best_shortcut
    lead = found.leads[best]
    if lead.side is None:
        return "How far the honest probe is above the best shortcut cannot be told."
    span = f"{lead.signed()}, resampled together"
    if lead.side > 0:
        return f"The honest linear probe is above the best of these ({best}) by {span}."
    told = "below" if lead.side < 0 else "not told apart from"
    return (f"The honest linear probe is {told} the best of these ({best}): {span}. Its figure "
            "alone is no proof that it reads bones.")


def _augmented(found: Audit) -> str:
    claim = found.claim("augment_by_image")
    if claim is None:
        return "."
    return ("; augmented before the cut, the same look-up would have claimed "
            f"{_of(claim, LOOK_UP, found)}.")


def _where(claim: Claim) -> str:
    title = claim.protocol.title
    return f"on the {title}" if title.startswith("official") else title


def _of(claim: Claim, probe: str, found: Audit) -> Estimate:
    return claim.scores[probe][found.headline]


def _article(figure: str) -> str:
    return "an" if figure[0] in "aA" else "a"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
