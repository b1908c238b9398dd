"""report: what a run has come to, as a page and as Markdown, and the facts of its model card."""

from pathlib import Path

from osteon import params
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.report import compose
from osteon.report.run import Run, Sources

OUT = Path("artifacts/report")
SOURCES = Sources(
    index=Path("artifacts/index"), checks=Path("artifacts/check"), split=Path("artifacts/split"),
    pictures=Path("artifacts/preprocess"), audit=Path("artifacts/audit"),
    tuned=Path("artifacts/tune"), trained=Path("artifacts/finetune"),
    ensemble=Path("artifacts/ensemble"), evaluate=Path("artifacts/evaluate"),
    explain=Path("artifacts/explain"), drift=Path("artifacts/drift"), plots=Path("plots"))


def main() -> None:
    """Read what the stages before it wrote, write artifacts/report/."""
    found = Run.read(params.load(), SOURCES)
    with fresh_folder(OUT) as folder:
        compose.write(folder, found)


if __name__ == "__main__":
    run(main)
