"""Whether current images still look like the reference, by Evidently, with a verdict in words."""

import html
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osteon.errors import UserError
from osteon.files import fresh_file
from osteon.records import STATISTICS
from osteon.sections.verdict import Drift

os.environ.setdefault("DO_NOT_TRACK", "1")  # read when the next line runs

from evidently import DataDefinition, Dataset, Report
from evidently.metrics import DriftedColumnsCount, ValueDrift

_METHOD = "wasserstein"


@dataclass(frozen=True)
class Column:
    """How far one column has moved, in standard deviations of the reference."""

    column: str
    distance: float
    threshold: float
    drifted: bool


@dataclass(frozen=True)
class Finding:
    """The verdict, and each column's part in it."""

    drifted: bool
    verdict: str
    reference_images: int
    current_images: int
    columns: list[Column]

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)


def watched(probabilities: Sequence[str]) -> list[str]:
    """Name the columns to compare: intensity statistics and the ensemble's probabilities.

    Of two classes one column tells all, since the other is its complement.
    """
    return [*STATISTICS, *(probabilities[-1:] if len(probabilities) == 2 else probabilities)]


def compare(reference: pd.DataFrame, current: pd.DataFrame, columns: list[str], settings: Drift,
            page: Path, *, mark: str) -> Finding:
    """Compare columns of numbers; write Evidently's own page to `page`.

    `mark` is what the page must say of the cut that both sets come from, if anything.

    Raises:
        UserError: too few images on either side to say anything.
    """
    for name, table in (("reference", reference), ("current", current)):
        if len(table) < settings.least_images:
            raise UserError(f"drift: {len(table)} {name} images are fewer than "
                            f"drift.least_images={settings.least_images}; nothing can be said")
    definition = DataDefinition(numerical_columns=columns)
    report = Report([
        DriftedColumnsCount(columns=columns, drift_share=settings.share_of_columns,
                            num_method=_METHOD, num_threshold=settings.column_threshold),
        *(ValueDrift(column=name, method=_METHOD, threshold=settings.column_threshold)
          for name in columns)], include_tests=True)
    with np.errstate(invalid="ignore"):  # a column that never varies correlates with nothing
        snapshot = report.run(Dataset.from_pandas(current[columns], data_definition=definition),
                              Dataset.from_pandas(reference[columns], data_definition=definition))
    with fresh_file(page) as aside:
        snapshot.save_html(str(aside))
        if mark:
            _stamp(aside, mark)
    found = _columns(json.loads(snapshot.json()), columns, settings.column_threshold)
    return _judge(found, settings, len(reference), len(current))


def _stamp(page: Path, mark: str) -> None:
    banner = f'<p style="background: #d00000; color: #fff; padding: 1em">{html.escape(mark)}</p>'
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<body>", f"<body>{banner}", 1), encoding="utf-8")


def _columns(saved: dict[str, Any], names: list[str], threshold: float) -> list[Column]:
    distances = {metric["config"]["column"]: float(metric["value"])
                 for metric in saved["metrics"]
                 if metric["config"]["type"].endswith(":ValueDrift")}
    return [Column(name, round(distances[name], 6), threshold, distances[name] >= threshold)
            for name in names]


def _judge(columns: list[Column], settings: Drift, reference: int, current: int) -> Finding:
    moved = sorted((column for column in columns if column.drifted),
                   key=lambda column: -column.distance)
    drifted = len(moved) >= settings.share_of_columns * len(columns)
    named = ", ".join(f"{column.column} by {column.distance:.2f} sd" for column in moved)
    verdict = (f"{'drift' if drifted else 'no drift'}: {len(moved)} of {len(columns)} columns "
               f"moved by {settings.column_threshold} standard deviations or more"
               f"{f' ({named})' if named else ''}")
    return Finding(drifted, verdict, reference, current, columns)
