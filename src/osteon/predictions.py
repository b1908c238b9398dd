"""Each member's probabilities and features for each image of a part: what verdicts rest on."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon import checkpoints, inference
from osteon.aggregation import before
from osteon.combination import softmax
from osteon.errors import UserError
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import Part, probability_columns, read_table, targets
from osteon.splits import Cut

_KEPT = ["path", "study_id", "patient_id", "group_id", "body_part", "view", "label"]


def predict(cut: Cut, part: Part, pictures: Path, trained: Path, settings: Params,
            first: Path | None = None) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Run every member, from its folder below `trained`, over its own pictures of a part.

    `pictures` holds a folder a member, and `first`, if given, one with what its first phase left,
    which is run beside it where fine-tuning changed it. Returns rows with `target`, the class
    number, and a column for each of these networks and each class; and the trained members'
    features side by side (rows, features).
    """
    rows, labels = cut.part(part), settings.dataset.labels
    table = rows[_KEPT].assign(target=targets(rows, labels))
    device = inference.device(settings.trainer.accelerator)
    features = []
    for member in settings.model.members:
        folders = {member: trained / member}
        if first and not checkpoints.same(first / member, trained / member):
            folders[before(member)] = first / member
        found = inference.outputs_of(
            [checkpoints.load(folder, settings.backbones[member], len(labels))
             for folder in folders.values()],
            open_pictures(pictures / member), rows.index.to_numpy(), device)
        for name, of in zip(folders, found, strict=True):
            table[probability_columns(name, labels)] = softmax(of.logits)
        features.append(found[0].features)
    return table.reset_index(drop=True), np.concatenate(features, axis=1)


def out_of_fold(cut: Cut, trained: Path, settings: Params) -> pd.DataFrame:
    """Read what each member's networks said of training and validation, each of its own fold.

    Rows as `predict` gives them, and each row's `fold`.

    Raises:
        UserError: a member was not trained by folds, or on another cut.
    """
    rows, labels = cut.part("train", "validation"), settings.dataset.labels
    table = rows[_KEPT].assign(target=targets(rows, labels))
    for member in settings.model.members:
        file = trained / member / checkpoints.OUT_OF_FOLD
        said = read_table(file).set_index("path") if file.is_file() else pd.DataFrame()
        if set(said.index) != set(table["path"]):
            raise UserError(f"{file}: not of this cut and model.folds; train {member} again")
        table["fold"] = said["fold"].loc[table["path"]].to_numpy()
        table[probability_columns(member, labels)] = said.loc[
            table["path"], list(labels)].to_numpy()
    return table.reset_index(drop=True)
