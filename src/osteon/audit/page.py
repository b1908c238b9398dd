"""The page of an audit: one table and one plot, shortcuts, duplicates, how it was computed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from osteon import pages
from osteon.audit import verdict
from osteon.audit.assemble import FIGURES, Audit
from osteon.audit.figures import PROBES
from osteon.audit.official import Crossing
from osteon.duplicates import KINDS, oriented
from osteon.files import read_json
from osteon.imaging import Picture
from osteon.records import read_table

_ACROSS_SHOWN, _OF_A_KIND_SHOWN = 24, 8


@dataclass(frozen=True)
class Source:
    """The data set as it is indexed: a row and a thumbnail for each image, pairs of duplicates.

    `thumbnails` is (rows, 64, 64); `about` has layout, images, patients_are and duplicates.
    """

    table: pd.DataFrame
    thumbnails: Picture
    pairs: pd.DataFrame
    about: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what the index stage wrote."""
        return cls(read_table(folder / "index.csv"),
                   np.load(folder / "thumbnails.npy", mmap_mode="r"),
                   read_table(folder / "duplicates.csv"), read_json(folder / "about.json"))


@dataclass(frozen=True)
class How:
    """How an audit was computed, for the page and whoever repeats it."""

    root: str
    backbone: str
    weights: str
    precision: str
    image_size_px: int
    views: int
    folds: int
    seed: int
    resamples: int
    augment: Mapping[str, float]
    images: str  # which of the usable ones
    command: str

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)


def document(found: Audit, source: Source, crossing: Crossing, how: How) -> dict[str, Any]:
    """Give all that was found and how, as plain values."""
    said = [*verdict.of_protocols(found), verdict.of_official(found, crossing),
            *verdict.of_shortcuts(found)]
    return {"says": said, **found.to_json(), "official": crossing.to_json(),
            "data": dict(source.about), "how": how.to_json()}


def render(found: Audit, source: Source, crossing: Crossing, how: How, *, mark: str,
           plots: Mapping[str, Path]) -> str:
    """Render the page; it opens with `mark`, what the pipeline's own cut says of itself."""
    across = crossing.pairs
    rest = source.pairs[~_keys(source.pairs).isin(_keys(across))]
    of_kind = {kind: rest[rest["kind"] == kind].sort_values("correlation", kind="stable")
               for kind in KINDS}
    return pages.render(
        "audit.html", found=found, how=how, mark=mark, about=source.about, crossing=crossing,
        figures=FIGURES, probes=PROBES, protocols=verdict.of_protocols(found),
        official=verdict.of_official(found, crossing), shortcuts=verdict.of_shortcuts(found),
        plots={name: pages.png_url(file.read_bytes()) for name, file in plots.items()},
        across=_shots(across.head(_ACROSS_SHOWN), source),
        kinds={kind: (len(pairs), _shots(pairs.head(_OF_A_KIND_SHOWN), source))
               for kind, pairs in of_kind.items() if len(pairs)})


def _keys(pairs: pd.DataFrame) -> pd.Series:
    return pairs["path_a"] + "\n" + pairs["path_b"]


def _shots(pairs: pd.DataFrame, source: Source) -> Sequence[dict[str, Any]]:
    """Give pairs with both pictures, the second brought into the position of the first."""
    place = {path: row for row, path in enumerate(source.table["path"])}
    shots = []
    for pair in pairs.itertuples():
        rows = [place[str(path)] for path in (pair.path_a, pair.path_b)]
        one, other = (source.thumbnails[row] for row in rows)
        other = np.ascontiguousarray(
            oriented(other, bool(pair.mirrored), int(str(pair.turned_deg)) // 90))
        about = source.table.iloc[rows]
        shots.append({
            "kind": pair.kind, "correlation": pair.correlation, "mirrored": pair.mirrored,
            "turned_deg": pair.turned_deg, "contradictory": about["label"].nunique() > 1,
            "ends": [{"path": row.path, "label": row.label, "part": row.official_split, "png": png}
                     for row, png in zip(about.itertuples(),
                                         map(pages.picture_url, (one, other)), strict=True)]})
    return shots
