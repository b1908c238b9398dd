"""The audit of any folder of radiographs, without the pipeline and its settings."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from osteon import quarantine
from osteon.audit import figures, page
from osteon.audit.assemble import Audit, Material, audit
from osteon.audit.official import Crossing, crossing, official_parts
from osteon.audit.page import How, Source
from osteon.audit.probes import Floats
from osteon.audit.sampling import describe, sample
from osteon.audit.views import AUGMENT, Frozen
from osteon.errors import UserError
from osteon.files import write_json
from osteon.imaging import PreprocessSpec
from osteon.index import Index, index
from osteon.layouts import class_folders, guess, table
from osteon.preprocessing import PICTURES, open_pictures, write_pictures
from osteon.records import write_table
from osteon.sections.data import Dataset, Duplicates, Quarantine
from osteon.sections.training import Backbone, Trainer

RESAMPLES = 2000
# As conf/config.yaml has them, but that an audit leaves out what the pipeline would stop at.
QUARANTINE = Quarantine(
    unreadable="drop", truncated="drop", contradictory_label="drop", blank="drop", size="keep",
    shape="keep", blank_sd=0.01, least_side_px=64, most_elongated=6.0)
DUPLICATES = Duplicates(hash_distance=10, correlation=0.8)
# What conf/dataset/ says of the layouts that name it once and for all.
_LABELS = {"mura": ("normal", "abnormal"), "fracatlas": ("not fractured", "fractured")}
_BLOCKS = {"fracatlas": 20}


@dataclass(frozen=True)
class Request:
    """What the command line asks for; none where it is to be guessed from the folder."""

    folder: Path
    out: Path
    weights: str
    backbone: str
    layout: str | None
    labels: Sequence[str] | None
    manifest: str | None
    block: int | None
    size: int
    views: int
    folds: int
    seed: int
    most_images: int


@dataclass(frozen=True)
class Outcome:
    """What an audit of a folder found."""

    audit: Audit
    crossing: Crossing


def run(request: Request, arguments: Sequence[str]) -> Outcome:
    """Audit a folder and write `request.out`; `arguments` are repeated on the page.

    Raises:
        UserError: the folder, the weights or the backbone cannot be used.
    """
    dataset = dataset_of(request)
    frozen = Frozen(Backbone(arch=request.backbone, normalize="imagenet"), request.weights,
                    Trainer(accelerator="auto", precision="auto"), request.seed)
    indexed = index(dataset)
    usable = _usable(indexed.table, dataset)
    chosen = usable.iloc[sample(usable, request.most_images, request.seed)]
    material = Material(chosen.assign(official=official_parts(chosen)),
                        _embedded(request, frozen, list(chosen["path"])), dataset.labels)
    found = audit(material, folds=request.folds, seed=request.seed, resamples=RESAMPLES)
    how = How(
        root=str(request.folder), backbone=frozen.arch, weights=frozen.weights,
        precision=frozen.precision, image_size_px=request.size, views=request.views,
        folds=request.folds, seed=request.seed, resamples=RESAMPLES, augment=AUGMENT.model_dump(),
        images=describe(len(chosen), len(usable), len(indexed.table)),
        command=shlex.join(["python", "-m", "osteon.audit", *arguments]))
    outcome = Outcome(found, crossing(indexed.table, indexed.pairs))
    _write(request.out, outcome, indexed, how)
    return outcome


def dataset_of(request: Request) -> Dataset:
    """Settle what the command line leaves open by what lies in the folder.

    Raises:
        UserError: there is no such folder, or no layout or labels to be found in it.
    """
    root = request.folder
    if not root.is_dir():
        raise UserError(f"{root}: no such folder")
    layout = request.layout or guess(root)
    manifest = request.manifest or table.manifest_of(root, "label") or "labels.csv"
    labels = request.labels or _LABELS.get(layout) or _labels_in(root, layout, manifest)
    try:
        return Dataset.model_validate({
            "layout": layout, "root": str(root), "labels": labels, "body_parts": (),
            "other_labels": "fail", "block": request.block or _BLOCKS.get(layout, 1),
            "manifest": manifest, "quarantine": QUARANTINE, "duplicates": DUPLICATES})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise UserError(f"{root}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}; found "
                        f"{', '.join(labels) or 'none'}. Name them: --labels A B") from None


def _labels_in(root: Path, layout: str, manifest: str) -> Sequence[str]:
    if layout == "class_folders":
        return class_folders.labels_of(root)
    return sorted(set(table.read(root / manifest, "label")["label"]) - {""})


def _usable(rows: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Leave out what cannot be used or bears none of the labels.

    Raises:
        UserError: nothing is left.
    """
    kept = rows[quarantine.usable(rows, dataset.quarantine) & rows["label"].isin(dataset.labels)]
    if kept.empty:
        raise UserError(f"{dataset.root}: no readable image labelled {', '.join(dataset.labels)}; "
                        f"its labels are {', '.join(sorted(set(rows['label']) - {''}))}")
    return kept.reset_index(drop=True)


def _embedded(request: Request, frozen: Frozen, paths: list[str]) -> Floats:
    spec = PreprocessSpec(request.size, "none", clahe_clip=2.0, clahe_grid=8, fit="squash")
    with TemporaryDirectory(prefix="osteon-audit-") as aside:
        write_pictures({Path(aside) / PICTURES: spec},
                       [request.folder / path for path in paths])
        rows: NDArray[np.int64] = np.arange(len(paths))
        return frozen.embed(open_pictures(Path(aside)), rows, request.views)


def _write(out: Path, outcome: Outcome, indexed: Index, how: How) -> None:
    """Write all files aside, then move each to its place; what else lies there is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    source = Source(indexed.table, indexed.thumbnails, indexed.pairs, indexed.about)
    with TemporaryDirectory(dir=out, prefix=".audit-") as name:
        aside = Path(name)
        figures.write(aside, outcome.audit, mark="")
        for kind, rows in outcome.audit.tables().items():
            write_table(aside / f"{kind}.csv", rows)
        write_json(aside / "audit.json", page.document(
            outcome.audit, source, outcome.crossing, how))
        (aside / "audit.html").write_text(page.render(
            outcome.audit, source, outcome.crossing, how, mark="",
            plots=figures.files(aside)), encoding="utf-8")
        for file in sorted(aside.iterdir()):
            file.rename(out / file.name)
