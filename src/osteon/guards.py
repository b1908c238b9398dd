"""What must hold of the rows before and after the cut, each with the risk it guards against."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from great_expectations import expectations as gxe

from osteon.evidence import LOST, UNEVEN_POINTS
from osteon.findings import Severity
from osteon.records import INDEX, PARTS, SPLIT, Reason
from osteon.sections.data import Dataset, Policy

# Neither from the top of a disk nor up and out by `..`.
_BELOW_THE_ROOT = r"^(?![/\\]|[A-Za-z]:|.*(?:^|[/\\])\.\.(?:[/\\]|$)).*\S"
_NOT_BLANK = r"\S"
_MOSTLY_WHITE = 0.5  # a radiograph has a few hundredths of white; a wrapped or clipped one has most

_FOUND: dict[Reason, str] = {
    "unreadable": "files that cannot be read as radiographs",
    "truncated": "files that are cut short",
    "contradictory_label": "images whose label is contradicted by a twin or by a second source",
    "blank": "blank pictures",
    "size": "pictures too small to show a finding",
    "shape": "pictures too long and narrow for a radiograph",
}
_BECOMES: dict[Policy, str] = {"fail": "", "drop": ": left out", "keep": ": used all the same"}


@dataclass(frozen=True)
class Guard:
    """An expectation, the risk it guards against, and what to do when it fails.

    `shows` are the columns that explain a row which breaks it; where no row alone does, `names` is
    "values", and the values of the column are named instead of the images.
    """

    name: str
    risk: str
    remedy: str
    expectation: Any
    severity: Severity = "stop"
    shows: tuple[str, ...] = ()
    names: Literal["images", "values"] = "images"

    def __post_init__(self) -> None:
        """Tell Great Expectations what its own pages show."""
        self.expectation.notes = f"{self.risk}. {self.remedy}"
        self.expectation.severity = "critical" if self.severity == "stop" else "warning"


def before_the_cut(dataset: Dataset) -> list[Guard]:
    """Give the guards of check@index."""
    return [*_rows(INDEX, "index"), *_origins(), *_labels(dataset), *_body_parts(dataset),
            *_set_aside(dataset), *_measures()]


def after_the_cut(dataset: Dataset, *, leaky: bool) -> list[Guard]:
    """Give the guards of check@split; groups may cross where a published cut divides them."""
    return [*_rows(SPLIT, "split"), *_membership(), *_leaks(leaky=leaky), *_balance(dataset)]


def _rows(columns: list[str], stage: str) -> list[Guard]:
    again = f"Run the {stage} stage again."
    return [
        Guard("columns", f"columns of the {stage} are missing", again,
              gxe.ExpectTableColumnsToMatchSet(column_set=columns, exact_match=False)),
        Guard("path_twice", "an image is listed twice",
              "Take the repeated row away." if stage == "index" else again,
              gxe.ExpectColumnValuesToBeUnique(column="path"), shows=("label", "patient_id")),
    ]


def _origins() -> list[Guard]:
    return [
        Guard("path_below_root",
              "an image whose path does not lead below the root: no other machine finds it",
              "Give its path relative to dataset.root.",
              gxe.ExpectColumnValuesToMatchRegex(column="path", regex=_BELOW_THE_ROOT)),
        Guard("patient", "an image of no patient could leak between the parts",
              "Give it a patient_id.",
              gxe.ExpectColumnValuesToMatchRegex(column="used_patient_id", regex=_NOT_BLANK)),
        Guard("study", "images of no study would be judged as one", "Give them a study_id.",
              gxe.ExpectColumnValuesToMatchRegex(column="used_study_id", regex=_NOT_BLANK)),
        Guard("group", "an image of no group could leak between the parts",
              "Run the index stage again.",
              gxe.ExpectColumnValuesToMatchRegex(column="used_group_id", regex=_NOT_BLANK)),
        Guard("group_of_patient", "a patient in two groups could come into two parts",
              "Run the index stage again.",
              gxe.ExpectColumnValuesToBeBetween(column="groups_of_patient", max_value=1),
              shows=("patient_id", "group_id")),
        Guard("group_of_twin", "duplicates in two groups could come into two parts",
              "Run the index stage again.",
              gxe.ExpectColumnValuesToBeBetween(column="groups_of_twin", max_value=1),
              shows=("twin_id", "group_id")),
        Guard("view", "most images name their view, these do not",
              "Add the view, or go on: nothing but reports depends on it.",
              gxe.ExpectColumnValuesToMatchRegex(column="expected_view", regex=_NOT_BLANK),
              severity="warn", shows=("body_part",)),
    ]


def _labels(dataset: Dataset) -> list[Guard]:
    labels = list(dataset.labels)
    kept: Severity = "warn" if dataset.quarantine.contradictory_label == "keep" else "stop"
    decide = "Decide which label is right, or take both images away."
    return [
        Guard("label", f"a label other than {', '.join(labels)}",
              "Mend the label, or dataset.labels.",
              gxe.ExpectColumnValuesToBeInSet(column="used_label", value_set=labels),
              shows=("label",)),
        Guard("class", "not every label of dataset.labels occurs: nothing could be learnt",
              "Add images of the missing class, or mend dataset.labels.",
              gxe.ExpectColumnDistinctValuesToContainSet(
                  column="used_label", value_set=labels)),
        Guard("label_of_study", "images of one study with different labels: one of them is wrong",
              "Mend the label; where labels are of images, make each image a study of its own.",
              gxe.ExpectColumnValuesToBeBetween(column="labels_of_study", max_value=1),
              shows=("study_id", "label")),
        Guard("label_of_bytes", "the same file under different labels: one of them is wrong",
              decide, gxe.ExpectColumnValuesToBeBetween(column="labels_of_bytes", max_value=1),
              kept, shows=("sha256", "label")),
        Guard("label_of_pixels", "the same picture under different labels: one of them is wrong",
              decide, gxe.ExpectColumnValuesToBeBetween(column="labels_of_pixels", max_value=1),
              kept, shows=("pixel_hash", "label")),
    ]


def _body_parts(dataset: Dataset) -> list[Guard]:
    if not dataset.body_parts:
        return []
    return [Guard(
        "body_part", "a body part that dataset.body_parts does not name",
        "Add it to dataset.body_parts, or take these images away.",
        gxe.ExpectColumnValuesToBeInSet(
            column="used_body_part", value_set=list(dataset.body_parts)),
        shows=("body_part",))]


def _set_aside(dataset: Dataset) -> list[Guard]:
    again = "Run the index stage again."
    return [
        *(_quarantined(reason, getattr(dataset.quarantine, reason)) for reason in get_args(Reason)),
        Guard("reason", "files that would be left out without a reason", again,
              gxe.ExpectColumnValuesToBeInSet(column="unexplained", value_set=[""]),
              shows=("unexplained", "reason")),
        Guard("marked", "pictures that the settings set aside, and the index does not", again,
              gxe.ExpectColumnValuesToBeInSet(column="unmarked", value_set=[""]),
              shows=("unmarked", "sd", "width_px", "height_px")),
    ]


def _quarantined(reason: Reason, policy: Policy) -> Guard:
    key = f"dataset.quarantine.{reason}"
    remedy = {
        "fail": f"Repair or remove them, or go on without them: {key}=drop.",
        "drop": f"Look at them; {key}=fail stops here instead.",
        "keep": f"Look at them; {key}=drop leaves them out."}[policy]
    # Twins that contradict each other are seen side by side.
    together = ("twin_id",) if reason == "contradictory_label" else ()
    return Guard(
        f"quarantine_{reason}", _FOUND[reason] + _BECOMES[policy], remedy,
        gxe.ExpectColumnValuesToNotBeInSet(column="reason", value_set=[reason]),
        "stop" if policy == "fail" else "warn", shows=(*together, "detail", "label"))


def _measures() -> list[Guard]:
    return [
        Guard("measures", "measures that no picture can have: the file was misread",
              "Look at the file, then run the index stage again.",
              gxe.ExpectColumnValuesToBeInSet(column="impossible", value_set=[""]),
              shows=("impossible",)),
        Guard("bit_depth", "a depth other than 8 to 16 bits: grey values would be misread",
              "Save the picture anew with 8 or 16 bits.",
              gxe.ExpectColumnValuesToBeBetween(column="read_depth", min_value=8, max_value=16),
              shows=("bit_depth",)),
        Guard("overflow", "deep pictures that come out mostly white: their values overflow",
              "Look at them; a wrong window or a wrong depth in the file is the usual cause.",
              gxe.ExpectColumnValuesToBeBetween(column="white_of_deep", max_value=_MOSTLY_WHITE),
              "warn", shows=("bit_depth", "saturated")),
    ]


def _membership() -> list[Guard]:
    again = "Do not train on this; run the split stage again."
    return [
        Guard("part", "an image in no part", again,
              gxe.ExpectColumnValuesToBeInSet(column="part", value_set=list(PARTS)),
              shows=("part",)),
        Guard("set_aside", "a file that was set aside is in a part", again,
              gxe.ExpectColumnValuesToBeInSet(column="usable", value_set=[True]),
              shows=("part", "reason", "readable")),
        Guard("lost", "a usable image was lost between index and split", again,
              gxe.ExpectColumnValuesToNotBeInSet(column="absent", value_set=[LOST]),
              shows=("label", "group_id")),
        Guard("left_out", "usable images that the cut leaves out",
              "Go on, or choose another split.protocol or split.crossing=fail.",
              gxe.ExpectColumnValuesToBeInSet(column="absent", value_set=["", LOST]),
              "warn", shows=("absent", "label")),
        Guard("indexed", "an image that the index does not know", again,
              gxe.ExpectColumnValuesToBeInSet(column="in_index", value_set=[True]),
              shows=("part", "label")),
        Guard("relabelled", "a label that has changed since the index", again,
              gxe.ExpectColumnValuesToBeInSet(column="same_label", value_set=[True]),
              shows=("label_before", "label")),
    ]


def _leaks(*, leaky: bool) -> list[Guard]:
    remedy = ("The figures of this cut claim too much; split.as_published=false keeps groups whole."
              if leaky else "Do not train on this; run the split stage again.")
    crossing: Iterable[tuple[str, str, str]] = [
        ("patient", "a patient in two parts: the test would know its patients", "patient_id"),
        ("group", "a group in two parts: the test would know its patients", "group_id"),
        ("twin", "duplicates in two parts: the test would know its images", "twin_id"),
        ("bytes", "the same file in two parts: the test would know its images", "sha256"),
        ("pixels", "the same picture in two parts: the test would know its images", "pixel_hash")]
    return [
        Guard(f"{name}_in_two_parts", risk, remedy,
              gxe.ExpectColumnValuesToBeBetween(column=f"parts_of_{name}", max_value=1),
              "warn" if leaky else "stop", shows=(column, "part", "label"))
        for name, risk, column in crossing]


def _balance(dataset: Dataset) -> list[Guard]:
    cells = [f"{part}/{label}" for part in PARTS for label in dataset.labels]
    return [
        Guard("class_in_part", "a part lacks a class", "Give the part a larger share.",
              gxe.ExpectColumnDistinctValuesToContainSet(column="cell", value_set=cells)),
        Guard("even_classes",
              f"a class whose share of a part is more than {UNEVEN_POINTS} points off its share of "
              "all: figures differ between parts for that alone",
              "Compare parts with care, or cut by ratio, which stratifies.",
              gxe.ExpectColumnValuesToBeInSet(column="uneven", value_set=[""]),
              "warn", names="values"),
    ]
