"""What the figures rest on: the images, the cut, the checks, what leaks and shortcuts are worth."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from osteon.files import read_json
from osteon.records import read_table
from osteon.report.document import Block, Fold, Items, Plot, Plots, Say, Section, Table
from osteon.report.run import DRAWN, Run, counted, percent
from osteon.words import shortened

_SUITES = ("index", "split")


def data(run: Run) -> Section:
    """Describe the images, the cut, the duplicates and what was set aside."""
    about, split, dataset = run.about, run.split, run.settings.dataset
    aside = read_table(run.sources.index / "quarantine.csv")
    parts = ", ".join(sorted(run.cut.table["body_part"].unique()))
    cut = f"Protocol {split['protocol']}: {split['says']}; seed {split['seed']}."
    if split["left_out"]:
        cut += (f" {counted(split['left_out'], 'image')} left out, so that no group is divided.")
    if not run.cut.mark:
        cut += " No group of images (patient, joined with duplicates) is in two parts."
    deviation = split["deviation"]
    blocks: list[Block] = [
        Say(f"{dataset.root}, layout {about['layout']}: {counted(about['images'], 'image')}, "
            f"{len(aside)} of them in quarantine. Body parts: {parts or 'not named'}. For patients "
            f"stand: {about['patients_are']}."),
        Say(cut),
        Table(["part", "asked", "reached", "images", "studies", "groups", *run.labels],
              [[name, *_share(split["shares"][name]), part["images"], part["studies"],
                part["groups"], *(_of_label(part, label) for label in run.labels)]
               for name, part in split["parts"].items()]),
        Say(f"Farthest from the whole, of labels: {_stray(deviation['label'])}; of body parts: "
            f"{_stray(deviation['body_part'])}.", "faint")]
    return Section("data", "Data and split", [*blocks, *_duplicates(run), *_quarantine(aside)])


def _share(found: dict[str, float | None]) -> tuple[str, str]:
    asked = found["asked"]
    return "as given" if asked is None else percent(asked), percent(found["reached"])


def _of_label(part: dict[str, Any], label: str) -> str:
    """Count a part's images of a label; a part may lack one."""
    return f"{part['labels'].get(label, 0):,} ({percent(part['label_shares'].get(label, 0))})"


def _stray(found: dict[str, Any]) -> str:
    return f"{found['value']} in {found['part']}, by {found['points']:.1f} percentage points"


def _duplicates(run: Run) -> Iterator[Block]:
    found = run.about["duplicates"]
    yield Say(f"Duplicates: {found['bytes']} of equal bytes, {found['pixels']} of equal pixels, "
              f"{found['near']} near ({found['candidates']:,} pairs were proposed and looked at); "
              f"{found['groups']} sets of twins, {found['chains']} of them chains. Twins are never "
              "divided.")
    if found["pixels"] + found["near"]:
        yield Fold("Pairs to look at", [Plots([Plot(
            "Duplicates side by side", run.sources.index / "duplicates.png",
            photo=True)])])


def _quarantine(aside: pd.DataFrame) -> Iterator[Block]:
    if len(aside):
        yield Fold(f"{counted(len(aside), 'file')} in quarantine", [Items([
            f"{row['path']}: {row['reason']}{', ' if row['detail'] else ''}{row['detail']} "
            f"({row['policy']})" for row in aside.to_dict("records")])])


def checks(run: Run) -> Section:
    """Say which expectations hold, and name what does not."""
    blocks: list[Block] = []
    for suite in _SUITES:
        findings = read_json(run.sources.checks / suite / "report.json")
        held = sum(finding["passed"] for finding in findings)
        blocks.append(Say(f"check@{suite}: {held} of {len(findings)} expectations hold."))
        warned = [_warning(finding) for finding in findings if not finding["passed"]]
        blocks += [Say(words, "warn") for words in warned]
    return Section("checks", "Checks", blocks)


def _warning(finding: dict[str, Any]) -> str:
    named = [row["path"] for row in finding["rows"]] or [str(seen) for seen in finding["observed"]]
    return f"Warning: {finding['risk']}: {shortened(named)}."


def audit(run: Run) -> Section:
    """Say what this data set would have claimed under leaky protocols, and what shortcuts reach."""
    how = run.audit["how"]
    return Section("audit", "What this data set would have claimed", [
        *(Say(sentence) for sentence in run.audit["says"]),
        Plots([Plot(title, file) for name, title in (
            ("protocols", "Claims under each protocol"), ("shortcuts", "Shortcuts"))
            if (file := run.sources.plots / "audit" / f"{name}.png").is_file()]),
        Say("The audit's best shortcut is the best of many sets, the order of the files among "
            "them, each tested by folds of the whole set. The shortcut baseline beside this "
            "model's figures is one set, without the order of the files, trained on training and "
            "validation and tested on the test part.", "faint"),
        Say(f"By a frozen {how['backbone']} (weights {how['weights']}), {how['images']}. The "
            "audit's own page has the rest.", "faint")])


def limits(run: Run) -> Section:
    """Say what the model must not be used for."""
    return Section("limits", "Limits of use", [Items(limits_of_use(run))])


def limits_of_use(run: Run) -> list[str]:
    """List what the model must not be used for, and where its figures prove little."""
    said = ["Research only. Not a medical device.",
            "The figures hold for images like these, cut as said above, and for nothing else."]
    if run.cut.mark:
        said.insert(0, "The cut leaks: no figure of this report may be quoted without saying so.")
    if run.drawn:
        said.append(DRAWN)
    if run.settings.dataset.block > 1:
        said.append(
            f"The set names no patients. Blocks of {run.settings.dataset.block} consecutive "
            "numbers stand in for them, so that a patient across the edge of a block may be in two "
            "parts.")
    unproven = [f"by {level}" for level, found in run.levels.items()
                if (shortcut := found["shortcut"]) and not shortcut["beaten"]]
    if unproven:
        said.append(f"The model is not clearly above what shortcuts reach, {' and '.join(unproven)}"
                    ": its figures are no proof that it reads bones.")
    if run.drift["drifted"]:
        said.append(f"There is drift: {run.drift['current']} differs from "
                    f"{run.drift['reference']}, and the threshold was chosen on others.")
    return said
