"""The chosen cases as pictures with maps on them, and what is known of each."""

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from osteon import heatmaps
from osteon.explanations import regions
from osteon.explanations.cases import Case
from osteon.explanations.explanation import Explanation, Predicted
from osteon.explanations.localisation import looked_at, share
from osteon.frames import Field, Mask
from osteon.records import probability_columns
from osteon.sections.verdict import Method

Drawn = dict[str, dict[Method, Field]]  # maps by name


def draw(folder: Path, explanation: Explanation) -> list[dict[str, Any]]:
    """Draw every case into a folder; return them as plain values, in their order."""
    cases = explanation.test.cases
    return [_drawn(folder, f"{number:02}", case, explanation)
            for number, case in enumerate(tqdm(cases, desc="draw", unit="case"), start=1)]


def _drawn(folder: Path, number: str, case: Case, explanation: Explanation) -> dict[str, Any]:
    test, row = explanation.test, case.row
    frame, picture, mask = test.frame(row), explanation.picture(row), test.masks.get(row)
    fields: Drawn = {name: {method: explanation.field(name, method, row, explanation.trained)
                            for method in test.settings.explain.methods} for name in test.names}
    heatmaps.write(folder / f"{number}_picture.png", heatmaps.plain(picture, frame))
    files = {name: {method: f"{number}_{name}_{method}.png" for method in of}
             for name, of in fields.items()}
    flat: dict[str, list[Method]] = {name: [] for name in fields}
    for name, of in fields.items():
        for method, values in of.items():
            shown = looked_at(values, method)
            if heatmaps.flat(shown, frame):
                flat[name].append(method)
                shown = np.zeros_like(shown)
            heatmaps.write(folder / files[name][method],
                           heatmaps.overlay(picture, shown, frame, mask))
    found = regions.find(picture, frame) | ({} if mask is None else {"mask": mask})
    whole = explanation.covered(row)
    return {**_about(case, test), "picture": f"{number}_picture.png", "maps": files,
            "flat": flat, "masked": mask is not None,
            "areas": {name: round(float((region & whole).sum() / whole.sum()), 4)
                      for name, region in found.items()},
            "shares": {name: {method: _shares(values, found) for method, values in of.items()}
                       for name, of in fields.items()},
            **_sums(row, explanation)}


def _about(case: Case, test: Predicted) -> dict[str, Any]:
    facts, labels = test.table.loc[case.row], test.winner.labels
    explained = int(test.explained[case.row])
    return {
        "kind": case.kind, "path": str(facts["path"]), "group_id": str(facts["group_id"]),
        "target": labels[int(facts["target"])], "verdict": labels[int(facts["verdict"])],
        "explained": labels[explained], "distance": round(case.distance, 6),
        "probability": {
            name: round(float(facts[probability_columns(name, labels)[explained]]), 6)
            for name in test.names}}


def _shares(values: Field, found: dict[str, Mask]) -> dict[str, float | None]:
    """Share out the positive attribution; none where nothing is positive."""
    shares = {name: share(values, region) for name, region in found.items()}
    return {name: None if np.isnan(value) else round(value, 4) for name, value in shares.items()}


def _sums(row: int, explanation: Explanation) -> dict[str, Any]:
    sums = {member: of[row] for member, of in explanation.trained.sums.items() if row in of}
    return {"completeness": {
        member: {"difference": round(one.difference, 4), "delta": round(one.delta, 4),
                 "missed": round(one.relative, 4), "steps": one.steps}
        for member, one in sums.items()}} if sums else {}
