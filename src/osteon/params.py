"""The one reader of params.yaml: plain YAML in, frozen typed settings out.

A key nobody knows, a wrong type or an impossible value is refused with the key's path and what
is allowed, whichever stage reads the file, so that a slip shows before hours of training.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osteon.errors import UserError

Share = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Metric = Literal["auroc", "accuracy", "kappa", "f1"]


class Section(BaseModel):
    """Settings are frozen, strictly typed, and know every key they may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Dataset(Section):
    """Where the radiographs lie and what their labels are."""

    layout: Literal["mura", "fracatlas"]
    root: str
    labels: Annotated[tuple[str, str], Field(strict=False)]  # the last is what is looked for
    body_parts: Names
    block: Annotated[int, Field(ge=1)]  # consecutive image numbers taken as one patient
    unreadable: Literal["fail", "drop"]

    @field_validator("labels")
    @classmethod
    def _differ(cls, labels: tuple[str, str]) -> tuple[str, str]:
        if len(set(labels)) < len(labels):
            raise ValueError(f"{labels[0]!r} is named twice")
        return labels


class Sample(Section):
    """The embedded data set."""

    patients: Annotated[int, Field(ge=20)]


class Split(Section):
    """Shares of the images in each part."""

    train: Share
    validation: Share
    test: Share

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train, validation and test must add up to 1")
        if min(self.train, self.validation, self.test) < 0.05:
            raise ValueError("each of train, validation and test needs at least 0.05")
        return self


class Preprocess(Section):
    """What happens to a picture between its file and the network."""

    image_size_px: Annotated[int, Field(ge=32, le=2048)]
    contrast: Literal["none", "stretch", "clahe"]
    clahe_clip: Annotated[float, Field(gt=0)]
    clahe_grid: Annotated[int, Field(ge=1)]
    fit: Literal["squash", "pad"]


class Augment(Section):
    """Random changes to training images, each drawn per image."""

    horizontal_flip: Share
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    shift: Annotated[float, Field(ge=0, le=0.5)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]


class Model(Section):
    """The members of the ensemble; one alone is an ensemble of one."""

    members: Names


class Backbone(Section):
    """A named variant: a timm architecture and the input it was made for."""

    arch: str
    normalize: Literal["imagenet", "symmetric", "unit"]


class Phase(Section):
    """One run of training, from scratch or from what the phase before left."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Literal["constant", "cosine", "one_cycle"]
    weight_decay: Annotated[float, Field(ge=0)]
    freeze_batch_norm: bool
    class_weights: bool
    monitor: Literal["auroc", "loss"]
    patience: Annotated[int, Field(ge=1)] | None


class Train(Phase):
    """The first phase; `views` augmented copies feed the head of a frozen backbone."""

    views: Annotated[int, Field(ge=1)]


class Trainer(Section):
    """What runs the training."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "bf16", "fp32"]


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
    trainer: Trainer
    train: Train
    finetune: Phase
    ensemble: Ensemble
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
