"""What must hold of the rows before and after the cut, each with the risk it guards against."""

import logging
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from osteon.params import Dataset
from osteon.records import INDEX, PARTS, SPLIT

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when the next line runs

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.data_context.types.base import ProgressBarsConfig

# It sets its own level and speaks of a folder that nobody needs.
logging.getLogger(ProgressBarsConfig.__module__).setLevel(logging.WARNING)

Suite = Literal["index", "split"]
_NAMED = 10  # rows named in a message; the report has them all


@dataclass(frozen=True)
class Guard:
    """An expectation, the risk it guards against, and what to do when it fails."""

    risk: str
    remedy: str
    expectation: Any
    stops: bool = True


@dataclass(frozen=True)
class Finding:
    """How an expectation fared, with the images that broke it."""

    expectation: str
    risk: str
    remedy: str
    stops: bool
    passed: bool
    images: list[str]
    observed: list[str]

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)

    def describe(self) -> str:
        """Say what was found, where, and what to do."""
        shown = ", ".join(self.images[:_NAMED] or self.observed[:_NAMED])
        more = len(self.images) - _NAMED
        return f"{self.risk}: {shown}{f' and {more} more' if more > 0 else ''}. {self.remedy}"


def check(table: pd.DataFrame, suite: Suite, dataset: Dataset) -> list[Finding]:
    """Validate rows against the suite of that name; a finding for every expectation."""
    guards = _index_guards(dataset) if suite == "index" else _split_guards(dataset)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    rows = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    validation = gx.ValidationDefinition(
        name=suite, data=rows.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(gx.ExpectationSuite(
            name=suite, expectations=[guard.expectation for guard in guards])))
    outcome = context.validation_definitions.add(validation).run(
        batch_parameters={"dataframe": _derived(table, suite)},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["path"]})
    results: dict[Any, Any] = {
        getattr(result.expectation_config, "id", None): result for result in outcome.results}
    return [_finding(guard, results[guard.expectation.id]) for guard in guards]


def _derived(table: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """Add what a rule about several rows needs as a column of its own."""
    derived = table.assign(
        width_px=table["width_px"].where(table["readable"]),  # expectations pass over what is not
        sd=table["sd"].where(table["readable"]),
        labels_of_study=table.groupby("study_id")["label"].transform("nunique"),
        labels_of_bytes=table.groupby("sha256")["label"].transform("nunique"))
    if suite == "split":
        derived = derived.assign(
            parts_of_patient=table.groupby("patient_id")["part"].transform("nunique"),
            parts_of_bytes=table.groupby("sha256")["part"].transform("nunique"),
            part_and_label=table["part"] + "/" + table["label"])
    return derived


def _index_guards(dataset: Dataset) -> list[Guard]:
    labels, parts = list(dataset.labels), list(dataset.body_parts)
    return [
        Guard("columns of the index are missing", "Run the index stage again.",
              gxe.ExpectTableColumnsToMatchSet(column_set=INDEX, exact_match=False)),
        Guard("an image is listed twice", "Take the repeated row away.",
              gxe.ExpectColumnValuesToBeUnique(column="path")),
        Guard("files that cannot be read as radiographs",
              "Repair or remove them (artifacts/index/quarantine.csv has the reasons), or go on "
              "without them: dataset.unreadable=drop.",
              gxe.ExpectColumnValuesToBeInSet(column="readable", value_set=[True]),
              stops=dataset.unreadable == "fail"),
        Guard(f"a label other than {', '.join(labels)}", "Mend the label, or dataset.labels.",
              gxe.ExpectColumnValuesToBeInSet(column="label", value_set=labels)),
        Guard("not every label of dataset.labels occurs: nothing could be learnt",
              "Add images of the missing class, or mend dataset.labels.",
              gxe.ExpectColumnDistinctValuesToContainSet(column="label", value_set=labels)),
        Guard("a body part that dataset.body_parts does not name",
              "Add it to dataset.body_parts, or take these images away.",
              gxe.ExpectColumnValuesToBeInSet(column="body_part", value_set=parts)),
        Guard("an image of no patient could leak between the parts", "Give it a patient_id.",
              gxe.ExpectColumnValueLengthsToBeBetween(column="patient_id", min_value=1)),
        Guard("images of one study with different labels", "Mend the labels.",
              gxe.ExpectColumnValuesToBeBetween(column="labels_of_study", max_value=1)),
        Guard("the same file under different labels", "Decide which label is right.",
              gxe.ExpectColumnValuesToBeBetween(column="labels_of_bytes", max_value=1),
              stops=False),
        Guard("pictures too small to show a finding", "Look at them.",
              gxe.ExpectColumnValuesToBeBetween(column="width_px", min_value=64), stops=False),
        Guard("blank pictures", "Look at them.",
              gxe.ExpectColumnValuesToBeBetween(column="sd", min_value=0.01), stops=False),
    ]


def _split_guards(dataset: Dataset) -> list[Guard]:
    wanted = [f"{part}/{label}" for part in PARTS for label in dataset.labels]
    leak = "Do not train on this; run the split stage again."
    return [
        Guard("columns of the split are missing", leak,
              gxe.ExpectTableColumnsToMatchSet(column_set=SPLIT, exact_match=False)),
        Guard("an image is listed twice", leak, gxe.ExpectColumnValuesToBeUnique(column="path")),
        Guard("an unreadable file in a part", leak,
              gxe.ExpectColumnValuesToBeInSet(column="readable", value_set=[True])),
        Guard("an image in no part", leak,
              gxe.ExpectColumnValuesToBeInSet(column="part", value_set=list(PARTS))),
        Guard("a patient in two parts: the test would know its patients", leak,
              gxe.ExpectColumnValuesToBeBetween(column="parts_of_patient", max_value=1)),
        Guard("the same file in two parts: the test would know its images", leak,
              gxe.ExpectColumnValuesToBeBetween(column="parts_of_bytes", max_value=1)),
        Guard("a part lacks a class", "Give the part a larger share.",
              gxe.ExpectColumnDistinctValuesToContainSet(
                  column="part_and_label", value_set=wanted)),
    ]


def _finding(guard: Guard, result: Any) -> Finding:
    details = result.result or {}
    rows = details.get("unexpected_index_list") or []
    values = details.get("partial_missing_list") or details.get("partial_unexpected_list") or []
    return Finding(
        expectation=result.expectation_config.type, risk=guard.risk, remedy=guard.remedy,
        stops=guard.stops, passed=bool(result.success),
        images=sorted(str(row["path"]) for row in rows),
        observed=[] if rows else sorted({str(value) for value in values}))
