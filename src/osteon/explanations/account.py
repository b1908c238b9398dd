"""What is written of the explanations: all of it, its headline, and sentences for people."""

from collections.abc import Iterator
from typing import Any

from osteon.aggregation import ENSEMBLE
from osteon.explanations import plausibility
from osteon.explanations.explanation import Explanation
from osteon.explanations.localisation import TOLERANCE_PX
from osteon.frames import SIDE_PX
from osteon.intervals import Estimate

_WEIGHTING = {
    "majority": "equal: votes have no weights",
    "stacking": "the slopes of the stacking, whose log-odds are the sum of the members'",
    "calibrated": "the ensemble's weights over its temperatures",
    "per_part": "the ensemble's weights of each image's body part",
}
_REGIONS = {"border": "the outer twentieth", "outside_field": "the dark surroundings",
            "markers": "white islands near the edge"}
Json = dict[str, Any]


def content(explanation: Explanation, cases: list[Json]) -> Json:
    """Give all that is known, as plain values."""
    test = explanation.test
    settings, winner = test.settings.explain, test.winner
    return {
        "methods": list(settings.methods), "members": list(winner.members),
        "alone": winner.alone,
        "weighting": _WEIGHTING.get(winner.method, "the ensemble's weights"),
        "score": "log-odds of the class " + (
            winner.labels[-1] if len(winner.labels) == 2 else "of the verdict"),
        "baseline": "black", "steps": settings.steps, "tolerance": settings.tolerance,
        "completeness": plausibility.completeness(explanation.trained),
        "cases": cases, "artefacts": plausibility.artefacts(explanation),
        "localisation": _localisation(explanation),
    }


def chosen(told: Json) -> Json:
    """Give the few figures that runs are compared by: the ensemble's, by the surest method."""
    method = _main(told)
    found: Json = {"border": told["artefacts"][method]["ratios"][ENSEMBLE]["border"]["value"]}
    if told["localisation"]:
        found["hit"] = told["localisation"][method]["of"][ENSEMBLE]["hit"]["value"]
    return found


def says(told: Json) -> list[str]:
    """Say in words what the figures mean."""
    return [sentence for sentence, _ in _told(told)]


def warnings(told: Json) -> list[str]:
    """Give those of the sentences that speak against believing the maps."""
    return [sentence for sentence, warns in _told(told) if warns]


def _told(told: Json) -> Iterator[tuple[str, bool]]:
    """Give each sentence, and whether it is a warning."""
    yield from _of_sums(told)
    yield from _of_regions(told)
    for sentence in _of_places(told):
        yield sentence, False


def _localisation(explanation: Explanation) -> Json | None:
    found = plausibility.localise(explanation)
    if found is None:
        return None
    scratch = explanation.test.settings.weights == "none"
    return {
        "masks": explanation.test.settings.explain.masks,
        "tolerance": f"{TOLERANCE_PX} px where the long side of a picture is {SIDE_PX} px",
        "before": "first phase, trained from scratch" if scratch
                  else "frozen backbone with its new head", **found}


def _main(told: Json) -> str:
    return "grad_cam" if "grad_cam" in told["methods"] else told["methods"][0]


def _winner(told: Json) -> str:
    return told["alone"] or "the ensemble"


def _title(method: str) -> str:
    return {"grad_cam": "Grad-CAM", "integrated_gradients": "Integrated Gradients"}[method]


def _of_sums(told: Json) -> Iterator[tuple[str, bool]]:
    for member, of in told["completeness"].items():
        wrong = of["largest"] > told["tolerance"]
        verdict = ("they do not all add up: raise explain.most_steps" if wrong else "they add up")
        yield (f"Integrated Gradients of {member} miss the difference in log-odds by at most "
               f"{100 * of['largest']:.1f} %, half of them by {100 * of['median']:.1f} % or less: "
               f"{verdict}."), wrong


def _of_regions(told: Json) -> Iterator[tuple[str, bool]]:
    for method, of in told["artefacts"].items():
        parts = [f"{_REGIONS[region]} {100 * share['value']:.2f} %, {_times(ratio)} its area"
                 for region, share in of["shares"][ENSEMBLE].items()
                 if (ratio := of["ratios"][ENSEMBLE][region])["value"] is not None]
        yield (f"Share of {_winner(told)}'s {_title(method)} where no finding can be, "
               f"{of['images']} images: {'; '.join(parts) or 'none to be told'}."), False
        above = [f"{_winner(told) if name == ENSEMBLE else name} on {_REGIONS[region]}, "
                 f"{_times(ratio)} its area"
                 for name, ratios in of["ratios"].items() if name != told["alone"]
                 for region, ratio in ratios.items()
                 if ratio["low"] is not None and ratio["low"] > 1]
        if above:
            yield (f"{_title(method)} lies where no finding can be more than chance would put it "
                   f"there: {'; '.join(above)}."), True


def _times(ratio: dict[str, float | None]) -> str:
    found = Estimate(**ratio)
    if found.low is None or found.high is None:
        return f"{found.value:.2f} times"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}] times"


def _of_places(told: Json) -> Iterator[str]:
    for method in told["methods"] if told["localisation"] else []:
        of = told["localisation"][method]
        hits = {name: Estimate(**figures["hit"]) for name, figures in of["of"].items()}
        better = [words for other, words in (("centre", "the centre"), ("before", "before"))
                  if Estimate(**of["above"][ENSEMBLE][other]["hit"]).side == 1]
        yield (f"The strongest point of {_winner(told)}'s {_title(method)} lies in the finding in "
               f"{hits[ENSEMBLE]} of {of['images']} images, before fine-tuning in "
               f"{hits[ENSEMBLE + '_before']}, the picture's centre in {hits['centre']}; "
               f"clearly better than {' and '.join(better) or 'neither'}.")
