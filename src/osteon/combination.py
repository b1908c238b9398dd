"""How members' probabilities become one, and one a verdict; pipeline and service share it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Method = Literal["single", "mean", "majority", "subset", "weighted", "calibrated", "stacking",
                 "per_part"]
Level = Literal["image", "study"]
StudyRule = Literal["mean", "max", "noisy_or"]
_LEAST = 1e-15  # has a logarithm, where a probability of exactly 0 has none


def in_words(name: str) -> str:
    """Name a candidate, a method or a rule of studies for people."""
    if name.startswith("single:"):
        return f"{name.removeprefix('single:')} alone"
    return {"per_part": "weights by body part", "noisy_or": "noisy-or"}.get(name, name)


def softmax(logits: NDArray[np.floating[Any]]) -> Floats:
    """Turn logits (..., classes) into probabilities (..., classes)."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64)
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def logarithms(probabilities: Floats) -> Floats:
    """Take logarithms; a probability of 0 counts as 1e-15."""
    return np.log(np.maximum(probabilities, _LEAST))


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Soften (..., classes) by a temperature above 1, or sharpen it by one below.

    The same as dividing the logits by it (temperature scaling, Guo et al. 2017), since logarithms
    of probabilities are logits up to a constant a row.
    """
    return probabilities if temperature == 1 else softmax(logarithms(probabilities) / temperature)


def pooled(probabilities: Floats, studies: Numbers, rule: StudyRule) -> Floats:
    """Pool images (images, classes) into their studies (studies, classes).

    `studies` has each image's study, from 0. The mean weighs all views alike; the largest believes
    the most suspicious one; noisy-or takes each view for an independent chance to see the finding.
    Of two classes the rule is applied to the last, and the first is its complement; of more, to
    each, and the results are divided by their sum.
    """
    finding = probabilities[:, -1:] if probabilities.shape[1] == 2 else probabilities
    found = np.zeros((int(studies.max()) + 1, finding.shape[1]))
    if rule == "max":
        np.maximum.at(found, studies, finding)
    elif rule == "mean":
        np.add.at(found, studies, finding)
        found = np.minimum(found / np.bincount(studies)[:, np.newaxis], 1)
    else:
        with np.errstate(divide="ignore"):  # of a finding that is certain
            np.add.at(found, studies, np.log1p(-finding))
        found = -np.expm1(found)
    if finding.shape[1] == 1:
        return np.hstack([1 - found, found])
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def verdicts(probabilities: Floats, threshold: float | None) -> Numbers:
    """Give each row of (rows, classes) its class number.

    Of two classes the last from the threshold on; of more the most probable, of equals the first.
    """
    if threshold is None:
        return probabilities.argmax(axis=1)
    return (probabilities[:, -1] >= threshold).astype(np.int64)


@dataclass(frozen=True)
class Stacking:
    """A logistic regression on the members' log-probabilities.

    The logit of a class is its bias and, for each member, a slope times the logarithm of what the
    member gives that class.
    """

    slopes: dict[str, float]  # by member
    biases: dict[str, float]  # by label


@dataclass(frozen=True)
class Combination:
    """A method with all that it was fitted with."""

    method: Method
    members: tuple[str, ...]
    labels: tuple[str, ...]
    weights: dict[str, float]  # by member, of the mean
    temperatures: dict[str, float]  # by member; 1 where not calibrated
    stacking: Stacking | None
    part_weights: dict[str, dict[str, float]]  # by body part, where it has weights of its own
    study_rule: StudyRule
    thresholds: dict[Level, float | None]  # of the last label; none of more than two
    member_thresholds: dict[str, dict[Level, float | None]]

    @classmethod
    def plain(cls, members: Sequence[str], labels: Sequence[str]) -> Self:
        """Make the mean of the members, with nothing fitted."""
        half = 0.5 if len(labels) == 2 else None
        return cls("mean", tuple(members), tuple(labels), dict.fromkeys(members, 1 / len(members)),
                   dict.fromkeys(members, 1.0), None, {}, "mean", {"image": half, "study": half},
                   {member: {"image": half, "study": half} for member in members})

    @property
    def alone(self) -> str | None:
        """Name the one member whose probabilities the winner's are; none where several count."""
        deciding = [member for member in self.members if self.weights[member] > 0]
        if (self.method == "majority" or self.stacking or self.part_weights or len(deciding) != 1
                or self.temperatures[deciding[0]] != 1):
            return None
        return deciding[0]

    def probabilities(self, of_members: Floats,
                      body_parts: Sequence[str] | None = None) -> Floats:
        """Combine (rows, members, classes) into (rows, classes).

        For the majority vote it is each class's share of the votes. Body parts matter where each
        has its own weights; a part that is unknown, or has none, is judged by the common ones.

        Raises:
            ValueError: not of these members and labels.
        """
        if of_members.shape[1:] != (len(self.members), len(self.labels)):
            raise ValueError(f"probabilities {of_members.shape} are not of {len(self.members)} "
                             f"members and {len(self.labels)} labels")
        if self.method == "majority":
            return self._shares(of_members)
        if self.stacking:
            return self._stacked(of_members, self.stacking)
        calibrated = np.stack([tempered(of_members[:, number], self.temperatures[member])
                               for number, member in enumerate(self.members)], axis=1)
        weights = self._weights(len(of_members), body_parts)
        # Ninths, and some tenths, add up to a little more than 1 in binary.
        return np.clip(np.einsum("rmc,rm->rc", calibrated, weights), 0, 1)

    def verdicts(self, probabilities: Floats, level: Level) -> Numbers:
        """Give the class numbers (rows,) of combined probabilities (rows, classes)."""
        return verdicts(probabilities, self.thresholds[level])

    def member_verdicts(self, member: str, probabilities: Floats, level: Level) -> Numbers:
        """Give the class numbers (rows,) of a member's own probabilities (rows, classes)."""
        return verdicts(probabilities, self.member_thresholds[member][level])

    def map_weights(self, body_part: str) -> dict[str, float]:
        """Say how much of each member's map goes into the ensemble's, of a body part's picture.

        Maps explain log-odds, which stacking adds up by its slopes; a temperature divides them. The
        other methods average probabilities, and their maps are averaged by the same weights. Votes
        have none: there the members' maps count alike.
        """
        if self.method == "majority":
            return {member: 1 / len(self.members) for member in self.members}
        if self.stacking:
            return dict(self.stacking.slopes)
        of_part = self.part_weights.get(body_part, self.weights)
        return {member: of_part[member] / self.temperatures[member] for member in self.members}

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what `to_json` wrote, beside whatever else the file holds."""
        known = {name: content[name] for name in cls.__dataclass_fields__}
        stacking = content["stacking"]
        return cls(**{**known, "members": tuple(content["members"]),
                      "labels": tuple(content["labels"]),
                      "stacking": Stacking(**stacking) if stacking else None})

    def _weights(self, rows: int, body_parts: Sequence[str] | None) -> Floats:
        """Give each row its weights (rows, members)."""
        found = np.tile([self.weights[member] for member in self.members], (rows, 1))
        named = np.array([""] * rows if body_parts is None else body_parts, dtype=object)
        for part, weights in self.part_weights.items():
            found[named == part] = [weights[member] for member in self.members]
        return found

    def _stacked(self, of_members: Floats, stacking: Stacking) -> Floats:
        slopes = np.array([stacking.slopes[member] for member in self.members])
        biases = np.array([stacking.biases[label] for label in self.labels])
        return softmax(np.einsum("rmc,m->rc", logarithms(of_members), slopes) + biases)

    def _shares(self, of_members: Floats) -> Floats:
        """Count the members' verdicts; where several classes lead, their means break the tie.

        Not of two classes, where half of the votes is enough for the last.
        """
        votes = np.stack([self.member_verdicts(member, of_members[:, number], "image")
                          for number, member in enumerate(self.members)], axis=1)
        classes = np.arange(len(self.labels))
        shares = (votes[:, :, np.newaxis] == classes).mean(axis=1)
        if len(self.labels) == 2:
            return np.asarray(shares)
        leading = shares == shares.max(axis=1, keepdims=True)
        means = np.where(leading, of_members.mean(axis=1), 0)
        together = np.where(leading, shares, 0).sum(axis=1, keepdims=True)
        return np.where(leading, together * means / means.sum(axis=1, keepdims=True), shares)
