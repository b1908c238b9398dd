"""The one reader of params.yaml: plain YAML in, frozen typed settings out.

A key nobody knows, a wrong type or an impossible value is refused with the key's path and what
is allowed, whichever stage reads the file, so that a slip shows before hours of training.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osteon.errors import UserError
from osteon.sections import (
    Augment,
    Backbone,
    Finetune,
    Head,
    Section,
    Share,
    Train,
    Trainer,
)

Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Policy = Literal["fail", "drop", "keep"]
Metric = Literal["auroc", "accuracy", "kappa", "f1"]


class Quarantine(Section):
    """What is set aside, and what happens to it: stop, go on without it, or use it with a warning.

    A file that cannot be decoded cannot be kept.
    """

    unreadable: Literal["fail", "drop"]
    truncated: Policy
    contradictory_label: Policy
    blank: Policy
    size: Policy
    shape: Policy
    blank_sd: Share  # a picture whose grey values vary less than this is blank
    least_side_px: Annotated[int, Field(ge=1)]
    most_elongated: Annotated[float, Field(ge=1)]  # the long side over the short one


class Duplicates(Section):
    """When two pictures are one: the hash proposes, the correlation of the pictures proves."""

    hash_distance: Annotated[int, Field(ge=0, le=63)]
    correlation: Share


class Dataset(Section):
    """Where the radiographs lie and what their labels are."""

    layout: Literal["mura", "fracatlas", "class_folders", "csv", "dicom"]
    root: str
    labels: Annotated[tuple[str, ...], Field(strict=False, min_length=2)]  # in this order
    body_parts: Annotated[tuple[str, ...], Field(strict=False)]  # none named: whichever occur
    block: Annotated[int, Field(ge=1)]  # consecutive image numbers taken as one patient
    manifest: str  # csv, dicom: the table of labels, absolute or relative to the root
    quarantine: Quarantine
    duplicates: Duplicates

    @field_validator("labels")
    @classmethod
    def _differ(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"{label!r} is named twice")
        return labels


class Sample(Section):
    """The embedded data set: what its patients show, and how many they are."""

    kind: Literal["abnormality", "fracture_types", "bone_density", "fracture"]
    patients: Annotated[int, Field(ge=20)]


class Split(Section):
    """How the images are cut; docs/splits.md says what each protocol does."""

    protocol: Literal["ratio", "official", "official_carved", "official_test_carved", "folds",
                      "body_part"]
    train: Share
    validation: Share
    test: Share
    folds: Annotated[int, Field(ge=3)]
    fold: Annotated[int, Field(ge=0)]  # the one that is the test part
    body_part: str | None  # the one that is the test part
    crossing: Literal["fail", "drop"]  # groups that a cut given from outside divides
    as_published: bool  # cut by image, as the authors did: everything after it says LEAKY

    @property
    def by_shares(self) -> dict[str, float]:
        """The proportions that the protocol cuts by; a part given from outside has none."""
        shares = {"train": self.train, "validation": self.validation, "test": self.test}
        if self.protocol == "folds":
            shares["train"] = 1 - 1 / self.folds - self.validation
        given = {"ratio": (), "official": tuple(shares), "official_test_carved": ("train",)}.get(
            self.protocol, ("test",))
        return {part: share for part, share in shares.items() if part not in given}

    @model_validator(mode="after")
    def _parts_are_large_enough(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test must add up to 1")
        shares = self.by_shares
        if shares and min(shares.values()) < 0.05 * sum(shares.values()) - 1e-9:
            raise ValueError(f"each of {', '.join(shares)} needs at least 0.05 of their sum")
        return self

    @model_validator(mode="after")
    def _test_part_can_be_named(self) -> Self:
        if self.protocol == "folds" and self.fold >= self.folds:
            raise ValueError(f"fold={self.fold}: of {self.folds} the last is {self.folds - 1}")
        if self.protocol == "body_part" and not self.body_part:
            raise ValueError("protocol=body_part needs one, as in -S split.body_part=wrist")
        if self.as_published and self.protocol in ("folds", "body_part"):
            raise ValueError(f"as_published=true: nobody published protocol={self.protocol}")
        return self


class Preprocess(Section):
    """What happens to a picture between its file and the network."""

    image_size_px: Annotated[int, Field(ge=32, le=2048)]
    contrast: Literal["none", "stretch", "clahe"]
    clahe_clip: Annotated[float, Field(gt=0)]
    clahe_grid: Annotated[int, Field(ge=1)]
    fit: Literal["squash", "pad"]


class Model(Section):
    """The members of the ensemble; one alone is an ensemble of one."""

    members: Names


class Audit(Section):
    """The probe that tells what each protocol would have claimed."""

    backbone: str | None  # an entry of conf/backbones/, frozen; none: the first member
    views: Annotated[int, Field(ge=1)]  # augmented copies for the protocol that augments first
    folds: Annotated[int, Field(ge=2)]
    most_images: Annotated[int, Field(ge=100)]


class Ensemble(Section):
    """How members are combined, and how a probability becomes a verdict."""

    metric: Metric
    folds: Annotated[int, Field(ge=2)]
    threshold_rule: Literal["kappa", "youden"]


class Evaluate(Section):
    """How the verdict is measured."""

    resamples: Annotated[int, Field(ge=100)]


class Drift(Section):
    """When a difference between two sets of images is called drift."""

    column_threshold: Annotated[float, Field(gt=0)]
    share_of_columns: Share
    least_images: Annotated[int, Field(ge=2)]


class Package(Section):
    """What the exported members must satisfy."""

    parity: Annotated[float, Field(gt=0)]
    parity_images: Annotated[int, Field(ge=1)]


class Params(Section):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    weights: str  # none, imagenet, or a file or folder of weights
    dataset: Dataset
    sample: Sample
    split: Split
    preprocess: Preprocess
    augment: Augment
    model: Model
    backbones: dict[str, Backbone]
    head: Head
    trainer: Trainer
    train: Train
    finetune: Finetune
    ensemble: Ensemble
    audit: Audit
    evaluate: Evaluate
    drift: Drift
    package: Package

    @model_validator(mode="after")
    def _members_have_backbones(self) -> Self:
        for member in self.model.members:
            if member not in self.backbones:
                raise ValueError(
                    f"model.members: {member!r} has no entry in conf/backbones/; "
                    f"add one, or choose from {', '.join(sorted(self.backbones))}"
                )
        if self.audit.backbone and self.audit.backbone not in self.backbones:
            raise ValueError(f"audit.backbone: {self.audit.backbone!r} has no entry in "
                             f"conf/backbones/; choose from {', '.join(sorted(self.backbones))}")
        if len(set(self.model.members)) < len(self.model.members):
            raise ValueError("model.members: a member is named twice")
        return self


def load(file: Path = Path("params.yaml")) -> Params:
    """Read and check every setting.

    Raises:
        UserError: the file is missing, is not YAML, or holds what no stage could use.
    """
    try:
        content = YAML(typ="safe", pure=True).load(file)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file; run from the project's root") from None
    except YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {error}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(_explain(file, error)) from None


def _explain(file: Path, error: ValidationError) -> str:
    lines = [_line(problem["loc"], problem["msg"], problem["input"], problem["type"])
             for problem in error.errors(include_url=False)]
    return "\n  ".join([f"{file} cannot be used:", *lines])


def _line(where: Sequence[int | str], message: str, value: Any, kind: str) -> str:
    key = ".".join(map(str, where))
    if kind == "extra_forbidden":
        return f"{key}: no such key; allowed here: {', '.join(_allowed(where[:-1]))}"
    message = message.removeprefix("Value error, ")
    if kind == "value_error":
        return f"{key}: {message}" if key else message
    if kind == "missing":
        return f"{key}: missing; compose it from conf/ with `make params`"
    return f"{key}: {message[0].lower()}{message[1:]}, not {value!r}"


def _allowed(where: Sequence[int | str]) -> list[str]:
    model: Any = Params
    for name in where:
        if name in model.model_fields:
            model = Backbone if name == "backbones" else model.model_fields[name].annotation
    return sorted(model.model_fields)
