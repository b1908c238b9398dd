"""A packaged ensemble, ready to answer: bytes in, verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from osteon import formats, heatmaps, imaging, packaged
from osteon.combination import Combination, Floats, Level, pooled, softmax
from osteon.familiarity import Familiarity
from osteon.files import read_json
from osteon.frames import Frame
from osteon.imaging import Picture, PreprocessSpec
from osteon.serving import quality
from osteon.serving.members import Member, Values, prepared

Kind = Literal["unfamiliar", "low_quality", "unknown_body_part"]
# The picture with its heat; the heat alone, transparent; the picture that it lies over.
Layer = Literal["overlay", "heat", "picture"]


@dataclass(frozen=True)
class Warning:  # noqa: A001  # what the replies call it
    """A reason to trust a verdict less."""

    kind: Kind
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What is said of an image, or of a study."""

    label: str
    probability: float  # of two classes that of the last label, of more that of the verdict
    probabilities: dict[str, float]  # by label
    threshold: float | None
    threshold_rule: str
    members: dict[str, dict[str, float]]  # each member's own, by label
    model_version: str
    mark: str | None  # what must be said of a model that was cut and measured with leaks
    warnings: tuple[Warning, ...]


@dataclass(frozen=True)
class Prediction(Verdict):
    """The verdict on one image; intensity statistics and coordinates are for the log."""

    statistics: dict[str, float]
    coordinates: list[float]  # of its embedding, on the axes of the reference


@dataclass(frozen=True)
class StudyPrediction(Verdict):
    """The verdict on a study, and the one on each of its views, in their order."""

    views: tuple[Prediction, ...]


@dataclass(frozen=True)
class Predictor:
    """The members' graphs with everything that turns their logits into a verdict."""

    members: dict[str, Member]
    combination: Combination
    reference: Familiarity
    limits: quality.Limits
    body_parts: tuple[str, ...]
    threshold_rule: str
    version: str
    mark: str | None
    most_pixels: int

    @classmethod
    def load(cls, package: Path, most_pixels: int = formats.MOST_PIXELS) -> Self:
        """Load the folder that the package stage wrote; images of more pixels are refused.

        Raises:
            UserError: it is not there or not whole, another version wrote it, or one of its files
                cannot be used; which, and what to do.
        """
        packaged.require(package)
        card, ensemble, preprocess, reference = (package / name for name in packaged.FILES)
        with packaged.reading(ensemble):
            chosen = read_json(ensemble)
            combination, rule = Combination.from_json(chosen), _rule(chosen)
        with packaged.reading(preprocess):
            made = read_json(preprocess)
            specs = {name: _spec(made[name]) for name in combination.members}
        members = {name: Member.load(package / "members" / f"{name}.onnx", spec)
                   for name, spec in specs.items()}
        with packaged.reading(reference):
            familiarity = Familiarity.load(reference)
        with packaged.reading(card):
            said = read_json(card)
            return cls(members, combination, familiarity, quality.Limits.of(said),
                       tuple(said["body_parts"]), rule, said["version"], said.get("mark"),
                       most_pixels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Name what an image can be."""
        return self.combination.labels

    @property
    def familiarity(self) -> str:
        """Name the reference that coordinates are relative to."""
        return self.reference.name

    def predict(self, content: bytes, body_part: str = "") -> Prediction:
        """Judge the bytes of one image.

        A body part matters where the winner weighs the members by it; without one, or with one
        that the model does not know, they have the weights common to all.

        Raises:
            ImageError: they are no readable image.
        """
        picture = imaging.decode(content, most_pixels=self.most_pixels).picture
        statistics = imaging.statistics(picture)
        of_members, features = self._judged(picture)
        coordinates = self.reference.coordinates(features)
        found = self.combination.probabilities(of_members[np.newaxis], [body_part])[0]
        return Prediction(
            **self._verdict(found, of_members, "image"),
            warnings=self._warnings(picture, body_part, coordinates, statistics),
            statistics=statistics, coordinates=coordinates[0].tolist())

    def study(self, contents: Sequence[bytes], body_part: str = "") -> StudyPrediction:
        """Judge the images of one study, and the study by what they say together.

        Their probabilities are pooled by the winner's rule, and held against its threshold for
        studies.

        Raises:
            ImageError: one is no readable image; the message says which.
        """
        views = []
        for number, content in enumerate(contents, 1):
            try:
                views.append(self.predict(content, body_part))
            except imaging.ImageError as error:
                raise imaging.ImageError(f"image {number}: {error}") from None
        together = self._pooled([view.probabilities for view in views])
        of_members = np.stack([self._pooled([view.members[name] for view in views])
                               for name in self.members])
        warnings = [*self._unknown(body_part),
                    *(Warning(warning.kind, f"image {number}: {warning.detail}")
                      for number, view in enumerate(views, 1) for warning in view.warnings
                      if warning.kind != "unknown_body_part")]
        return StudyPrediction(**self._verdict(together, of_members, "study"),
                               warnings=tuple(warnings), views=tuple(views))

    def explain(self, content: bytes, body_part: str = "", label: str = "",
                layer: Layer = "overlay") -> bytes:
        """Draw what speaks for a label, by default the verdict, and what against it, as PNG.

        It is Grad-CAM of the label's log-odds, the members' maps weighted as their probabilities
        are; a member without weight is not run, and none for the picture by itself. Where no place
        stands out in it, nothing is tinted.

        Raises:
            ImageError: the bytes are no readable image.
            ValueError: the model knows no such label.
        """
        picture = imaging.decode(content, most_pixels=self.most_pixels).picture
        if layer == "picture":
            return heatmaps.png(heatmaps.bare(picture))
        inputs = prepared(picture, self.members)
        weights = {name: np.float32(weight) for name, weight in
                   self.combination.map_weights(body_part).items() if weight}
        found = {name: self.members[name].explain(inputs) for name in weights}
        number = (self.labels.index(label) if label else
                  self._number({name: one.logits for name, one in found.items()}, body_part))
        frame = Frame(*picture.shape)
        heat = np.sum([weight * frame.spread(found[name].heat(number), self.members[name].spec.fit)
                       for name, weight in weights.items()], axis=0)
        if heatmaps.flat(heat, frame):
            heat = np.zeros_like(heat)
        return heatmaps.png(heatmaps.layer(heat, frame) if layer == "heat"
                            else heatmaps.over(picture, heat, frame))

    def _judged(self, picture: Picture) -> tuple[Floats, Values]:
        """Give each member's probabilities (members, classes) and features (1, all of them)."""
        inputs = prepared(picture, self.members)
        logits, features = zip(*(member.judge(inputs) for member in self.members.values()),
                               strict=True)
        return softmax(np.concatenate(logits)), np.concatenate(features, axis=1)

    def _number(self, logits: dict[str, Values], body_part: str) -> int:
        """Give the verdict from the members that count; what the others say changes nothing."""
        silent = np.zeros((1, len(self.labels)))
        of_members = softmax(np.stack([logits.get(name, silent) for name in self.members], axis=1))
        found = self.combination.probabilities(of_members, [body_part])
        return int(self.combination.verdicts(found, "image")[0])

    def _pooled(self, views: Sequence[dict[str, float]]) -> Floats:
        """Pool the probabilities of a study's views: (classes,)."""
        found = np.array([[view[label] for label in self.labels] for view in views])
        return pooled(found, np.zeros(len(found), np.int64), self.combination.study_rule)[0]

    def _verdict(self, found: Floats, of_members: Floats, level: Level) -> dict[str, Any]:
        """Say what probabilities (classes,) and the members' own mean: the fields of a verdict."""
        verdict = int(self.combination.verdicts(found[np.newaxis], level)[0])
        threshold = self.combination.thresholds[level]
        return {
            "label": self.labels[verdict],
            "probability": float(found[verdict if threshold is None else -1]),
            "probabilities": self._named(found), "threshold": threshold,
            "threshold_rule": self.threshold_rule,
            "members": {name: self._named(own)
                        for name, own in zip(self.members, of_members, strict=True)},
            "model_version": self.version, "mark": self.mark}

    def _named(self, probabilities: Floats) -> dict[str, float]:
        return dict(zip(self.labels, probabilities.tolist(), strict=True))

    def _warnings(self, picture: Picture, body_part: str, coordinates: NDArray[np.floating],
                  statistics: dict[str, float]) -> tuple[Warning, ...]:
        values = [[statistics[name] for name in self.reference.names]]
        [unlike] = self.reference.unlike(coordinates, values)
        return (*self._unknown(body_part),
                *(Warning("low_quality", reason)
                  for reason in quality.reasons(picture, statistics, self.limits)),
                *(Warning("unfamiliar", reason) for reason in unlike))

    def _unknown(self, body_part: str) -> tuple[Warning, ...]:
        if not body_part or body_part in self.body_parts:
            return ()
        known = ", ".join(self.body_parts) or "none was named"
        return (Warning("unknown_body_part",
                        f"not among the body parts that the model learnt from ({known})"),)


def _spec(made: dict[str, object]) -> PreprocessSpec:
    """Read how a member's pictures are made; its graph normalises them by itself."""
    return PreprocessSpec.from_json(
        {key: value for key, value in made.items() if key != "normalize"})


def _rule(ensemble: dict[str, Any]) -> str:
    """Say by what the threshold was chosen on the validation part."""
    if len(ensemble["labels"]) > 2:
        return "none: the most probable"
    least = ensemble.get("required_sensitivity")
    return ensemble["threshold_rule"] + (f" of at least {least:g}" if least else "")
