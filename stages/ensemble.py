"""ensemble: every way to combine the members, judged on validation; the winner."""

import logging
from pathlib import Path

from osteon import params, splits
from osteon.aggregation import with_verdicts
from osteon.ensemble import choose
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.predictions import predict
from osteon.records import write_table

log = logging.getLogger("osteon.ensemble")


def main() -> None:
    """Read artifacts/finetune/, write artifacts/ensemble/."""
    settings = params.load()
    cut = splits.read(Path("artifacts/split"))
    images = predict(cut, "validation", Path("artifacts/preprocess"), Path("artifacts/finetune"),
                     settings)
    choice = choose(images, settings.model.members, settings.dataset.labels, settings.ensemble,
                    resamples=settings.evaluate.resamples, seed=settings.seed)
    log.info("ensemble: %s", choice.why)
    with fresh_folder(Path("artifacts/ensemble")) as folder:
        write_json(folder / "ensemble.json", cut.marked(choice.to_json()))
        write_table(folder / "validation.csv",
                    cut.marked_table(with_verdicts(images, choice.winner)))


if __name__ == "__main__":
    run(main)
