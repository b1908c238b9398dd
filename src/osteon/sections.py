"""What a section of params.yaml is, and the sections that building and training a member read."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(ge=0, le=1)]
Output = Literal["softmax", "sigmoid"]
Blocks = Literal["all"] | int


class Section(BaseModel):
    """Settings are frozen, strictly typed, and know every key they may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Augment(Section):
    """Random changes to training images, each drawn per image."""

    horizontal_flip: Share
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    shift: Annotated[float, Field(ge=0, le=0.5)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]
    randaugment: Annotated[int, Field(ge=0)]  # operations on an image
    randaugment_magnitude: Annotated[int, Field(ge=0, le=30)]


class Backbone(Section):
    """A named variant: an architecture, the input it was made for, and its output if special."""

    arch: str
    normalize: Literal["imagenet", "symmetric", "unit"]
    output: Output | None = None  # instead of head.output


class Head(Section):
    """The layers between a backbone's pooled features and the logits."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]
    batch_norm: bool
    dropout: Annotated[float, Field(ge=0, lt=1)]
    output: Output

    def of(self, backbone: Backbone) -> Self:
        """Give the head for a backbone, with that one's own output if it names one."""
        return self.model_copy(update={"output": backbone.output or self.output})


class Phase(Section):
    """One run of training, from scratch or from what the phase before left."""

    epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]
    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(gt=0, lt=1)]  # sgd
    schedule: Literal["constant", "cosine", "warm_restarts", "one_cycle"]
    restart_epochs: Annotated[int, Field(ge=1)]  # warm_restarts: of the first cycle
    restart_factor: Annotated[int, Field(ge=1)]  # warm_restarts: by which each cycle is longer
    weight_decay: Annotated[float, Field(ge=0)]
    l1: Annotated[float, Field(ge=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    ema: Annotated[float, Field(gt=0, lt=1)] | None
    freeze_batch_norm: bool
    class_weights: bool
    monitor: Literal["accuracy", "auroc", "loss"]
    patience: Annotated[int, Field(ge=1)] | None


class Train(Phase):
    """The first phase; `views` augmented copies feed the head of a frozen backbone."""

    views: Annotated[int, Field(ge=1)]


class Finetune(Phase):
    """The second phase: the head and the last blocks of the backbone, or all of it."""

    unfreeze: Blocks

    @field_validator("unfreeze", mode="before")
    @classmethod
    def _is_all_or_a_number(cls, value: Any) -> Any:
        if value != "all" and (type(value) is not int or value < 1):
            raise ValueError(f"'all', or how many of the last blocks (1 or more), not {value!r}")
        return value


class Trainer(Section):
    """What runs the training."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "bf16", "fp32"]
