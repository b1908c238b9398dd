"""One HTML page that tells the truth about the model, and needs nothing beside itself."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import jinja2
import pandas as pd

from osteon.evaluation import Evaluation
from osteon.files import read_json
from osteon.imaging import Picture
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import read_table

_MISTAKES_SHOWN = 6
_TITLES = {"training": "Training", "roc": "ROC", "precision_recall": "Precision and recall",
           "confusion": "Confusion", "reliability": "Reliability"}


def render(settings: Params, evaluation: Evaluation, chosen: Mapping[str, Any],
           test: pd.DataFrame, *, split: Path, pictures: Path, index: Path, checks: Path,
           figures: list[Path]) -> str:
    """Render the report of a run: data, checks, figures, plots, mistakes, limits of use."""
    table = read_table(split)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("osteon", "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html").render(
        settings=settings, evaluation=evaluation, chosen=chosen,
        about=read_json(index / "about.json"),
        quarantined=read_table(index / "quarantine.csv").to_dict("records"),
        parts=_parts(table, settings.dataset.labels),
        body_parts=sorted(table["body_part"].unique()),
        checks=_checks(checks), plots=_plots(figures),
        mistakes=_mistakes(test, table, open_pictures(pictures)))


def _parts(table: pd.DataFrame, labels: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    for part in ("train", "validation", "test"):
        images = table[table["part"] == part]
        rows.append({"part": part, "images": len(images), "studies": images["study_id"].nunique(),
                     "groups": images["group_id"].nunique(),
                     "labels": [int((images["label"] == label).sum()) for label in labels]})
    return rows


def _checks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {suite: read_json(folder / suite / "report.json") for suite in ("index", "split")}


def _plots(folders: list[Path]) -> list[dict[str, str]]:
    files = {file.stem: file for folder in folders for file in sorted(folder.glob("*.png"))}
    return [{"title": title, "png": _data_url(files[name].read_bytes())}
            for name, title in _TITLES.items() if name in files]


def _mistakes(test: pd.DataFrame, split: pd.DataFrame,
              pictures: Picture) -> dict[str, list[dict[str, Any]]]:
    """Show what the ensemble got wrong with most confidence, as the networks saw it."""
    place = {path: row for row, path in enumerate(split["path"])}
    missed = test[(test["target"] == 1) & ~test["verdict"]].sort_values(["probability", "path"])
    false_alarms = test[(test["target"] == 0) & test["verdict"]].sort_values(
        ["probability", "path"], ascending=[False, True])
    return {name: [{"path": row.path, "probability": row.probability,
                    "png": _data_url(_png(pictures[place[row.path]]))}
                   for row in rows.head(_MISTAKES_SHOWN).itertuples()]
            for name, rows in (("Missed", missed), ("False alarms", false_alarms))}


def _png(picture: Picture) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
