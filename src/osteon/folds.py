"""The folds of one cross-validation pooled into one set of figures: `python -m osteon.folds`.

Each fold is an experiment of DVC; its test images were never trained on by the model that judges
them. Together the folds test every image once.
"""

import argparse
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import dvc.api
import pandas as pd
from dvc.exceptions import DvcException
from tqdm import tqdm

from osteon.aggregation import ENSEMBLE
from osteon.combination import Level
from osteon.errors import UserError, run
from osteon.evaluation import HEADLINE, TABLES, About, Evaluation, Tables, evaluate
from osteon.files import write_json
from osteon.records import parse_table, write_table

log = logging.getLogger("osteon.folds")

# What names a fold under each protocol that has any.
_VARIES = {"folds": "fold", "body_part": "body_part"}


@dataclass(frozen=True)
class Fold:
    """One experiment: which part it held out, all other settings, its test predictions.

    `said` is the evaluation of this fold alone.
    """

    name: str
    held_out: int | str
    settings: dict[str, Any]
    tables: Tables
    said: dict[str, Any]


def read_folds(folder: str) -> list[Fold]:
    """Read the newest experiment of each fold from the repository, on the commit checked out.

    `folder` is where the repository has the output of `evaluate`.

    Raises:
        UserError: no experiment is a fold, or one's outputs are not to be had.
    """
    found: dict[int | str, Fold] = {}
    for row in tqdm(_experiments(), desc="folds", unit="experiment"):
        revision = row["rev"] if len(row["rev"]) > 7 else row["Experiment"] or row["rev"]
        settings = dvc.api.params_show(rev=revision)
        varying = _VARIES.get(settings["split"]["protocol"])
        if varying is None:
            continue
        held_out = settings["split"].pop(varying)
        if held_out not in found:  # the newest comes first
            said = json.loads(_output(f"{folder}/evaluation.json", revision))
            found[held_out] = Fold(row["Experiment"], held_out, settings, {
                level: parse_table(_output(f"{folder}/{name}", revision))
                for level, name in TABLES.items()}, said)
    if not found:
        raise UserError("folds: no finished experiment on this commit is a fold (`dvc exp show` "
                        "names those that failed, `dvc queue logs NAME` says why); run\n"
                        "  dvc exp run --queue -S split=folds -S 'split.fold=0,1,2,3,4'\n"
                        "  dvc exp run --run-all")
    return sorted(found.values(), key=lambda fold: str(fold.held_out))


def pool(folds: list[Fold]) -> Tables:
    """Join the test images, and the studies, of all folds; each image occurs once.

    Raises:
        UserError: folds differ in other settings, are missing, or overlap.
    """
    first = folds[0]
    for fold in folds[1:]:
        if fold.settings != first.settings:
            raise UserError(f"folds: {first.name} and {fold.name} differ in "
                            f"{_differing(first.settings, fold.settings)}; remove one with "
                            "`dvc exp remove NAME` and run its fold again")
    split = first.settings["split"]
    missing = [number for number in range(split["folds"])
               if number not in [fold.held_out for fold in folds]]
    if split["protocol"] == "folds" and missing:
        left = ",".join(map(str, missing))
        raise UserError(f"folds: {len(folds)} of {split['folds']} have run; queue the others: "
                        f"dvc exp run --queue -S split=folds -S 'split.fold={left}'")
    pooled: Tables = {level: pd.concat(
        [fold.tables[level].assign(fold=fold.held_out) for fold in folds], ignore_index=True)
        for level in get_args(Level)}
    paths = pooled["image"]["path"]
    twice = paths[paths.duplicated()]
    if len(twice):
        raise UserError(f"folds: {len(twice)} images are tested twice ({twice.iloc[0]}, ...); the "
                        "data changed between the folds; run all of them again")
    return pooled


def measure(folds: list[Fold], pooled: Tables, *, resamples: int, seed: int) -> Evaluation:
    """Measure all test images together, each by the verdict of its own fold."""
    said = [fold.said for fold in folds]
    read = [of_fold["levels"]["image"]["shortcut"] for of_fold in said]
    return evaluate(pooled, About(
        labels=tuple(said[0]["labels"]), members=tuple(said[0]["members"]),
        method=", ".join(sorted({of_fold["method"] for of_fold in said})),
        thresholds=dict.fromkeys(pooled),
        shortcut=read[0]["columns"] if all(read) else None, resamples=resamples, seed=seed,
        before=tuple(member for member in said[0]["members"]
                     if all(member in of_fold["levels"]["image"]["before"] for of_fold in said))))


def _output(path: str, revision: str) -> str:
    try:
        content: str = dvc.api.read(path, rev=revision)
    except (DvcException, OSError) as failure:
        raise UserError(f"folds: {revision}: {' '.join(str(failure).split())}; run that fold again "
                        "(`dvc exp show` lists them), or name its folder by --evaluated") from None
    return content


def _experiments() -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = dvc.api.exp_show()
    except DvcException as failure:
        raise UserError(f"folds: {' '.join(str(failure).split())}; run it in the project's own "
                        "folder") from None
    return [row for row in rows if row.get("Experiment") and row.get("State") in (None, "Success")]


def _differing(one: dict[str, Any], other: dict[str, Any]) -> str:
    sections = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return ", ".join(sections)


def _describe(folds: list[Fold], pooled: Evaluation) -> str:
    figures = {level: measured.figures[ENSEMBLE] for level, measured in pooled.levels.items()}
    lines = [f"{len(folds)} folds, {pooled.levels['image'].counts['rows']} images, each "
             "tested once by a model that never saw its group; 95 % intervals over groups",
             f"  {'':17}  {'by image':22}  by study"]
    lines += [f"  {name:17}  {figures['image'][name]!s:22}  {figures['study'][name]}"
              for name in (*HEADLINE, "f1", "sensitivity_at_90_specificity")
              if name in figures["image"]]
    return "\n".join([*lines, *pooled.says()])


def main() -> None:
    """Pool the experiments and write one JSON file and two tables."""
    parser = argparse.ArgumentParser(
        prog="python -m osteon.folds", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluated", default="artifacts/evaluate", metavar="FOLDER",
                        help="where an experiment has its test part (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/folds"), metavar="FOLDER",
                        help="for folds.json, predictions.csv and studies.csv "
                             "(default: %(default)s)")
    given = parser.parse_args()
    folds = read_folds(given.evaluated)
    pooled = pool(folds)
    settings = folds[0].settings
    evaluation = measure(folds, pooled, resamples=settings["evaluate"]["resamples"],
                         seed=settings["seed"])
    counts = evaluation.levels["image"].counts
    write_json(given.out / "folds.json", {
        "folds": {str(fold.held_out): fold.name for fold in folds}, "images": counts["rows"],
        "groups": counts["groups"], **evaluation.to_json()})
    for level, name in TABLES.items():
        write_table(given.out / name, pooled[level])
    log.info("%s", _describe(folds, evaluation))


if __name__ == "__main__":
    run(main, times=None)
