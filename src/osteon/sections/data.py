"""Settings of the data: where it lies, what is set aside, how it is cut and prepared."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from osteon.sections.section import Section, Share

Policy = Literal["fail", "drop", "keep"]
Fit = Literal["squash", "pad"]  # fill the square, or keep proportions and pad with black


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
    other_labels: Literal["fail", "drop"]  # images of a label that `labels` does not name
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
        if self.protocol == "ratio" and abs(sum(self.by_shares.values()) - 1) > 1e-9:
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
    contrast: Literal["none", "stretch", "clahe", "clahe_lab"]
    clahe_clip: Annotated[float, Field(gt=0)]
    clahe_grid: Annotated[int, Field(ge=1)]
    fit: Fit


class Executor(Section):
    """Where index and preprocess work on images; the files are the same wherever that is."""

    kind: Literal["local", "dask", "ray"]
    address: str | None  # of the cluster; none: one of this machine's cores, for the run

    @model_validator(mode="after")
    def _address_is_of_a_cluster(self) -> Self:
        if self.kind == "local" and self.address is not None:
            raise ValueError(f"address={self.address}: kind=local has none; "
                             "set kind to dask or ray")
        return self

