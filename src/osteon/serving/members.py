"""A packaged member: its graph, and the preprocessing that its pictures need."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from osteon import packaged
from osteon.combination import softmax
from osteon.imaging import Picture, PreprocessSpec, network_input
from osteon.serving import deadline

Values = NDArray[np.float32]
Inputs = Mapping[PreprocessSpec, Values]

_INPUT, _EXPLAIN = "images", "explain"


@dataclass(frozen=True)
class Evidence:
    """What a member's graph says of a picture, and why."""

    logits: Values  # (1, classes)
    maps: Values  # (1, channels, height, width)
    gradient: Values  # (1, classes, channels), of the logits by the maps, averaged over their area

    def heat(self, number: int) -> Values:
        """Give Grad-CAM (height, width) of the log-odds of a class number, its sign kept.

        The same as in explanations/attribution.py: each channel of the map, weighted by the mean
        over its area of the gradient of log(p / (1 - p)), and summed.
        """
        logits = self.logits[0]
        others = np.delete(np.arange(len(logits)), number)
        by_logit = np.zeros_like(logits)
        by_logit[number] = 1
        by_logit[others] = -softmax(logits[others])
        return np.einsum("k,khw->hw", by_logit @ self.gradient[0], self.maps[0])


@dataclass(frozen=True)
class Member:
    """A graph that gives logits, features, and what explains the logits."""

    session: onnxruntime.InferenceSession
    spec: PreprocessSpec

    @classmethod
    def load(cls, file: Path, spec: PreprocessSpec) -> Self:
        """Read a graph.

        Raises:
            UserError: it is none.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it warns of every input that has a default
        options.intra_op_num_threads = 1  # requests run side by side, and would wait for threads
        with packaged.reading(file):
            return cls(onnxruntime.InferenceSession(
                file, options, providers=["CPUExecutionProvider"]), spec)

    def judge(self, inputs: Inputs) -> tuple[Values, Values]:
        """Give logits (1, classes) and features (1, features) of a picture."""
        logits, features = self._run(inputs, ["logits", "features"], explain=False)
        return logits, features

    def explain(self, inputs: Inputs) -> Evidence:
        """Give logits of a picture, with what explains them, which takes a little longer."""
        return Evidence(*self._run(inputs, ["logits", "map", "gradient"], explain=True))

    def _run(self, inputs: Inputs, outputs: list[str], *, explain: bool) -> list[Values]:
        deadline.require_time()
        given = {_INPUT: inputs[self.spec], _EXPLAIN: np.array(explain)}
        return self.session.run(outputs, given)


def prepared(picture: Picture, members: Mapping[str, Member]) -> Inputs:
    """Make the input (1, 1, side, side) for each spec there is; equal ones are applied once."""
    return {spec: network_input(spec.apply(picture)[np.newaxis])
            for spec in {member.spec for member in members.values()}}
