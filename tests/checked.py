"""The expectations that a table breaks."""

import pandas as pd

from osteon.expectations import check_index, check_split
from osteon.findings import Finding
from osteon.sections.data import Quarantine
from osteon.splits import LEFT_OUT_COLUMNS
from tables import DATASET, clean_index

NOTHING = pd.DataFrame(columns=LEFT_OUT_COLUMNS)


def broken(findings: list[Finding]) -> list[Finding]:
    """Give what failed."""
    return [finding for finding in findings if not finding.passed]


def broken_index(table: pd.DataFrame, **dataset: object) -> list[Finding]:
    """Check an index under the settings of tables.DATASET and changes of them."""
    return broken(check_index(table, DATASET.model_copy(update=dataset)))


def broken_split(table: pd.DataFrame, index: pd.DataFrame | None = None,
                 left_out: pd.DataFrame = NOTHING, *, leaky: bool = False) -> list[Finding]:
    """Check a split, by default against the clean index."""
    before = clean_index() if index is None else index
    return broken(check_split(table, before, left_out, DATASET, leaky=leaky))


def policies(**policies: str) -> Quarantine:
    """Give the quarantine settings of tables.DATASET with some policies changed."""
    return Quarantine(**{**DATASET.quarantine.model_dump(), **policies})
