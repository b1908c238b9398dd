"""The one reader of params.yaml: plain YAML in, frozen typed settings out.

A key nobody knows, a wrong type or an impossible value is refused with the key's path and what
is allowed, whichever stage reads the file, so that a slip shows before hours of training.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osteon.errors import UserError
from osteon.sections.data import Dataset, Executor, Preprocess, Sample, Split
from osteon.sections.section import Section
from osteon.sections.training import Augment, Backbone, Finetune, Head, Model, Train, Trainer
from osteon.sections.tuning import Range, Tune
from osteon.sections.verdict import Audit, Drift, Ensemble, Evaluate, Explain, Package

Published = Literal["none", "mura_thesis", "fracture_cnn", "fec_ige", "osteoporosis",
                    "resnet_transfer"]


class Params(Section):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    weights: str  # none, imagenet, or a file or folder of weights
    published: Published  # the system that a recipe repeats: whose figures the report shows
    executor: Executor
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
    tune: Tune
    finetune: Finetune
    ensemble: Ensemble
    audit: Audit
    evaluate: Evaluate
    explain: Explain
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

    @model_validator(mode="after")
    def _variants_can_be_used(self) -> Self:
        for name, backbone in self.backbones.items():
            try:
                self.overridden(backbone.overrides())
            except ValueError as error:
                raise ValueError(f"backbones.{name}: {error}") from None
        return self

    @model_validator(mode="after")
    def _held_out_folds_choose_nothing(self) -> Self:
        if self.model.folds == 1:
            return self
        if self.trainer.processes > 1:
            raise ValueError(f"trainer: with model.folds={self.model.folds} one process trains a "
                             "member's networks in turn; set devices and num_nodes to 1")
        for phase in ("train", "finetune"):
            for member in self.model.members:
                if getattr(self.of(member), phase).monitor != "last":
                    raise ValueError(
                        f"{phase}.monitor: with model.folds={self.model.folds} the fold that "
                        f"judges {member} would choose its epoch; set it to last")
        return self

    @model_validator(mode="after")
    def _masks_can_be_learnt_from(self) -> Self:
        for member in self.model.members:
            own = self.of(member)
            if not own.finetune.reads_masks:
                continue
            if own.finetune.localisation and (
                    len(self.dataset.labels) != 2 or not own.head.is_linear):
                raise ValueError(
                    f"finetune.localisation={own.finetune.localisation}: {member} must tell two "
                    "classes by a linear head (head.hidden: [], batch_norm: false, output: "
                    "softmax), or no map of the finding follows from its weights; "
                    "finetune.outlines goes with any head that looks for spots")
            if own.finetune.outlines and not own.head.spots:
                raise ValueError(
                    f"finetune.outlines={own.finetune.outlines}: {member} does not look for "
                    "spots, which alone learn from outlines place by place; set head.spots to true")
            if own.augment.randaugment:
                raise ValueError(
                    f"finetune: {member} would learn from masks that RandAugment leaves behind "
                    "when it turns images; set augment.randaugment to 0")
        return self

    @model_validator(mode="after")
    def _search_can_be_made(self) -> Self:
        self.tune.require_usable(self.weights, self.train.monitor)
        for overrides in self.tune.space.extremes:
            try:
                self.overridden(overrides)
            except ValueError as error:
                raise ValueError(f"tune.space.{error}") from None
        return self

    @model_validator(mode="after")
    def _processes_share_every_batch(self) -> Self:
        for member in self.model.members:
            own = self.of(member)
            for name, phase in {"train": own.train, "finetune": own.finetune}.items():
                self.trainer.require_shared(f"{name}.batch_size of {member}", phase.batch_size)
        searched = self.tune.space.train.get("batch_size", ())
        if isinstance(searched, Range) and self.trainer.processes > 1:
            raise ValueError("tune.space.train.batch_size: between its ends are sizes that "
                             f"{self.trainer.processes} processes cannot share evenly; "
                             f"list multiples of {self.trainer.processes}")
        for size in () if isinstance(searched, Range) else searched:
            self.trainer.require_shared("tune.space.train.batch_size", size)
        return self

    def of(self, member: str) -> Self:
        """Give the settings of a member: the common ones, and over them its variant's own."""
        return self.overridden(self.backbones[member].overrides())

    def require_member(self, names: Sequence[str]) -> str:
        """Take the one member that a command line names.

        Raises:
            UserError: it names none, several, or what is no member.
        """
        if len(names) != 1 or names[0] not in self.model.members:
            raise UserError(f"name one member of model.members ({', '.join(self.model.members)}), "
                            f"not {' '.join(names) or 'none'}")
        return names[0]

    def overridden(self, overrides: Mapping[str, Any]) -> Self:
        """Lay values over some keys of some sections, as in {"train": {"epochs": 3}, "seed": 1}.

        Raises:
            ValueError: a key is unknown, or a value cannot be used.
        """
        changed = {}
        for name, value in overrides.items():
            common = getattr(self, name)
            if not isinstance(common, Section):
                changed[name] = value
                continue
            try:
                changed[name] = type(common).model_validate({**common.model_dump(), **value})
            except ValidationError as error:
                raise ValueError("; ".join(_lines(error, name))) from None
        return self.model_copy(update=changed)


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
    return "\n  ".join([f"{file} cannot be used:", *_lines(error)])


def _lines(error: ValidationError, *section: str) -> list[str]:
    return [_line((*section, *problem["loc"]), problem["msg"], problem["input"], problem["type"])
            for problem in error.errors(include_url=False)]


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
