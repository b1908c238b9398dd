"""The folds of one cross-validation pooled into one set of figures: `python -m osteon.folds`.

Each fold is an experiment of DVC; its test images were never trained on by the model that judges
them. Together the folds test every image once.
"""

import argparse
import json
import logging
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import dvc.api
import pandas as pd
from tqdm import tqdm

from osteon import metrics
from osteon.aggregation import studies
from osteon.combination import Combination, Level
from osteon.errors import UserError, run
from osteon.files import write_json
from osteon.metrics import Scores

log = logging.getLogger("osteon.folds")

# What names a fold under each protocol that has any.
_VARIES = {"folds": "fold", "body_part": "body_part"}


@dataclass(frozen=True)
class Fold:
    """One experiment: which part it held out, all other settings, and its test predictions."""

    name: str
    held_out: int | str
    settings: dict[str, Any]
    predictions: pd.DataFrame
    winner: Combination


def read_folds(ensemble: str, predictions: str) -> list[Fold]:
    """Read the newest experiment of each fold from the repository, on the commit checked out.

    `ensemble` and `predictions` are the paths of these outputs in the repository.

    Raises:
        UserError: no experiment is a fold.
    """
    found: dict[int | str, Fold] = {}
    for row in tqdm(_experiments(), desc="folds", unit="experiment"):
        revision = row["rev"] if len(row["rev"]) > 7 else row["Experiment"] or row["rev"]
        read = partial(dvc.api.read, rev=revision)
        settings = dvc.api.params_show(rev=revision)
        varying = _VARIES.get(settings["split"]["protocol"])
        if varying is None:
            continue
        held_out = settings["split"].pop(varying)
        if held_out not in found:  # the newest comes first
            table = pd.read_csv(StringIO(read(predictions)), dtype={
                "path": str, "study_id": str, "group_id": str})
            found[held_out] = Fold(row["Experiment"], held_out, settings, table,
                                   Combination.from_json(json.loads(read(ensemble))))
    if not found:
        raise UserError("folds: no finished experiment on this commit is a fold (`dvc exp show` "
                        "names those that failed, `dvc queue logs NAME` says why); run\n"
                        "  dvc exp run --queue -S split=folds -S 'split.fold=0,1,2,3,4'\n"
                        "  dvc exp run --run-all")
    return sorted(found.values(), key=lambda fold: str(fold.held_out))


def pool(folds: list[Fold]) -> pd.DataFrame:
    """Join the test images of all folds; each image occurs once.

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
    pooled = pd.concat([fold.predictions.assign(fold=fold.held_out) for fold in folds],
                       ignore_index=True)
    twice = pooled.loc[pooled["path"].duplicated(), "path"]
    if len(twice):
        raise UserError(f"folds: {len(twice)} images are tested twice ({twice.iloc[0]}, ...); the "
                        "data changed between the folds; run all of them again")
    return pooled


def measure(folds: list[Fold], pooled: pd.DataFrame, *, resamples: int,
            seed: int) -> dict[Level, Scores]:
    """Measure all test images together, by image and by study, each by its own fold's threshold."""
    of_studies = pd.concat(_studies(fold) for fold in folds)
    tables: dict[Level, pd.DataFrame] = {"image": pooled, "study": of_studies}
    return {level: metrics.measure(table["target"], table["probability"], table["verdict"],
                                   table["group_id"], resamples=resamples, seed=seed)
            for level, table in tables.items()}


def _studies(fold: Fold) -> pd.DataFrame:
    table = studies(fold.predictions, ["probability"])
    return table.assign(verdict=fold.winner.verdicts(table["probability"].to_numpy(), "study"))


def _experiments() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = dvc.api.exp_show()
    return [row for row in rows if row.get("Experiment") and row.get("State") in (None, "Success")]


def _differing(one: dict[str, Any], other: dict[str, Any]) -> str:
    sections = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return ", ".join(sections)


def _describe(folds: list[Fold], scores: dict[Level, Scores]) -> str:
    lines = [f"{len(folds)} folds, {sum(len(fold.predictions) for fold in folds)} images, each "
             "tested once by a model that never saw its group; 95 % intervals over groups",
             f"  {'':12}  {'by image':22}  by study"]
    lines += [f"  {name:12}  {scores['image'][name]!s:22}  {scores['study'][name]}"
              for name in scores["image"]]
    return "\n".join(lines)


def main() -> None:
    """Pool the experiments and write one JSON file and one table."""
    parser = argparse.ArgumentParser(
        prog="python -m osteon.folds", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ensemble", default="artifacts/ensemble/ensemble.json",
                        help="where an experiment has its winner (default: %(default)s)")
    parser.add_argument("--predictions", default="artifacts/evaluate/predictions.csv",
                        help="where an experiment has its test predictions (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("runs/folds"),
                        help="folder for folds.json and predictions.csv (default: %(default)s)")
    given = parser.parse_args()
    folds = read_folds(given.ensemble, given.predictions)
    pooled = pool(folds)
    settings = folds[0].settings
    scores = measure(folds, pooled, resamples=settings["evaluate"]["resamples"],
                     seed=settings["seed"])
    write_json(given.out / "folds.json", {
        "folds": {str(fold.held_out): fold.name for fold in folds}, "images": len(pooled),
        "groups": int(pooled["group_id"].nunique()),
        "pooled": {level: metrics.to_json(of_level) for level, of_level in scores.items()}})
    pooled.to_csv(given.out / "predictions.csv", index=False)
    log.info("%s", _describe(folds, scores))


if __name__ == "__main__":
    run(main)
