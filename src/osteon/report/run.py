"""All that a run left behind and a report speaks of, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import pandas as pd

from osteon import splits
from osteon.aggregation import ENSEMBLE
from osteon.combination import Combination
from osteon.files import read_json
from osteon.intervals import Estimate
from osteon.params import Params
from osteon.records import read_table
from osteon.splits import Cut

LEVELS = ("image", "study")
_Found = TypeVar("_Found")
DRAWN = ("The images are drawn, not taken: the figures show that the pipeline works, and say "
         "nothing about patients.")
POOLED = ("The number that a study is given is a score, its images pooled by {rule}, and no "
          "probability: it puts studies in order and is held against their threshold, but nothing "
          "makes it the share of such studies that have the finding.")
NOTICE = "DRAWN.txt"  # lies in the folder of a drawn data set


@dataclass(frozen=True)
class Sources:
    """The folders that the stages wrote; `explain` and `tuned` may be missing."""

    index: Path
    checks: Path
    split: Path
    pictures: Path
    audit: Path
    tuned: Path
    trained: Path
    ensemble: Path
    evaluate: Path
    explain: Path
    drift: Path
    plots: Path


@dataclass(frozen=True)
class Run:
    """One run of the pipeline: its settings, its cut, and what each stage found, as plain values.

    `test` has a row for each test image with every probability; `explained` is None where nothing
    was explained, `out_of_fold` where members were not trained by folds.
    """

    settings: Params
    sources: Sources
    cut: Cut
    evaluation: Mapping[str, Any]
    chosen: Mapping[str, Any]
    about: Mapping[str, Any]
    split: Mapping[str, Any]
    audit: Mapping[str, Any]
    drift: Mapping[str, Any]
    explained: Mapping[str, Any] | None
    out_of_fold: Mapping[str, Any] | None
    test: pd.DataFrame

    @classmethod
    def read(cls, settings: Params, sources: Sources) -> Self:
        """Read what the stages wrote.

        Raises:
            UserError: the cut is missing, or was changed so that it leaks.
        """
        explained = sources.explain / "explain.json"
        out_of_fold = sources.ensemble / "out_of_fold.json"
        return cls(
            settings=settings, sources=sources, cut=splits.read(sources.split),
            evaluation=read_json(sources.evaluate / "evaluation.json"),
            chosen=read_json(sources.ensemble / "ensemble.json"),
            about=read_json(sources.index / "about.json"),
            split=read_json(sources.split / splits.ABOUT),
            audit=read_json(sources.audit / "audit.json"),
            drift=read_json(sources.drift / "drift.json"),
            explained=read_json(explained) if explained.is_file() else None,
            out_of_fold=read_json(out_of_fold) if out_of_fold.is_file() else None,
            test=read_table(sources.evaluate / "predictions.csv"))

    @property
    def labels(self) -> tuple[str, ...]:
        """Name the classes, in their order."""
        return self.settings.dataset.labels

    @property
    def looked_for(self) -> str | None:
        """Name the class that is looked for; of more than two classes there is none."""
        return self.labels[-1] if len(self.labels) == 2 else None

    @property
    def members(self) -> tuple[str, ...]:
        """Name the members of the ensemble."""
        return self.settings.model.members

    @property
    def drawn(self) -> bool:
        """Tell whether the images are drawn by the program, and show no patient."""
        return Path(self.settings.dataset.root, NOTICE).is_file()

    def level(self, name: str) -> Mapping[str, Any]:
        """Give what was measured by image or by study."""
        found: Mapping[str, Any] = self.evaluation["levels"][name]
        return found

    @property
    def alone(self) -> str | None:
        """Name the member that decides alone, where the winner is one network."""
        return Combination.from_json(dict(self.chosen)).alone

    @property
    def winner(self) -> str:
        """Name what won, in a sentence: `the ensemble`, or a member."""
        return self.alone or "the ensemble"

    @property
    def column(self) -> str:
        """Name what won at the head of a column."""
        if self.alone is None:
            return ENSEMBLE
        return f"{self.alone} alone" if len(self.members) > 1 else self.alone

    def named(self, found: Mapping[str, _Found]) -> dict[str, _Found]:
        """Put the winner's name to its figures; a member that decides alone stands there once."""
        return {self.column if name == ENSEMBLE else name: of for name, of in found.items()
                if name != self.alone}

    def columns(self, level: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Give the figures of a level by whose they are: the winner's, then all beside it."""
        shortcut = level["shortcut"]
        return {**self.named(level["figures"]),
                **{first_phase(name): of["figures"] for name, of in level["before"].items()},
                **({"shortcuts alone": shortcut["figures"]} if shortcut else {})}

    @property
    def levels(self) -> Mapping[str, Any]:
        """Give what was measured, by image and, where that is worth telling, by study."""
        return told(self.evaluation["levels"])

    def rule(self, level: str) -> str:
        """Say in words what the threshold of a level was chosen for."""
        rule = self.chosen["threshold_rule"]
        if self.chosen["method"] == "majority" and level == "image" and rule != "sensitivity":
            return "half of the votes"
        return {"youden": "the highest Youden index", "kappa": "the highest Cohen's kappa"}.get(
            rule, f"the best specificity at a sensitivity of {self.chosen['required_sensitivity']}")

    def title(self, figure: str) -> str:
        """Name a figure in words."""
        return str(self.evaluation["titles"].get(figure, figure))


def told(levels: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep the levels worth telling: studies of one image each merely repeat their images."""
    image, study = (levels[level]["counts"]["rows"] for level in LEVELS)
    return {"image": levels["image"]} if image == study else levels


def first_phase(member: str) -> str:
    """Name what a member was before the whole of it was trained."""
    return f"{member} before fine-tuning"


def estimate(content: Mapping[str, float | None] | None) -> Estimate | None:
    """Read a figure with its interval; None where it was not measured."""
    return Estimate(content["value"], content["low"], content["high"]) if content else None


def counted(number: int, word: str) -> str:
    """Write a number of things: `1 image`, `1,016 images`, `3 studies`."""
    plural = word if number == 1 else f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number:,} {plural}"


def probability(value: float) -> str:
    """Write a probability; what would be rounded to 0 or 1 is no certainty."""
    if value >= 0.9995:
        return "> 0.999"
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def percent(share: float | None) -> str:
    """Write a share of the whole."""
    return "undefined" if share is None else f"{100 * share:.1f} %"


def spanned(content: Mapping[str, float | None] | None) -> str:
    """Write a share of the whole with its interval."""
    found = estimate(content)
    if found is None or found.low is None or found.high is None:
        return percent(found.value if found else None)
    return f"{percent(found.value)} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def signed(content: Mapping[str, float | None] | None) -> str:
    """Write a difference with its sign and its interval."""
    found = estimate(content)
    return found.signed() if found else "undefined"
