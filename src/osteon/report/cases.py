"""Single images: where the ensemble erred, and where it looked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd

from osteon.imaging import Picture
from osteon.preprocessing import open_pictures
from osteon.records import probability_columns
from osteon.report.document import Block, Cell, Fold, Items, Say, Section, Shot, Shots, Table
from osteon.report.run import Run, estimate, signed

_SHOWN = 6
_METHODS = {"grad_cam": "Grad-CAM", "integrated_gradients": "Integrated Gradients"}
_WHERE = {"border": "border", "outside_field": "outside the field", "markers": "side markers"}
_CASES = {"right": "Most confident and right", "nearest": "Nearest the threshold"}
_ENSEMBLE = "ensemble"


def failures(run: Run) -> Section:
    """Show what the ensemble got wrong with most confidence, and where it looked."""
    wrong = run.test[run.test["verdict"] != run.test["target"]]
    blocks: list[Block] = [Say(f"{len(wrong):,} of {len(run.test):,} test images are called by a "
                               "wrong name; the most confident come first.")]
    for title, rows in _kinds(run, wrong):
        blocks.append(Say(f"{title}: {len(rows):,}", "lead"))
        if len(rows):
            blocks.append(Shots([_failure(run, row) for _, row in rows.head(_SHOWN).iterrows()]))
    return Section("failures", "Failures", blocks)


def _kinds(run: Run, wrong: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    columns = probability_columns(_ENSEMBLE, run.labels)
    order = wrong.assign(sure=[row[columns[row["verdict"]]] for _, row in wrong.iterrows()])
    order = order.sort_values(["sure", "path"], ascending=[False, True])
    if run.looked_for is None:
        yield "Called by a wrong name", order
        return
    yield f"Missed: {run.looked_for}, called {run.labels[0]}", order[order["target"] == 1]
    yield f"False alarms: {run.labels[0]}, called {run.looked_for}", order[order["target"] == 0]


def _failure(run: Run, row: pd.Series) -> Shot:
    said = row[f"{_ENSEMBLE}:{run.looked_for or run.labels[row['verdict']]}"]
    of = run.looked_for or run.labels[row["verdict"]]
    lines = [f"is {row['label']}, called {run.labels[row['verdict']]}",
             f"probability of {of} {said:.3f}", str(row["path"])]
    case = _explained(run).get(row["path"])
    pictures = (_pictures(run, case, [_ENSEMBLE]) if case else
                [("as the network saw it", _thumbnail(run, row["path"]))])
    return Shot(lines, pictures)


def _thumbnail(run: Run, path: str) -> bytes:
    place = {name: row for row, name in enumerate(run.cut.table["path"])}
    return _png(_opened(run)[place[path]])


def _opened(run: Run) -> Picture:
    return open_pictures(run.sources.pictures / run.members[0])


def _png(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1].tobytes())


def _explained(run: Run) -> Mapping[str, Mapping[str, Any]]:
    return {case["path"]: case for case in run.explained["cases"]} if run.explained else {}


def _pictures(run: Run, case: Mapping[str, Any],
              names: Iterable[str]) -> list[tuple[str, bytes]]:
    folder = run.sources.explain
    maps = [(_METHODS.get(method, method) if name == _ENSEMBLE else
             f"{name}, {_METHODS.get(method, method)}", (folder / file).read_bytes())
            for name in names for method, file in case["maps"].get(name, {}).items()]
    return [("picture", (folder / case["picture"]).read_bytes()), *maps]


def explanations(run: Run) -> Section | None:
    """Show where the ensemble looks, and whether that is where a finding can be."""
    found = run.explained
    if found is None:
        return None
    blocks: list[Block] = [*(Say(sentence) for sentence in found["says"])]
    for kind, title in _CASES.items():
        cases = [case for case in found["cases"] if case["kind"] == kind]
        if cases:
            blocks += [Say(title, "lead"), Shots([_case(run, case, [_ENSEMBLE]) for case in cases])]
    if found["cases"] and len(run.members) > 1:
        blocks.append(Fold("The same, member by member", [Shots([
            _case(run, case, run.members) for case in found["cases"]])]))
    blocks += [*_artefacts(found), *_localisation(found)]
    blocks.append(Say(
        f"The maps explain the {found['score']}. Orange speaks for the class, blue against it; a "
        f"white outline is the annotated finding. Integrated Gradients start from "
        f"{found['baseline']}, in {found['steps']} steps.", "faint"))
    if found["completeness"]:
        blocks.append(Fold("Completeness of Integrated Gradients", [Table(
            ["member", "images", "median error", "largest"],
            [[member, delta["images"], float(delta["median"]), float(delta["largest"])]
             for member, delta in found["completeness"].items()])]))
    return Section("explanations", "Where it looks", blocks)


def _case(run: Run, case: Mapping[str, Any], names: Iterable[str]) -> Shot:
    return Shot([f"is {case['target']}, called {case['verdict']}",
                 f"probability of {case['explained']} {case['probability'][_ENSEMBLE]:.3f}",
                 case["path"]], _pictures(run, case, names))


def _artefacts(found: Mapping[str, Any]) -> Iterator[Block]:
    rows: list[list[Cell]] = []
    for method, measured in found["artefacts"].items():
        for name, shares in measured["shares"].items():
            rows.append([f"{name}, {_METHODS.get(method, method)}",
                         *(estimate(shares.get(where)) for where in _WHERE)])
        rows.append([f"area of the picture, {_METHODS.get(method, method)}",
                     *(estimate(measured["areas"].get(where)) for where in _WHERE)])
    if rows:
        yield Say("Share of the attribution that lies where no finding can be", "lead")
        yield Table(["attribution of", *_WHERE.values()], rows, bars=True)


def _localisation(found: Mapping[str, Any]) -> Iterator[Block]:
    masks = found["localisation"]
    if not masks:
        return
    yield Say(f"Against the outlines in {masks['masks']}", "lead")
    for method, measured in ((method, masks[method]) for method in _METHODS if method in masks):
        yield Table(
            [f"{_METHODS[method]}, {measured['images']} images", "strongest point within",
             "share within"],
            [[name.replace("_before", f", {masks['before']}"), estimate(of["hit"]),
              estimate(of["share"])] for name, of in measured["of"].items()], bars=True)
        yield Items([
            f"{name} against {'the centre' if other == 'centre' else masks['before']}: "
            f"{word} {signed(of[key])}"
            for name, others in measured["above"].items() for other, of in others.items()
            for key, word in (("hit", "strongest point within"), ("share", "share within"))])
    yield Say(f"A strongest point counts within {masks['tolerance']} of the outline. The centre is "
              "what a map without any knowledge would reach.", "faint")
