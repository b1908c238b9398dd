"""A packaged ensemble, ready to answer: bytes in, verdict out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from osteon import imaging
from osteon.combination import Combination, Floats, softmax
from osteon.files import read_json
from osteon.imaging import Picture, PreprocessSpec


class UnknownBodyPartError(ValueError):
    """The body part named is none that the model knows; the message names those."""


@dataclass(frozen=True)
class Prediction:
    """The verdict on one image."""

    label: str
    probability: float  # of two classes that of the last label, of more that of the verdict
    probabilities: dict[str, float]  # by label
    threshold: float | None
    members: dict[str, dict[str, float]]  # each member's own, by label
    model_version: str
    mark: str | None  # what must be said of a model that was cut and measured with leaks


@dataclass(frozen=True)
class Predictor:
    """The members' graphs with everything that turns their logits into a verdict."""

    sessions: dict[str, onnxruntime.InferenceSession]
    combination: Combination
    specs: dict[str, PreprocessSpec]
    body_parts: tuple[str, ...]
    version: str
    mark: str | None

    @classmethod
    def load(cls, package: Path) -> Self:
        """Load the folder that the package stage wrote.

        Raises:
            FileNotFoundError: it is not there, or not whole; the message says how to make it.
        """
        if not (package / "card.json").is_file():
            raise FileNotFoundError(
                f"{package.resolve()} holds no packaged model; run `dvc repro`, or name the "
                "folder in the environment variable OSTEON_PACKAGE")
        card, ensemble, specs = (read_json(package / name) for name in
                                 ("card.json", "ensemble.json", "preprocess.json"))
        combination = Combination.from_json(ensemble)
        sessions = {
            member: onnxruntime.InferenceSession(
                package / "members" / f"{member}.onnx", providers=["CPUExecutionProvider"])
            for member in combination.members}
        return cls(sessions, combination,
                   {member: PreprocessSpec.from_json(specs[member]) for member in sessions},
                   tuple(card["body_parts"]), card["version"], card.get("mark"))

    def predict(self, content: bytes, body_part: str = "") -> Prediction:
        """Judge the bytes of one image.

        A body part matters where the winner weighs the members by it; without one they have the
        weights common to all.

        Raises:
            ImageError: they are no readable image.
            UnknownBodyPartError: the model knows no such part.
        """
        if body_part and body_part not in self.body_parts:
            known = ", ".join(self.body_parts) or "none"
            raise UnknownBodyPartError(f"{body_part!r} is no body part of this model; it knows: "
                                       f"{known}")
        of_members = self._of_members(imaging.decode(content).picture)
        found = self.combination.probabilities(of_members[np.newaxis], [body_part])
        verdict = int(self.combination.verdicts(found, "image")[0])
        threshold = self.combination.thresholds["image"]
        return Prediction(
            label=self.combination.labels[verdict],
            probability=float(found[0, verdict if threshold is None else -1]),
            probabilities=self._named(found[0]), threshold=threshold,
            members={member: self._named(own)
                     for member, own in zip(self.sessions, of_members, strict=True)},
            model_version=self.version, mark=self.mark)

    def _of_members(self, picture: Picture) -> Floats:
        """Give each member's probabilities (members, classes); equal specs are applied once."""
        inputs = {spec: imaging.network_input(spec.apply(picture)[np.newaxis])
                  for spec in set(self.specs.values())}
        logits = [session.run(None, {session.get_inputs()[0].name: inputs[self.specs[member]]})[0]
                  for member, session in self.sessions.items()]
        return softmax(np.concatenate(logits))

    def _named(self, probabilities: Floats) -> dict[str, float]:
        return dict(zip(self.combination.labels, probabilities.tolist(), strict=True))
