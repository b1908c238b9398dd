"""ensemble: mean, majority vote and weighted mean, judged on validation; the winner."""

import logging
from pathlib import Path

import pandas as pd

from osteon import params, plots, splits
from osteon.ensemble import choose
from osteon.errors import run
from osteon.evaluation import with_verdicts
from osteon.files import fresh_folder, write_json
from osteon.predictions import predict
from osteon.records import read_table, write_table

log = logging.getLogger("osteon.ensemble")


def main() -> None:
    """Read artifacts/finetune/, write artifacts/ensemble/ and plots/ensemble/."""
    settings = params.load()
    trained = Path("artifacts/finetune")
    cut = splits.read(Path("artifacts/split"))
    images = predict(cut, "validation", Path("artifacts/preprocess"), trained, settings)
    verdict = choose(images, settings.model.members, settings.ensemble,
                     resamples=settings.evaluate.resamples, seed=settings.seed)
    log.info("ensemble: %s", verdict.why())
    with fresh_folder(Path("artifacts/ensemble")) as folder:
        write_json(folder / "ensemble.json", cut.marked(verdict.to_json()))
        write_table(folder / "validation.csv",
                    cut.marked_table(with_verdicts(images, verdict.winner)))
    with fresh_folder(Path("plots/ensemble")) as folder:
        curves = pd.concat(
            read_table(Path("artifacts", phase, member, "curves.csv")).assign(
                member=member, phase=phase)
            for member in settings.model.members for phase in ("train", "finetune"))
        write_table(folder / "training.csv", cut.marked_table(curves))
        plots.training(folder / "training.png", curves, mark=cut.mark)


if __name__ == "__main__":
    run(main)
