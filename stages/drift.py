"""drift: do the test images look like the validation images? Evidently's report."""

import logging
from pathlib import Path

from osteon import drift, params, splits
from osteon.aggregation import ENSEMBLE
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.records import STATISTICS, probability_columns, read_table

log = logging.getLogger("osteon.drift")
PAGE = Path("runs/drift/report.html")


def main() -> None:
    """Compare validation with test, write artifacts/drift/drift.json; no label is read."""
    settings = params.load()
    cut = splits.read(Path("artifacts/split"))
    statistics = cut.table[["path", *STATISTICS]]
    probabilities = probability_columns(ENSEMBLE, settings.dataset.labels)
    reference, current = (
        read_table(file)[["path", *probabilities]].merge(statistics, on="path")
        for file in (Path("artifacts/ensemble/validation.csv"),
                     Path("artifacts/evaluate/predictions.csv")))
    finding = drift.compare(reference, current, drift.watched(probabilities), settings.drift, PAGE,
                            mark=cut.mark)
    log.info("%s; Evidently's page: %s", finding.verdict, PAGE)
    with fresh_folder(Path("artifacts/drift")) as folder:
        write_json(folder / "drift.json", cut.marked(finding.to_json()))


if __name__ == "__main__":
    run(main)
