"""Settings of what is measured, combined, explained, watched and packaged."""

from typing import Annotated, Literal

from pydantic import Field

from osteon.sections.section import Section

Metric = Literal["auroc", "average_precision", "accuracy", "balanced_accuracy", "kappa", "f1"]
Method = Literal["integrated_gradients", "grad_cam"]


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
    threshold_rule: Literal["kappa", "youden", "sensitivity"]  # of two classes
    required_sensitivity: Annotated[float, Field(gt=0, le=1)]  # rule sensitivity
    study_rule: Literal["auto", "mean", "max", "noisy_or"]


class Evaluate(Section):
    """How the verdict is measured."""

    resamples: Annotated[int, Field(ge=100)]


class Explain(Section):
    """Which test images are explained, and at what cost."""

    methods: Annotated[tuple[Method, ...], Field(strict=False, min_length=1)]
    cases: Annotated[int, Field(ge=0)]  # of each kind
    steps: Annotated[int, Field(ge=8)]  # of Integrated Gradients, to begin with
    most_steps: Annotated[int, Field(ge=8)]  # in all, where the first do not add up
    tolerance: Annotated[float, Field(gt=0)]  # the miss, relative, that still adds up
    internal_batch: Annotated[int, Field(ge=1)]  # steps computed at a time
    gradients_images: Annotated[int, Field(ge=1)]  # measured by Integrated Gradients
    cam_images: Annotated[int, Field(ge=1)]  # measured by Grad-CAM
    masks: str  # a COCO file, below the data set's root; where it is missing there is none


class Drift(Section):
    """What is compared with the reference, and when a difference is called drift."""

    current: str  # test, a folder of images, or the service's log
    false_alarms: Annotated[float, Field(ge=0.001, le=0.5)]  # of all tests together
    least_move: Annotated[float, Field(ge=0)]
    least_images: Annotated[int, Field(ge=2)]
    latest: Annotated[int, Field(ge=2)]  # predictions of a log
    fail_on_drift: bool


class Package(Section):
    """What the exported members must satisfy."""

    parity: Annotated[float, Field(gt=0)]
    parity_images: Annotated[int, Field(ge=1)]

