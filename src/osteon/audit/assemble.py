"""The audit itself: every probe under every protocol, every shortcut, each with its interval."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from tqdm import tqdm

from osteon import intervals, metrics
from osteon.audit import probes, protocols, shortcuts
from osteon.audit.probes import Floats, Predictions
from osteon.audit.protocols import Facts, Protocol
from osteon.intervals import Estimate, Resampled, Scores
from osteon.records import targets

Headline = Literal["auroc", "accuracy"]
HONEST, LOOK_UP = "linear", "nearest"
FIGURES = {"auroc": "AUROC", "accuracy": "accuracy", "kappa": "kappa"}


@dataclass(frozen=True)
class Material:
    """The images that are audited, and what a frozen backbone made of their views.

    `table` has the columns of the index and `official`, each image's official part in words of
    `records.PARTS` or empty; `embeddings` is (images, views, features), view 0 the picture itself.
    """

    table: pd.DataFrame
    embeddings: Floats
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What a protocol would have claimed, by probe; and by how much more than its honest pair."""

    protocol: Protocol
    tested: int  # images
    scores: Mapping[str, Scores]
    above: Mapping[str, Estimate]  # of the headline; empty for an honest protocol


@dataclass(frozen=True)
class Audit:
    """All that was measured. `headline` names the figure that is spoken of first."""

    headline: Headline
    chance: float  # of the headline
    images: int
    groups: int
    claims: tuple[Claim, ...]
    shortcuts: Mapping[str, Scores]
    leads: Mapping[str, Estimate]  # of the honest linear probe over each shortcut, the headline
    best_shortcut: str

    def claim(self, name: str) -> Claim | None:
        """Give the row of a protocol, none where the data set does not allow it."""
        return next((claim for claim in self.claims if claim.protocol.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Write plain values, every figure of every protocol."""
        return {
            "headline": self.headline, "chance": self.chance, "images": self.images,
            "groups": self.groups,
            "protocols": {claim.protocol.name: _row(claim) for claim in self.claims},
            "shortcuts": {name: intervals.to_json(scores)
                          for name, scores in self.shortcuts.items()},
            "leads": intervals.to_json(self.leads), "best_shortcut": self.best_shortcut}

    def chosen(self) -> dict[str, Any]:
        """Give the few figures that runs are compared by: few enough for a terminal's width."""
        honest = self.claim("grouped")
        return {
            "probe": honest.scores["linear"][self.headline].value if honest else None,
            "best_shortcut": self.shortcuts[self.best_shortcut][self.headline].value}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the headline as two tables, `protocols` and `shortcuts`, one row a figure."""
        claimed = [{"protocol": claim.protocol.name, "probe": probe,
                    "shared": claim.protocol.shared, **asdict(scores[self.headline])}
                   for claim in self.claims for probe, scores in claim.scores.items()]
        alone = [{"shortcut": name, **asdict(scores[self.headline])}
                 for name, scores in self.shortcuts.items()]
        return {"protocols": pd.DataFrame(claimed), "shortcuts": pd.DataFrame(alone)}


def audit(material: Material, *, folds: int, seed: int, resamples: int) -> Audit:
    """Measure every probe under every protocol, and every shortcut on the grouped folds.

    Raises:
        UserError: the images are too few, or of too few groups, to be cut into folds.
    """
    table, classes = material.table, len(material.labels)
    y, views = targets(table, material.labels), material.embeddings.shape[1]
    groups = table["group_id"].to_numpy(dtype=object)
    facts = Facts(y, groups, table["official"].to_numpy(dtype=object))
    cuts = protocols.protocols(facts, views=views, folds=folds, seed=seed)

    def measured(found: Predictions, per_image: int) -> Resampled:
        image = found.rows // per_image
        return metrics.measure_classes(y[image], found.scores, groups[image],
                                       resamples=resamples, seed=seed)

    predicted = probes.predict(material.embeddings, y, cuts, classes)
    claimed = {names: measured(found, views) for names, found in tqdm(
        predicted.items(), desc="intervals", unit="figure")}
    # The grouped protocol comes first; of its rows, the plain views, the images are wanted.
    images = [(train // views, test // views) for train, test in cuts[0].folds]
    found = shortcuts.predict(shortcuts.features(table), y, images, classes, seed=seed)
    alone = {name: measured(scores, 1) for name, scores in found.items()}
    return _assembled(cuts, claimed, alone, y, views)


def _assembled(cuts: list[Protocol], claimed: Mapping[tuple[str, str], Resampled],
               alone: Mapping[str, Resampled], y: protocols.Rows, views: int) -> Audit:
    two = y.max() == 1
    headline: Headline = "auroc" if two else "accuracy"
    best = max(alone, key=lambda name: float(alone[name].values[headline][0]))
    honest = claimed[cuts[0].name, HONEST]
    return Audit(
        headline=headline,
        chance=0.5 if two else round(float(np.bincount(y).max() / len(y)), 6),
        images=len(y), groups=len(honest.groups),
        claims=tuple(_claim(cut, claimed, headline, views) for cut in cuts),
        shortcuts={name: found.scores() for name, found in alone.items()},
        leads={name: honest.above(shortcut, headline) for name, shortcut in alone.items()},
        best_shortcut=best)


def _claim(cut: Protocol, claimed: Mapping[tuple[str, str], Resampled], headline: Headline,
           views: int) -> Claim:
    tested = np.unique(np.concatenate([test for _, test in cut.folds]) // views)
    return Claim(
        cut, len(tested),
        {probe: claimed[cut.name, probe].scores() for probe in probes.PROBES},
        {probe: claimed[cut.name, probe].above(claimed[cut.honest, probe], headline)
         for probe in probes.PROBES if cut.honest})


def _row(claim: Claim) -> dict[str, Any]:
    return {"title": claim.protocol.title, "honest": claim.protocol.honest,
            "tested": claim.tested, "shared": claim.protocol.shared,
            "probes": {probe: intervals.to_json(scores) for probe, scores in claim.scores.items()},
            "above": intervals.to_json(claim.above)}
