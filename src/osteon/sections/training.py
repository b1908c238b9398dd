"""Settings of the networks and of their training."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from osteon.sections.section import Names, Section, Share

Output = Literal["softmax", "sigmoid"]
Blocks = Literal["all"] | int
Sampling = Literal["natural", "balanced"]


class Augment(Section):
    """Random changes to training images, each drawn per image."""

    horizontal_flip: Share
    rotation_deg: Annotated[float, Field(ge=0, le=180)]
    shift: Annotated[float, Field(ge=0, le=0.5)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]
    stretch: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of one side against the other
    gamma: Annotated[float, Field(ge=0, lt=1)] = 0.0  # 0.3: to a power from 0.7 to 1.43
    border: Annotated[float, Field(ge=0, lt=0.5)] = 0.0  # blackened from each edge, of the side
    randaugment: Annotated[int, Field(ge=0)]  # operations on an image
    randaugment_magnitude: Annotated[int, Field(ge=0, le=30)]


class Head(Section):
    """The layers between a backbone's pooled features and the logits."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]
    batch_norm: bool
    dropout: Annotated[float, Field(ge=0, lt=1)]
    output: Output
    spots: bool = False  # one more feature: how strongly the strongest place speaks for a finding

    @property
    def is_linear(self) -> bool:
        """Whether the logits are a weighted sum of the features, dropout aside."""
        return not self.hidden and not self.batch_norm and self.output == "softmax"


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
    sampling: Sampling = "natural"
    monitor: Literal["accuracy", "auroc", "loss", "last"]
    patience: Annotated[int, Field(ge=1)] | None

    @model_validator(mode="after")
    def _classes_are_balanced_once(self) -> Self:
        if self.sampling == "balanced" and self.class_weights:
            raise ValueError("sampling=balanced: class_weights=true would balance the classes a "
                             "second time; set it to false")
        return self

    @model_validator(mode="after")
    def _patience_has_a_measure(self) -> Self:
        if self.monitor == "last" and self.patience:
            raise ValueError(f"patience={self.patience}: monitor=last measures nothing; set "
                             "patience to null")
        return self


class Train(Phase):
    """The first phase; `views` augmented copies feed the head of a frozen backbone.

    With 0 of them, the backbone embeds every image anew in each epoch.
    """

    views: Annotated[int, Field(ge=0)]


class Finetune(Phase):
    """The second phase: the head and the last blocks of the backbone, or all of it."""

    unfreeze: Blocks
    head_rate: Annotated[float, Field(gt=0)] = 1.0  # of learning_rate, for what is new: the head
    localisation: Annotated[float, Field(ge=0)] = 0.0  # weight of a loss
    outlines: Annotated[float, Field(ge=0)] = 0.0  # weight of a loss of what looks for spots

    @property
    def reads_masks(self) -> bool:
        """Whether the masks of training images are learnt from."""
        return bool(self.localisation or self.outlines)

    @field_validator("unfreeze", mode="before")
    @classmethod
    def _is_all_or_a_number(cls, value: Any) -> Any:
        if value != "all" and (type(value) is not int or value < 1):
            raise ValueError(f"'all', or how many of the last blocks (1 or more), not {value!r}")
        return value


class Trainer(Section):
    """What runs the training; `devices` on each of `num_nodes` machines share every batch."""

    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "bf16", "fp32"]
    devices: Annotated[int, Field(ge=1)] = 1
    num_nodes: Annotated[int, Field(ge=1)] = 1
    strategy: Literal["auto", "ddp"] = "auto"
    compile: bool = False

    @property
    def processes(self) -> int:
        """How many processes train one member together."""
        return self.devices * self.num_nodes

    def require_shared(self, where: str, batch_size: int) -> None:
        """Refuse a batch that the processes cannot share evenly.

        Raises:
            ValueError: one of them would get less than the others.
        """
        if batch_size % self.processes:
            raise ValueError(f"{where}: {self.processes} processes cannot share {batch_size} "
                             "images evenly (trainer.devices times num_nodes); make it a multiple "
                             f"of {self.processes}")

    @property
    def alone(self) -> Self:
        """The same on one device of one machine."""
        return self.model_copy(update={"devices": 1, "num_nodes": 1, "strategy": "auto"})


class Backbone(Section):
    """A named variant: an architecture, the input it was made for, and what is special to it.

    Each of the sections holds keys of the common one that this variant has otherwise.
    """

    arch: str
    normalize: Literal["imagenet", "symmetric", "unit"]
    seed: Annotated[int, Field(ge=0)] | None = None
    preprocess: dict[str, Any] = {}
    augment: dict[str, Any] = {}
    head: dict[str, Any] = {}
    train: dict[str, Any] = {}
    finetune: dict[str, Any] = {}

    def overrides(self) -> dict[str, Any]:
        """Give what this variant has otherwise, by section."""
        return self.model_dump(exclude={"arch", "normalize"}, exclude_defaults=True)


class Model(Section):
    """The members of the ensemble; one alone is an ensemble of one.

    With 2 folds or more a member is as many networks, each judged by the fold it has not seen.
    """

    members: Names
    folds: Annotated[int, Field(ge=1)] = 1

