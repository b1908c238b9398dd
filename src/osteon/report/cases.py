"""Single images: where the ensemble erred, and where it looked."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd

from osteon.aggregation import ENSEMBLE
from osteon.imaging import Picture
from osteon.preprocessing import open_pictures
from osteon.records import probability_columns
from osteon.report.document import Block, Cell, Fold, Items, Say, Section, Shot, Shots, Table
from osteon.report.run import Run, estimate, probability, signed

_SHOWN = 6
_METHODS = {"grad_cam": "Grad-CAM", "integrated_gradients": "Integrated Gradients"}
_WHERE = {"border": "border", "outside_field": "outside the field", "markers": "side markers"}
_CASES = {"right": "Most confident and right", "nearest": "Nearest the threshold"}


def failures(run: Run) -> Section:
    """Show what was misclassified with most confidence, and where the winner looked.

    Only failures that were explained are shown; where none was, the surest as they are.
    """
    wrong = run.test[run.test["verdict"] != run.test["target"]]
    explained = wrong["path"].isin(_explained(run))
    blocks: list[Block] = [Say(
        f"{len(wrong):,} of {len(run.test):,} test images are misclassified. Shown are "
        f"{_which(int(explained.sum()))}; all are in predictions.csv of the evaluation.")]
    for title, rows in _kinds(run, wrong):
        shown = rows[rows["path"].isin(_explained(run))] if explained.any() else rows.head(_SHOWN)
        blocks.append(Say(f"{title}: {len(rows):,}", "lead"))
        if len(shown):
            blocks.append(Shots([_failure(run, row) for _, row in shown.iterrows()]))
    return Section("failures", "Failures", blocks)


def _which(explained: int) -> str:
    return (f"the {explained} that were explained: the surest, one of a group, and those nearest "
            "the threshold" if explained else "the surest, none of which was explained")


def _kinds(run: Run, wrong: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    columns = probability_columns(ENSEMBLE, run.labels)
    order = wrong.assign(sure=[row[columns[row["verdict"]]] for _, row in wrong.iterrows()])
    order = order.sort_values(["sure", "path"], ascending=[False, True])
    if run.looked_for is None:
        yield "Misclassified", order
        return
    yield f"Missed: {run.looked_for}, called {run.labels[0]}", order[order["target"] == 1]
    yield f"False alarms: {run.labels[0]}, called {run.looked_for}", order[order["target"] == 0]


def _failure(run: Run, row: pd.Series) -> Shot:
    of = run.looked_for or run.labels[row["verdict"]]
    case = _explained(run).get(row["path"])
    pictures = (_pictures(run, case, [ENSEMBLE]) if case else
                [("as the network saw it", _thumbnail(run, row["path"]))])
    return Shot([f"is {row['label']}, called {run.labels[row['verdict']]}",
                 f"probability of {of} {probability(row[f'{ENSEMBLE}:{of}'])}",
                 *_missed(case), str(row["path"])], pictures)


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
    maps = [(_map_title(name, method, case["flat"][name]), (folder / file).read_bytes())
            for name in names for method, file in case["maps"].get(name, {}).items()]
    return [("picture", (folder / case["picture"]).read_bytes()), *maps]


def _map_title(name: str, method: str, flat: Collection[str]) -> str:
    title = _METHODS.get(method, method)
    of = title if name == ENSEMBLE else f"{name}, {title}"
    return f"{of}: flat, no place stands out" if method in flat else of


def explanations(run: Run) -> Section | None:
    """Show where the ensemble looks, and whether that is where a finding can be."""
    found = run.explained
    if found is None:
        return None
    blocks: list[Block] = [Say(sentence, "warn" if sentence in found["warnings"] else "plain")
                           for sentence in found["says"]]
    for kind, title in _CASES.items():
        cases = [case for case in found["cases"] if case["kind"] == kind]
        if cases:
            blocks += [Say(title, "lead"), Shots([_case(run, case, [ENSEMBLE]) for case in cases])]
    if found["cases"] and len(run.members) > 1:
        blocks.append(Fold("The same, member by member", [Shots([
            _case(run, case, run.members) for case in found["cases"]])]))
    blocks += [*_artefacts(run, found), *_localisation(found)]
    blocks.append(Say(
        f"The maps explain the {found['score']}. Orange speaks for the class, blue against it; a "
        "map that is much the same all over the picture points nowhere and is left untinted. A "
        f"white outline is the annotated finding. Integrated Gradients start from "
        f"{found['baseline']}, in {found['steps']} steps or, where these do not add up, more.",
        "faint"))
    if found["completeness"]:
        blocks.append(Fold("Completeness of Integrated Gradients", [Table(
            ["member", "images", "median error", "largest"],
            [[member, delta["images"], float(delta["median"]), float(delta["largest"])]
             for member, delta in found["completeness"].items()])]))
    return Section("explanations", "Where it looks", blocks)


def _case(run: Run, case: Mapping[str, Any], names: Iterable[str]) -> Shot:
    return Shot([f"is {case['target']}, called {case['verdict']}",
                 f"probability of {case['explained']} "
                 f"{probability(case['probability'][ENSEMBLE])}",
                 *_missed(case), case["path"]], _pictures(run, case, names))


def _missed(case: Mapping[str, Any] | None) -> Iterator[str]:
    """Say what each member's Integrated Gradients miss of what they should add up to."""
    of = case.get("completeness") if case else None
    if of:
        yield "Integrated Gradients miss " + ", ".join(
            f"{100 * found['missed']:.1f} % ({member})" for member, found in of.items())


def _artefacts(run: Run, found: Mapping[str, Any]) -> Iterator[Block]:
    rows: list[list[Cell]] = []
    for method, measured in found["artefacts"].items():
        title = _METHODS.get(method, method)
        ratios = run.named(measured["ratios"])
        rows += [[f"{name}, {title}", *(_times(ratios[name][where], shares[where])
                                        for where in _WHERE)]
                 for name, shares in run.named(measured["shares"]).items()]
        rows.append([f"area of the picture, {title}",
                     *(_hundredths(measured["areas"][where]) for where in _WHERE)])
    if rows:
        yield Say("Attribution where no finding can be, in times of its share of the area", "lead")
        yield Table(["attribution of", *_WHERE.values()], rows)
        yield Say("1 is what chance would put there. In brackets the 95 % interval, then the share "
                  "of the attribution.", "faint")


def _times(ratio: Mapping[str, float | None], share: Mapping[str, float | None]) -> str:
    value, low, high = (ratio[name] for name in ("value", "low", "high"))
    if value is None:
        return "-"
    span = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{value:.2f}{span}; {_hundredths(share)}"


def _hundredths(share: Mapping[str, float | None]) -> str:
    return "-" if share["value"] is None else f"{100 * share['value']:.2f} %"


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
