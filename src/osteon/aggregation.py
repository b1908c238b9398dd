"""From images to studies: a study is as suspicious as its views are on average."""

import pandas as pd


def studies(images: pd.DataFrame, probabilities: list[str]) -> pd.DataFrame:
    """One row per study: the mean of each probability column, with label and group.

    A study with any positive image is positive; checks before the cut see to it that a study's
    labels do not differ.
    """
    rules = {"group_id": "first", "body_part": "first", "target": "max",
             **dict.fromkeys(probabilities, "mean")}
    return images.groupby("study_id", sort=True).agg(rules).reset_index()
