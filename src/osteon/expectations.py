"""Great Expectations on the rows before and after the cut, and what it found."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from osteon import evidence
from osteon.files import fresh_folder
from osteon.findings import Finding, Suite
from osteon.records import INDEX, SPLIT
from osteon.sections.data import Dataset

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when the next line runs

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from osteon import guards
from osteon.guards import Guard

# It sets its own level and speaks of a folder that nobody needs.
logging.getLogger(ProgressBarsConfig.__module__).setLevel(logging.WARNING)

log = logging.getLogger(__name__)


def check_index(index: pd.DataFrame, dataset: Dataset, *,
                docs: Path | None = None) -> list[Finding]:
    """Check the rows before the cut; a finding for every expectation.

    Great Expectations' own pages go into `docs` where that is given.
    """
    wanted = guards.before_the_cut(dataset)
    if not set(INDEX) <= set(index):
        return _validate("index", index, wanted[:1], docs)  # the others have nothing to look at
    return _validate("index", evidence.of_index(index, dataset), wanted, docs)


def check_split(split: pd.DataFrame, index: pd.DataFrame, left_out: pd.DataFrame,
                dataset: Dataset, *, leaky: bool = False,
                docs: Path | None = None) -> list[Finding]:
    """Check the rows after the cut against those before; a finding for every expectation.

    `left_out` has the path of every usable image that the cut leaves out, and the reason.

    A leaky cut, made as its authors published it, may divide groups: that warns and does not stop.
    """
    wanted = guards.after_the_cut(dataset, leaky=leaky)
    if not set(SPLIT) <= set(split):
        return _validate("split", split, wanted[:1], docs)
    judged = evidence.of_split(split, index, left_out, dataset)
    return _validate("split", judged, wanted, docs)


def _validate(suite: Suite, rows: pd.DataFrame, wanted: Sequence[Guard],
              docs: Path | None) -> list[Finding]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset(suite)
    validation = gx.ValidationDefinition(
        name=suite, data=asset.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(gx.ExpectationSuite(
            name=f"check@{suite}", expectations=[guard.expectation for guard in wanted])))
    outcome = context.validation_definitions.add(validation).run(
        batch_parameters={"dataframe": rows},
        result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False})
    if docs:
        _write_docs(context, docs)
    results: dict[Any, Any] = {
        getattr(result.expectation_config, "id", None): result for result in outcome.results}
    return [_finding(guard, results[guard.expectation.id], rows) for guard in wanted]


def _write_docs(context: Any, docs: Path) -> None:
    """Write Great Expectations' own pages; an extra, for which no check may fail."""
    try:
        with fresh_folder(docs) as folder:
            context.add_data_docs_site("checks", {
                "class_name": "SiteBuilder", "show_how_to_buttons": False,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "store_backend": {"class_name": "TupleFilesystemStoreBackend",
                                  "base_directory": str(folder.resolve())}})
            context.build_data_docs(site_names=["checks"])
    except OSError as failure:
        log.warning("%s: Great Expectations' pages could not be written: %s", docs, failure)


def _finding(guard: Guard, result: Any, rows: pd.DataFrame) -> Finding:
    broken, observed = _broken(guard, result.result, rows)
    return Finding(
        name=guard.name, risk=guard.risk, remedy=guard.remedy, severity=guard.severity,
        expectation=result.expectation_config.type, passed=bool(result.success),
        rows=broken, observed=sorted({str(value) for value in observed}))


def _broken(guard: Guard, details: dict[str, Any],
            rows: pd.DataFrame) -> tuple[list[dict[str, str]], list[Any]]:
    """Give the rows at fault, those that belong together side by side, or what else was found."""
    if guard.names == "values":
        return [], details["unexpected_list"]
    if numbers := details.get("unexpected_index_list"):
        columns = ["path", *guard.shows]
        explained = rows.loc[numbers, columns].astype(str).sort_values([*guard.shows, "path"])
        return explained.to_dict("records"), []  # type: ignore[return-value]
    mismatched = details.get("details", {}).get("mismatched", {})
    return [], details.get("partial_missing_list") or mismatched.get("missing", [])
