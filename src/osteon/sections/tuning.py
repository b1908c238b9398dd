"""Settings of the search for a head and its training."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from osteon.sections.section import Section


class Range(Section):
    """From where a search draws a value, ends included: whole numbers where both ends are whole."""

    low: int | float
    high: int | float
    log: bool = False  # evenly by the logarithm

    @model_validator(mode="after")
    def _ends_differ(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low={self.low} is not below high={self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low={self.low} has no logarithm")
        return self
Choices = tuple[Any, ...]
Axis = Choices | Range
# A trial's length is Hyperband's own matter, the measure is what trials are compared by, and
# embeddings are made once for all of them, by a backbone that stays as it is.
_NOT_SEARCHED = {"epochs", "patience", "monitor", "views", "freeze_batch_norm"}


class Space(Section):
    """What a search tries: for keys of the head and of its training, choices or a range each."""

    head: dict[str, Axis] = {}
    train: dict[str, Axis] = {}

    @field_validator("head", "train", mode="before")
    @classmethod
    def _are_choices_or_ranges(cls, axes: Any) -> Any:
        if not isinstance(axes, dict):
            raise ValueError(  # noqa: TRY004 (pydantic reports no other)
                f"keys with a list of choices or a range each, not {axes!r}")
        if fixed := sorted(_NOT_SEARCHED & set(axes)):
            raise ValueError(f"{fixed[0]}: cannot be searched on embeddings; set it in train")
        return {key: _axis(key, value) for key, value in axes.items()}

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes by their whole names, as in `train.learning_rate`."""
        return {f"{section}.{key}": axis for section in ("head", "train")
                for key, axis in getattr(self, section).items()}

    @property
    def extremes(self) -> Iterator[dict[str, dict[str, Any]]]:
        """Each choice, and both ends of each range, as in {"train": {"batch_size": 16}}."""
        for name, axis in self.axes.items():
            section, key = name.split(".")
            for value in (axis.low, axis.high) if isinstance(axis, Range) else axis:
                yield {section: {key: value}}


class Tune(Section):
    """Hyperband over a head and its training, on the embeddings of a frozen backbone."""

    trials: Annotated[int, Field(ge=0)]  # in all, of all workers; 0: no search
    epochs: Annotated[int, Field(ge=1)]  # of a trial that is not stopped
    least_epochs: Annotated[int, Field(ge=1)]  # before which none is stopped
    keep_one_in: Annotated[int, Field(ge=2)]
    storage: str | None
    space: Space

    @model_validator(mode="after")
    def _can_be_searched(self) -> Self:
        if self.least_epochs > self.epochs:
            raise ValueError(f"least_epochs={self.least_epochs} is more than epochs={self.epochs}")
        if self.trials and not self.space.axes:
            raise ValueError("space: empty; name a file of conf/tune/, as in -S tune=thesis")
        return self

    def require_usable(self, weights: str, monitor: str) -> None:
        """Refuse a search whose trials could not be made, or not be compared.

        Raises:
            ValueError: there is no pretrained backbone, or losses of two kinds would be compared.
        """
        if self.trials and weights == "none":
            raise ValueError(f"tune.trials={self.trials}: weights=none leaves no frozen backbone "
                             "to tune a head on; set weights=imagenet or a path, or tune=off")
        if self.trials and monitor == "last":
            raise ValueError(f"tune.trials={self.trials}: train.monitor=last measures no trial; "
                             "set it to auroc, accuracy or loss, or tune=off")
        outputs = self.space.axes.get("head.output", ())
        if self.trials and monitor == "loss" and isinstance(outputs, tuple) and len(outputs) > 1:
            raise ValueError("tune.space.head.output: the losses of softmax and sigmoid are not "
                             "comparable; set train.monitor=auroc or accuracy")


def _axis(key: str, value: Any) -> Axis:
    if isinstance(value, Range):
        return value
    if isinstance(value, dict):
        try:
            return Range.model_validate(value)
        except ValidationError as error:
            raise ValueError(f"{key}: a range is {{low: ..., high: ...}}, with log: true where "
                             f"wanted, not {value!r} ({_first(error)})") from None
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{key}: a list of choices, or a range {{low: ..., high: ...}}, "
                         f"not {value!r}")
    return tuple(tuple(choice) if isinstance(choice, list) else choice for choice in value)


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(map(str, problem["loc"][:1]))
    return ": ".join(filter(None, [where, problem["msg"].removeprefix("Value error, ")]))

