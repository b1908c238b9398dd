"""check: Great Expectations on the rows before (`index`) and after (`split`) the cut."""

import logging
import sys
from pathlib import Path
from typing import get_args

from osteon import expectations, params
from osteon.errors import UserError, run
from osteon.files import fresh_folder, write_json
from osteon.records import read_table

log = logging.getLogger("osteon.check")


def main() -> None:
    """Read artifacts/SUITE/SUITE.csv, write artifacts/check/SUITE/ or stop the pipeline."""
    if sys.argv[1:] not in [[suite] for suite in get_args(expectations.Suite)]:
        raise UserError("usage: python -m stages.check index|split")
    suite: expectations.Suite = sys.argv[1]  # type: ignore[assignment]
    table = read_table(Path(f"artifacts/{suite}/{suite}.csv"))
    findings = expectations.check(table, suite, params.load().dataset)
    content = [finding.to_json() for finding in findings]
    write_json(Path(f"runs/check/{suite}.json"), content)
    failed = [finding for finding in findings if not finding.passed]
    for finding in failed:
        log.warning("%s: %s", "stop" if finding.stops else "warning", finding.describe())
    if stops := [finding for finding in failed if finding.stops]:
        raise UserError(f"check@{suite}: {len(stops)} of {len(findings)} expectations failed, "
                        f"as said above; every row is named in runs/check/{suite}.json")
    log.info("check@%s: %d expectations hold, %d warnings", suite,
             len(findings) - len(failed), len(failed))
    with fresh_folder(Path(f"artifacts/check/{suite}")) as folder:
        write_json(folder / "report.json", content)


if __name__ == "__main__":
    run(main)
