"""check: Great Expectations on the rows before (`index`) and after (`split`) the cut."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from osteon import checkpage, params
from osteon.errors import UserError, run
from osteon.expectations import check_index, check_split
from osteon.files import fresh_file, fresh_folder, read_json, write_json
from osteon.findings import Finding, Suite
from osteon.records import read_table

log = logging.getLogger("osteon.check")
PAGES, CUT = Path("runs/check"), Path("artifacts/split")


def main() -> None:
    """Check artifacts/SUITE/, write its page; then artifacts/check/SUITE/, or stop the pipeline."""
    if sys.argv[1:] not in [[suite] for suite in get_args(Suite)]:
        raise UserError("usage: python -m stages.check index|split")
    suite: Suite = sys.argv[1]  # type: ignore[assignment]
    findings = _check(suite)
    content = [finding.to_json() for finding in findings]
    write_json(PAGES / f"{suite}.json", content)
    _tell(suite, findings)
    with fresh_folder(Path(f"artifacts/check/{suite}")) as folder:
        write_json(folder / "report.json", content)


def _check(suite: Suite) -> list[Finding]:
    dataset, docs = params.load().dataset, PAGES / f"{suite}_data_docs"
    source = checkpage.Source.read(Path("artifacts/index"))
    table, leaky = source.index, None
    if suite == "index":
        findings = check_index(table, dataset, docs=docs)
    else:
        table, leaky = read_table(CUT / "split.csv"), read_json(CUT / "about.json")["leaky"]
        findings = check_split(table, source.index, read_table(CUT / "left_out.csv"), dataset,
                               leaky=bool(leaky), docs=docs)
    with fresh_file(PAGES / f"{suite}.html") as aside:
        aside.write_text(checkpage.render(suite, findings, table, source, dataset,
                                          leaky=leaky or []), encoding="utf-8")
    return findings


def _tell(suite: Suite, findings: Sequence[Finding]) -> None:
    failed, page = [finding for finding in findings if not finding.passed], PAGES / f"{suite}.html"
    for finding in failed:
        log.warning("%s: %s", "stop" if finding.stops else "warning", finding.describe())
    if stops := sum(finding.stops for finding in failed):
        raise UserError(f"check@{suite}: {stops} of {len(findings)} expectations failed, as said "
                        f"above; {page} shows the images, {suite}.json beside it names them all")
    log.info("check@%s: %d expectations hold, %d warn; %s", suite, len(findings) - len(failed),
             len(failed), page)


if __name__ == "__main__":
    run(main)
