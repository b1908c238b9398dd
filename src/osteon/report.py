"""One HTML page that tells the truth about the model, and needs nothing beside itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from osteon import pages
from osteon.evaluation import Evaluation
from osteon.files import read_json
from osteon.imaging import Picture
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import read_table
from osteon.splits import ABOUT, Cut

_MISTAKES_SHOWN = 6
_TITLES = {"training": "Training", "roc": "ROC", "precision_recall": "Precision and recall",
           "confusion": "Confusion", "reliability": "Reliability"}
_AUDIT_TITLES = {"protocols": "Claims under each protocol", "shortcuts": "Shortcuts"}


def render(settings: Params, evaluation: Evaluation, chosen: Mapping[str, Any],
           test: pd.DataFrame, cut: Cut, *, split: Path, pictures: Path, index: Path, checks: Path,
           audit: Path, figures: list[Path]) -> str:
    """Render the report of a run: figures, plots, mistakes, audit, data, checks, limits of use.

    It opens with the mark of the cut, where there is one.
    """
    return pages.render(
        "report.html", settings=settings, evaluation=evaluation, chosen=chosen, mark=cut.mark,
        about=read_json(index / "about.json"), split=read_json(split / ABOUT),
        pairs=pages.png_url((index / "duplicates.png").read_bytes()),
        audit=read_json(audit), audit_plots=_plots(figures, _AUDIT_TITLES),
        quarantined=read_table(index / "quarantine.csv").to_dict("records"),
        body_parts=sorted(cut.table["body_part"].unique()),
        checks=_checks(checks), plots=_plots(figures, _TITLES),
        mistakes=_mistakes(test, cut.table, open_pictures(pictures)))


def _checks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {suite: read_json(folder / suite / "report.json") for suite in ("index", "split")}


def _plots(folders: list[Path], titles: Mapping[str, str]) -> list[dict[str, str]]:
    files = {file.stem: file for folder in folders for file in sorted(folder.glob("*.png"))}
    return [{"title": title, "png": pages.png_url(files[name].read_bytes())}
            for name, title in titles.items() if name in files]


def _mistakes(test: pd.DataFrame, split: pd.DataFrame,
              pictures: Picture) -> dict[str, list[dict[str, Any]]]:
    """Show what the ensemble got wrong with most confidence, as the networks saw it."""
    place = {path: row for row, path in enumerate(split["path"])}
    missed = test[(test["target"] == 1) & ~test["verdict"]].sort_values(["probability", "path"])
    false_alarms = test[(test["target"] == 0) & test["verdict"]].sort_values(
        ["probability", "path"], ascending=[False, True])
    return {name: [{"path": row.path, "probability": row.probability,
                    "png": pages.picture_url(pictures[place[row.path]])}
                   for row in rows.head(_MISTAKES_SHOWN).itertuples()]
            for name, rows in (("Missed", missed), ("False alarms", false_alarms))}
