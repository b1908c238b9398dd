"""explain: what spoke for the verdicts on the test part, and how far that can be believed."""

import logging
from pathlib import Path

import pandas as pd

from osteon import masks, params, splits
from osteon.combination import Combination
from osteon.errors import run
from osteon.explanations import account, gallery
from osteon.explanations.explanation import Predicted, explain
from osteon.files import fresh_folder, read_json, write_json
from osteon.frames import Mask
from osteon.params import Params
from osteon.records import read_table
from osteon.splits import Cut

log = logging.getLogger("osteon.explain")


def main() -> None:
    """Read the predictions, pictures and networks; write artifacts/explain/, metrics/."""
    settings = params.load()
    cut = splits.read(Path("artifacts/split"))
    explanation = explain(_test(cut, settings), Path("artifacts/finetune"),
                          Path("artifacts/train"), Path("artifacts/preprocess"))
    with fresh_folder(Path("artifacts/explain")) as folder:
        told = account.content(explanation, gallery.draw(folder, explanation))
        sentences = account.says(told)
        write_json(folder / "explain.json", cut.marked({
            **told, "says": sentences, "warnings": account.warnings(told)}))
    write_json(Path("metrics/explain.json"), cut.marked(account.chosen(told)))
    for sentence in sentences:
        log.info("explain: %s", sentence)


def _test(cut: Cut, settings: Params) -> Predicted:
    """Take the predictions as evaluate wrote them, by the row of their picture."""
    predictions = read_table(Path("artifacts/evaluate/predictions.csv"))
    rows = pd.Series(cut.table.index, cut.table["path"])
    table = predictions.set_index(pd.Index(rows[predictions["path"]]))
    table[["height_px", "width_px"]] = cut.table[["height_px", "width_px"]]
    winner = Combination.from_json(read_json(Path("artifacts/ensemble/ensemble.json")))
    return Predicted(table, _masks(table, settings), winner, settings)


def _masks(table: pd.DataFrame, settings: Params) -> dict[int, Mask]:
    file = Path(settings.dataset.root) / settings.explain.masks
    if not file.is_file():
        log.info("explain: no %s; where findings lie is not known, and not measured", file)
        return {}
    found = masks.find(table, masks.read(file))
    log.info("explain: %d test images with a mask in %s", len(found), file)
    return found


if __name__ == "__main__":
    run(main)
