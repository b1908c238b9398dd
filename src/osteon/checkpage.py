"""The page of a check: what failed, with its pictures, and how the classes lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon import pages
from osteon.evidence import UNEVEN_POINTS, goes_on, uneven_points
from osteon.files import read_json
from osteon.findings import Finding, Suite
from osteon.records import HASHES, INDEX, PARTS, SPLIT, read_table
from osteon.sections.data import Dataset

_SHOWN = 24  # pictures of a finding; more make the page slow and tell nothing new
_OF_A_HASH = 12  # characters that tell two apart by eye
_WHOLE = "all"


@dataclass(frozen=True)
class Source:
    """What the index stage left for the page: its rows, a thumbnail for each, what it tells.

    `thumbnails` is (rows, 64, 64), in the order of `index`; `about` has layout, patients_are and
    duplicates; `sheet` is a PNG of pairs of duplicates.
    """

    index: pd.DataFrame
    thumbnails: NDArray[np.uint8]
    about: Mapping[str, Any]
    sheet: bytes

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the folder of the index stage."""
        return cls(read_table(folder / "index.csv"),
                   np.load(folder / "thumbnails.npy", mmap_mode="r"),
                   read_json(folder / "about.json"), (folder / "duplicates.png").read_bytes())


def render(suite: Suite, findings: Sequence[Finding], table: pd.DataFrame, source: Source,
           dataset: Dataset, *, leaky: Sequence[str] = ()) -> str:
    """Render the page of a suite; `table` is what it looked at, `leaky` why its cut leaks.

    Columns that are missing leave out the sections that need them.
    """
    failed = sorted((finding for finding in findings if not finding.passed),
                    key=lambda finding: not finding.stops)
    return pages.render(
        "check.html", suite=suite, dataset=dataset, about=source.about, leaky=leaky,
        held=[finding for finding in findings if finding.passed],
        stops=[finding for finding in failed if finding.stops],
        warnings=[finding for finding in failed if finding.warns],
        failed=[(finding, _shots(finding, source)) for finding in failed], shown=_SHOWN,
        sheet=pages.png_url(source.sheet), uneven=UNEVEN_POINTS,
        **_mixtures(suite, table, dataset))


def _shots(finding: Finding, source: Source) -> list[dict[str, Any]]:
    if not finding.rows:
        return []
    place = {path: row for row, path in enumerate(source.index["path"])}
    readable = source.index["readable"].to_numpy()
    shots = []
    for row in finding.rows[:_SHOWN]:
        number = place.get(row["path"])
        seen = number is not None and readable[number]
        shots.append({
            "path": row["path"],
            "png": pages.picture_url(source.thumbnails[number]) if seen else None,
            "values": [(name, value[:_OF_A_HASH] if name in HASHES else value)
                       for name, value in row.items() if name != "path" and value]})
    return shots


def _mixtures(suite: Suite, table: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    """Count the classes of each part and body part; before the cut, of all that goes on."""
    nothing: dict[str, Any] = {"images": len(table), "used": 0, "parts": {}, "body_parts": {},
                               "points": {}}
    if not set(INDEX if suite == "index" else SPLIT) <= set(table):
        return nothing
    used = table[goes_on(table, dataset)] if suite == "index" else table
    rows = {_WHOLE: used} if suite == "index" else {
        part: used[used["part"] == part] for part in PARTS}
    return nothing | {
        "used": len(used),
        "parts": {part: _mixture(images, dataset.labels) for part, images in rows.items()},
        "body_parts": {
            body_part or "not named": {
                part: _mixture(images[images["body_part"] == body_part], dataset.labels)
                for part, images in rows.items()}
            for body_part in sorted(set(used["body_part"]))},
        "points": {} if suite == "index" else uneven_points(used, dataset.labels).to_dict("index")}


def _mixture(images: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    """Count the images of each class that the settings name, and give their shares of these."""
    counts = images["label"].value_counts().reindex(list(labels), fill_value=0)
    whole = max(1, int(counts.sum()))
    return {"images": len(images), "groups": images["group_id"].nunique(),
            "labels": [{"label": label, "count": int(count), "share": float(count / whole)}
                       for label, count in counts.items()]}
