"""ensemble: every way to combine the members, judged on validation; what it looks like."""

import logging
from pathlib import Path

from osteon import outoffold, params, splits
from osteon.aggregation import with_verdicts
from osteon.baseline import beside_folds, beside_part
from osteon.ensemble import choose
from osteon.errors import run
from osteon.familiarity import Familiarity
from osteon.files import fresh_folder, write_json
from osteon.predictions import out_of_fold, predict
from osteon.records import STATISTICS, write_table

log = logging.getLogger("osteon.ensemble")


def main() -> None:
    """Read artifacts/finetune/, write artifacts/ensemble/."""
    settings = params.load()
    cut = splits.read(Path("artifacts/split"))
    images, features = predict(cut, "validation", Path("artifacts/preprocess"),
                               Path("artifacts/finetune"), settings)
    reference = cut.part("validation")
    if settings.model.folds > 1:
        images = out_of_fold(cut, Path("artifacts/finetune"), settings)
        images, read = beside_folds(images, cut, settings)
    else:
        images, read = beside_part(images, cut, ["train"], "validation", settings)
    choice = choose(images, settings.model.members, settings.dataset.labels, settings.ensemble,
                    shortcut=read, resamples=settings.evaluate.resamples, seed=settings.seed)
    log.info("ensemble: %s", choice.why)
    familiarity = Familiarity.fit(features, reference[STATISTICS],
                                  reference["group_id"].tolist(), STATISTICS)
    seen = with_verdicts(images, choice.winner)
    with fresh_folder(Path("artifacts/ensemble")) as folder:
        write_json(folder / "ensemble.json", cut.marked(choice.to_json()))
        write_table(folder / "validation.csv",
                    cut.marked_table(seen[seen["path"].isin(reference["path"])]))
        familiarity.save(folder / "familiarity.npz")
        figures: dict[str, float | None] = {
            settings.ensemble.metric: choice.candidates[choice.chosen].estimate.value}
        if settings.model.folds > 1:
            figures = outoffold.write(folder, images, choice, read, cut, Path("artifacts/train"),
                                      settings)
    write_json(Path("metrics/ensemble.json"), cut.marked({"validation": figures}))


if __name__ == "__main__":
    run(main)
