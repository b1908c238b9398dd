"""Evidently's own page of a comparison, with the thresholds that the comparison chose."""

import html
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from osteon.files import fresh_file

os.environ.setdefault("DO_NOT_TRACK", "1")  # read when the next line runs

from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift

_NONE = 1e9  # Evidently takes no threshold for its own
_BARE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>drift</title>
<body></body>
</html>
"""


def write(page: Path, reference: pd.DataFrame, current: pd.DataFrame,
          thresholds: Mapping[str, float | None], verdict: str, *, mark: str) -> None:
    """Compare columns of numbers by the Wasserstein distance in deviations of the reference.

    Above it stand our verdict, and `mark`: what must be said of the cut, if anything. Without
    thresholds, which too few images leave out, they are all: Evidently would call each column the
    same.
    """
    with fresh_file(page) as aside:
        if thresholds:
            _compare(aside, reference, current, thresholds)
        else:
            aside.write_text(_BARE, encoding="utf-8")
        _stamp(aside, verdict, mark)


def _compare(page: Path, reference: pd.DataFrame, current: pd.DataFrame,
             thresholds: Mapping[str, float | None]) -> None:
    definition = DataDefinition(numerical_columns=list(thresholds))
    report = Report([
        ValueDrift(column=name, method="wasserstein",
                   threshold=_NONE if threshold is None else threshold)
        for name, threshold in thresholds.items()], include_tests=True)
    with np.errstate(invalid="ignore"):  # a column that never varies correlates with nothing
        snapshot = report.run(Dataset.from_pandas(current, data_definition=definition),
                              Dataset.from_pandas(reference, data_definition=definition))
    snapshot.save_html(str(page))


def _stamp(page: Path, verdict: str, mark: str) -> None:
    said = f'<p style="padding: 1em">{html.escape(verdict)}</p>'
    if mark:
        said = ('<p style="background: #d00000; color: #fff; padding: 1em">'
                f"{html.escape(mark)}</p>{said}")
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<body>", f"<body>{said}", 1), encoding="utf-8")
