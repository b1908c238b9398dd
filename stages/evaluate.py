"""evaluate: the test part, once; the figures, beside members, first phases and shortcuts."""

import logging
from pathlib import Path

import numpy as np

from osteon import params, splits, testplots
from osteon.aggregation import before
from osteon.baseline import beside_part
from osteon.combination import Combination
from osteon.errors import run
from osteon.evaluation import TABLES, About, evaluate, is_told, tables
from osteon.familiarity import Familiarity
from osteon.files import fresh_folder, read_json, write_json
from osteon.predictions import predict
from osteon.records import SIZE, write_table

log = logging.getLogger("osteon.evaluate")


def main() -> int:
    """Read the winner and the test part; write metrics/, plots/evaluate/, artifacts/evaluate/."""
    settings = params.load()
    winner = Combination.from_json(read_json(Path("artifacts/ensemble/ensemble.json")))
    cut = splits.read(Path("artifacts/split"))
    images, features = predict(cut, "test", Path("artifacts/preprocess"),
                               Path("artifacts/finetune"), settings, Path("artifacts/train"))
    familiarity = Familiarity.load(Path("artifacts/ensemble/familiarity.npz"))
    images[SIZE] = cut.part("test")[SIZE].to_numpy()
    images, read = beside_part(images, cut, ("train", "validation"), "test", settings)
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
    return len(images)


if __name__ == "__main__":
    run(main)
