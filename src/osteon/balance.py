"""How much the parts of a cut look alike: counts, shares, and how far they stray."""

from typing import Any

import pandas as pd

from osteon.records import PARTS
from osteon.strata import Shares


def balance(table: pd.DataFrame, asked: Shares) -> dict[str, Any]:
    """Count what each part holds, and compare its shares with what was asked and with the whole.

    Deviations are in percentage points: of label or body part, the value whose share in some part
    is farthest from its share in all parts together.
    """
    return {
        "images": len(table), "groups": table["group_id"].nunique(),
        "shares": {part: {"asked": _rounded(asked.get(part)),
                          "reached": _rounded((table["part"] == part).mean())} for part in PARTS},
        "parts": {part: _part(table[table["part"] == part]) for part in PARTS},
        "deviation": {column: _deviation(table, column) for column in ("label", "body_part")},
    }


def _part(rows: pd.DataFrame) -> dict[str, Any]:
    labels = rows["label"].value_counts().sort_index()
    return {
        "images": len(rows), "studies": rows["study_id"].nunique(),
        "patients": rows["patient_id"].nunique(), "groups": rows["group_id"].nunique(),
        "labels": labels.to_dict(),
        "label_shares": {label: _rounded(count / len(rows)) for label, count in labels.items()},
        "body_parts": pd.crosstab(rows["body_part"], rows["label"]).to_dict("index")}


def _deviation(table: pd.DataFrame, column: str) -> dict[str, Any]:
    whole = table[column].value_counts(normalize=True)
    of_parts = pd.crosstab(table["part"], table[column], normalize="index")
    strays = (of_parts - whole).abs()
    part = str(strays.max(axis=1).idxmax())
    return {"points": round(100 * float(strays.loc[part].max()), 2), "part": part,
            "value": str(strays.loc[part].idxmax())}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(float(share), 4)
