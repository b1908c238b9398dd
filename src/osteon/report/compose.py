"""The whole report: the verdict first, then the figures, then what they rest on."""

from collections.abc import Callable
from pathlib import Path

from osteon import pages
from osteon.files import write_json
from osteon.report import cases, current, literature, making, markdown, material, result, validated
from osteon.report.card import facts, title
from osteon.report.document import Document, Section, cell
from osteon.report.run import Run

_SECTIONS: tuple[Callable[[Run], Section | None], ...] = (
    result.figures, result.comparisons, validated.section, result.by_parts, result.calibration,
    cases.explanations, cases.failures, literature.section, making.combination, making.training,
    making.augmented, material.data, material.checks, current.section, material.audit,
    material.limits)


def report(run: Run) -> Document:
    """Compose the report; what a run has not done is left out."""
    found = (section(run) for section in _SECTIONS)
    return Document(
        kicker=f"Report · {run.settings.dataset.root} · seed {run.settings.seed}",
        title=title(run), mark=run.cut.mark, verdict=result.verdict(run),
        sections=[section for section in found if section])


def write(folder: Path, run: Run) -> None:
    """Write report.html, report.md with its pictures, and card.json into `folder`."""
    document = report(run)
    (folder / "report.html").write_text(page(document), encoding="utf-8")
    (folder / "report.md").write_text(markdown.render(document, folder), encoding="utf-8")
    write_json(folder / "card.json", facts(run))


def page(document: Document) -> str:
    """Write a document as one HTML page that needs no other file."""
    return pages.render("document.html", document=document, cell=cell, png=pages.png_url, at=_at)


def _at(value: float) -> float:
    """Place a figure on its bar, in percent; what may fall below zero begins there."""
    return round(100 * min(max(value, 0.0), 1.0), 1)
