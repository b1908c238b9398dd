"""A packaged ensemble, ready to answer: bytes in, verdict out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from osteon import imaging
from osteon.combination import Combination, softmax
from osteon.files import read_json
from osteon.imaging import PreprocessSpec


@dataclass(frozen=True)
class Prediction:
    """The verdict on one image; probabilities are of the positive class."""

    label: str
    probability: float
    threshold: float
    members: dict[str, float]
    model_version: str


@dataclass(frozen=True)
class Predictor:
    """The members' graphs with everything that turns their logits into a verdict."""

    sessions: dict[str, onnxruntime.InferenceSession]
    combination: Combination
    spec: PreprocessSpec
    labels: tuple[str, str]
    version: str

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
        card, ensemble, spec = (read_json(package / name) for name in
                                ("card.json", "ensemble.json", "preprocess.json"))
        combination = Combination.from_json(ensemble)
        sessions = {
            member: onnxruntime.InferenceSession(
                package / "members" / f"{member}.onnx", providers=["CPUExecutionProvider"])
            for member in combination.members}
        return cls(sessions, combination, PreprocessSpec.from_json(spec), tuple(card["labels"]),
                   card["version"])

    def predict(self, content: bytes) -> Prediction:
        """Judge the bytes of one image.

        Raises:
            ImageError: they are no readable image.
        """
        picture = self.spec.apply(imaging.decode(content).picture)
        images = imaging.network_input(picture[np.newaxis])
        of_members = np.array([[self._probability(session, images)
                                for session in self.sessions.values()]])
        probability = self.combination.probabilities(of_members)
        positive = bool(self.combination.verdicts(probability, "image")[0])
        return Prediction(
            label=self.labels[positive], probability=float(probability[0]),
            threshold=self.combination.thresholds["image"],
            members=dict(zip(self.sessions, of_members[0].tolist(), strict=True)),
            model_version=self.version)

    @staticmethod
    def _probability(session: onnxruntime.InferenceSession, images: np.ndarray) -> float:
        name = session.get_inputs()[0].name
        return float(softmax(session.run(None, {name: images})[0])[0, -1])
