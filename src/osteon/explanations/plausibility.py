"""How far the maps can be believed: do they add up, and do they lie where a finding can lie?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from osteon import intervals, metrics
from osteon.aggregation import ENSEMBLE
from osteon.explanations import localisation, regions
from osteon.explanations.atlas import Atlas, Sum
from osteon.explanations.explanation import Explanation
from osteon.frames import Field
from osteon.intervals import Resampled
from osteon.sections.verdict import Method

CENTRE, BEFORE = "centre", "_before"  # whose maps the members' are compared with
Json = dict[str, Any]


def completeness(state: Atlas) -> dict[str, Json]:
    """Say by how much Integrated Gradients of each member miss what they should add up to."""
    return {member: _missed(list(of.values())) for member, of in state.sums.items() if of}


def _missed(sums: list[Sum]) -> Json:
    relative = np.array([one.relative for one in sums])
    return {"images": len(sums), "largest": round(float(relative.max()), 6),
            "median": round(float(np.median(relative)), 6),
            "most_steps": max(one.steps for one in sums)}


def artefacts(explanation: Explanation) -> dict[Method, Json]:
    """Measure how much attribution lies where no anatomy is, on a sample of the test images.

    Areas are shares of the picture, with the padding where a member sees any.
    """
    test = explanation.test
    seen = []
    for row, methods in _rows(explanation, masked=False):
        whole = explanation.covered(row)
        masks = regions.find(explanation.picture(row), test.frame(row))
        areas = {region: (mask & whole).sum() / whole.sum() for region, mask in masks.items()}
        seen += [{"method": method, "row": row, "name": name, "region": region,
                  "area": areas[region], "share": localisation.share(values, mask)}
                 for method in methods for name, values in _fields(explanation, method, row)
                 for region, mask in masks.items()]
    table = pd.DataFrame(seen)
    return {method: _of_regions(table[table["method"] == method], explanation)
            for method in test.settings.explain.methods}


def localise(explanation: Explanation) -> Json | None:
    """Measure whether the maps lie where the masks are; none where there are no masks."""
    masks = explanation.test.masks
    if not masks:
        return None
    seen = []
    for row, methods in _rows(explanation, masked=True):
        near = localisation.near(masks[row])
        seen += [{"method": method, "row": row, "name": name,
                  "hit": localisation.hits(localisation.looked_at(values, method), near),
                  # A map without anything positive has nothing in the mask.
                  "share": np.nan_to_num(localisation.share(values, masks[row]))}
                 for method in methods for name, values in _compared(explanation, method, row)]
    table = pd.DataFrame(seen)
    return {method: _of_masks(table[table["method"] == method], explanation)
            for method in explanation.test.settings.explain.methods}


def _rows(explanation: Explanation, *, masked: bool) -> Iterator[tuple[int, list[Method]]]:
    """Go through the rows that any method is measured on, with the methods that are."""
    test = explanation.test
    rows = {method: set(test.sampled(method, masked=masked).tolist())
            for method in test.settings.explain.methods}
    what = "masks" if masked else "regions"
    for row in tqdm(sorted(set().union(*rows.values())), desc=what, unit="image"):
        yield row, [method for method in rows if row in rows[method]]


def _fields(explanation: Explanation, method: Method, row: int, *, before: bool = False
            ) -> list[tuple[str, Field]]:
    state = explanation.before if before else explanation.trained
    assert state is not None
    return [(name, explanation.field(name, method, row, state)) for name in explanation.test.names]


def _compared(explanation: Explanation, method: Method, row: int) -> list[tuple[str, Field]]:
    """Give the maps, those of the members before fine-tuning, and that of the picture's middle."""
    before = _fields(explanation, method, row, before=True)
    return [(CENTRE, localisation.centre(explanation.test.frame(row))),
            *_fields(explanation, method, row),
            *((name + BEFORE, values) for name, values in before)]


def _of_regions(seen: pd.DataFrame, explanation: Explanation) -> Json:
    found: Json = {"areas": {}, "shares": {}, "ratios": {}}
    for name, of in seen.groupby("name", sort=False):
        shares, areas = (of.pivot(index="row", columns="region", values=value)
                         for value in ("share", "area"))
        mean, taken = (_average(values, explanation)
                       for values in (shares, areas.where(shares.notna())))
        found["shares"][name] = intervals.to_json(mean.scores())
        found["ratios"][name] = intervals.to_json(localisation.ratio(mean, taken).scores())
        if name == ENSEMBLE:
            found["areas"] = intervals.to_json(_average(areas, explanation).scores())
    return _counts(seen, explanation) | found


def _of_masks(seen: pd.DataFrame, explanation: Explanation) -> Json:
    figures = {str(name): _average(of.set_index("row")[["hit", "share"]], explanation)
               for name, of in seen.groupby("name", sort=False)}
    return _counts(seen, explanation) | {
        "of": {name: intervals.to_json(of.scores()) for name, of in figures.items()},
        "above": {name: {other: _above(figures[name], figures[against])
                         for other, against in ((CENTRE, CENTRE), ("before", name + BEFORE))}
                  for name in explanation.test.names}}


def _above(of: Resampled, other: Resampled) -> dict[str, dict[str, float | None]]:
    return intervals.to_json({figure: of.above(other, figure) for figure in of.values})


def _average(values: pd.DataFrame, explanation: Explanation) -> Resampled:
    """Average columns over rows, resampled by whole groups."""
    test = explanation.test
    return metrics.average({str(name): column for name, column in values.items()},
                           test.table["group_id"][values.index],
                           resamples=test.settings.evaluate.resamples, seed=test.settings.seed)


def _counts(seen: pd.DataFrame, explanation: Explanation) -> Json:
    rows = seen["row"].unique()
    return {"images": len(rows),
            "groups": int(explanation.test.table["group_id"][rows].nunique())}
