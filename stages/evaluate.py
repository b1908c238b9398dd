"""evaluate: the test part, once; the figures, beside members, first phases and shortcuts."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from osteon import params, splits, testplots
from osteon.aggregation import before, with_member
from osteon.audit import shortcuts
from osteon.combination import Combination
from osteon.errors import run
from osteon.evaluation import SHORTCUTS, TABLES, About, evaluate, is_told, tables
from osteon.familiarity import Familiarity
from osteon.files import fresh_folder, read_json, write_json
from osteon.params import Params
from osteon.predictions import predict
from osteon.records import SIZE, targets, write_table
from osteon.splits import Cut

log = logging.getLogger("osteon.evaluate")


def main() -> None:
    """Read the winner and the test part; write metrics/, plots/evaluate/, artifacts/evaluate/."""
    settings = params.load()
    winner = Combination.from_json(read_json(Path("artifacts/ensemble/ensemble.json")))
    cut = splits.read(Path("artifacts/split"))
    images, features = predict(cut, "test", Path("artifacts/preprocess"),
                               Path("artifacts/finetune"), settings, Path("artifacts/train"))
    familiarity = Familiarity.load(Path("artifacts/ensemble/familiarity.npz"))
    images[SIZE] = cut.part("test")[SIZE].to_numpy()
    images, read = _with_shortcuts(images, cut, settings)
    about = About(winner.labels, winner.members, winner.method, winner.thresholds, read,
                  settings.evaluate.resamples, settings.seed, winner.alone,
                  tuple(member for member in winner.members
                        if is_told(images, before(member), winner.labels)))
    by_level = tables(images, winner)
    evaluation = evaluate(by_level, about)
    for sentence in evaluation.says():
        log.info("evaluate: %s", sentence)
    write_json(Path("metrics/evaluate.json"), cut.marked(evaluation.chosen()))
    with fresh_folder(Path("plots/evaluate")) as folder:
        testplots.write(folder, by_level, evaluation, mark=cut.mark)
        for name, table in testplots.points(by_level, evaluation).items():
            write_table(folder / f"{name}.csv", cut.marked_table(table))
    with fresh_folder(Path("artifacts/evaluate")) as folder:
        write_json(folder / "evaluation.json",
                   cut.marked({"protocol": cut.to_json(), **evaluation.to_json()}))
        write_json(folder / "headline.json", evaluation.headline(cut))
        for level, name in TABLES.items():
            write_table(folder / name, cut.marked_table(by_level[level]))
        np.save(folder / "coordinates.npy", familiarity.coordinates(features))


def _with_shortcuts(images: pd.DataFrame, cut: Cut,
                    settings: Params) -> tuple[pd.DataFrame, str | None]:
    """Add what boosted trees, trained on all but the test part, make of it; and what they read."""
    labels = settings.dataset.labels
    rows = cut.part("train", "validation").index.to_numpy(), cut.part("test").index.to_numpy()
    found = shortcuts.baseline(cut.table, targets(cut.table, labels), rows, len(labels),
                               seed=settings.seed)
    if found is None:
        return images, None
    read, probabilities = found
    return with_member(images, SHORTCUTS, labels, probabilities), read


if __name__ == "__main__":
    run(main)
