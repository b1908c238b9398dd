"""How members' probabilities become one, and one a verdict; pipeline and service share it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Literal["mean", "majority", "weighted"]
Level = Literal["image", "study"]


def softmax(logits: NDArray[np.float32]) -> Floats:
    """Turn logits (rows, classes) into probabilities (rows, classes)."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def weighted_mean(of_members: Floats, weights: Sequence[float]) -> Floats:
    """Weigh (rows, members) into (rows,), cut to 0..1: weights add up to 1 but for a last digit."""
    return np.clip(of_members @ np.asarray(weights), 0, 1)


@dataclass(frozen=True)
class Combination:
    """A method with all that it was fitted with; thresholds are of the positive class."""

    method: Method
    members: tuple[str, ...]
    weights: tuple[float, ...]
    member_thresholds: dict[Level, tuple[float, ...]]
    thresholds: dict[Level, float]

    def probabilities(self, of_members: Floats) -> Floats:
        """Combine (rows, members) into (rows,).

        For the majority vote it is the share of members that call the image positive.
        """
        if self.method == "majority":
            votes = of_members >= np.asarray(self.member_thresholds["image"])
            return votes.mean(axis=1)
        return weighted_mean(of_members, self.weights)

    def verdicts(self, probabilities: Floats, level: Level) -> NDArray[np.bool_]:
        """Call positive what reaches the threshold."""
        return probabilities >= self.thresholds[level]

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what `to_json` wrote, beside whatever else the file holds."""
        return cls(
            method=content["method"], members=tuple(content["members"]),
            weights=tuple(content["weights"]), thresholds=content["thresholds"],
            member_thresholds={level: tuple(values) for level, values
                               in content["member_thresholds"].items()})
