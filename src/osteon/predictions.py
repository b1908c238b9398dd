"""Each member's probabilities for each image of a part: the table that verdicts rest on."""

from pathlib import Path

import pandas as pd

from osteon import checkpoints, inference
from osteon.combination import softmax
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import Part, probability_columns, targets
from osteon.splits import Cut

_KEPT = ["path", "study_id", "patient_id", "group_id", "body_part", "view", "label"]


def predict(cut: Cut, part: Part, pictures: Path, trained: Path,
            settings: Params) -> pd.DataFrame:
    """Run every member, from its folder below `trained`, over its own pictures of a part.

    `pictures` holds a folder a member. Returns rows with `target`, the class number, and a column
    for each member and class.
    """
    rows, labels = cut.part(part), settings.dataset.labels
    table = rows[_KEPT].assign(target=targets(rows, labels))
    device = inference.device(settings.trainer.accelerator)
    for member in settings.model.members:
        network = checkpoints.load(trained / member, settings.backbones[member], len(labels))
        found = softmax(inference.logits(network, open_pictures(pictures / member),
                                         rows.index.to_numpy(), device))
        table[probability_columns(member, labels)] = found
    return table.reset_index(drop=True)
