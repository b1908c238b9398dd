"""Each member's probability for each image of a part: the table that verdicts rest on."""

from pathlib import Path

import pandas as pd

from osteon import checkpoints, inference
from osteon.combination import softmax
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import Part, probability_of, targets
from osteon.splits import Cut

_KEPT = ["path", "study_id", "patient_id", "group_id", "body_part", "view", "label"]


def predict(cut: Cut, part: Part, pictures: Path, trained: Path,
            settings: Params) -> pd.DataFrame:
    """Run every member, from its folder below `trained`, over a part of the cut.

    Returns rows with `target` (1: the last label) and a column of probability per member.
    """
    rows, labels = cut.part(part), settings.dataset.labels
    table = rows[_KEPT].assign(target=targets(rows, labels))
    device, opened = inference.device(settings.trainer.accelerator), open_pictures(pictures)
    for member in settings.model.members:
        network = checkpoints.load(trained / member, settings.backbones[member], len(labels))
        logits = inference.logits(network, opened, rows.index.to_numpy(), device)
        table[probability_of(member)] = softmax(logits)[:, -1]
    return table.reset_index(drop=True)
