"""The page of a model card, drawn from the facts of the card and from nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from osteon.combination import in_words
from osteon.files import read_json
from osteon.report import parts, shortcuts
from osteon.report.compose import page
from osteon.report.document import Block, Cell, Document, Gauges, Items, Say, Section, Table
from osteon.report.run import POOLED, counted, estimate
from osteon.splits import LEAKY

Facts = Mapping[str, Any]


def write(package: Path) -> None:
    """Draw the page of the card in a package beside it."""
    found = document(read_json(package / "card.json"))
    (package / "card.html").write_text(page(found), encoding="utf-8")


def document(facts: Facts) -> Document:
    """Compose the page."""
    labels = facts["labels"]
    told = " from ".join(labels) if facts["positive"] else ", ".join(labels)
    reasons = facts["protocol"]["reasons"]
    return Document(
        kicker=f"Model card · {facts['dataset']['root']} · seed {facts['seed']} · "
               f"model {facts['version']}",
        title=facts["title"], mark=f"{LEAKY}: {'; '.join(reasons)}" if reasons else "",
        verdict=[Say(
            "For research on bone radiographs: to study how such a model is built, measured and "
            f"served. It tells {told}. Not a medical device; no finding of a patient may rest on "
            "it.", "lead")],
        sections=[_labels(facts), _figures(facts), _parts(facts), _data(facts),
                  _preprocessing(facts), _members(facts),
                  Section("limits", "Limits of use", [Items(facts["limits"])]), _versions(facts)])


def _labels(facts: Facts) -> Section:
    said: list[Block] = [Say("The most probable class is the verdict; there is no threshold.")]
    if facts["positive"]:
        said = [Table(["verdict", "threshold", "chosen on validation for"],
                      [[f"{facts['positive']}, of one {level}", facts["thresholds"][level],
                        facts["thresholds_chosen_for"][level]] for level in facts["parts"]])]
    return Section("labels", "Labels and thresholds", [
        Say(f"Labels, in this order: {', '.join(facts['labels'])}."), *said,
        Say(POOLED.format(rule=in_words(facts["study_rule"])), "faint")])


def _figures(facts: Facts) -> Section:
    blocks: list[Block] = []
    for level in facts["parts"]:
        figures, alone = (facts["test"][of][level] for of in ("winner", "shortcut"))
        blocks.append(Gauges(f"By {level}", [
            shortcuts.gauge(facts["titles"][name], name, value, alone)
            for name, found in figures.items() if (value := estimate(found))]))
        if alone:
            blocks.append(Say(alone["says"], "good" if alone["beaten"] else "warn"))
    test = facts["test"]["test"]
    return Section("figures", "Figures on the test part", [*blocks, Say(
        f"Measured once, on {counted(test['images'], 'image')} of "
        f"{counted(test['studies'], 'study')} and {counted(test['groups'], 'group')}; everything "
        "else was chosen on training and validation. Intervals: 95 %, over groups.", "faint")])


def _parts(facts: Facts) -> Section:
    return Section("parts", "By class, body part, view and size",
                   parts.blocks(facts["parts"], facts["titles"]))


def _data(facts: Facts) -> Section:
    data, labels = facts["data"], facts["labels"]
    return Section("data", "Data and protocol", [
        Say(f"{facts['dataset']['root']}, layout {data['layout']}: "
            f"{counted(data['images'], 'image')}, {data['quarantined']} of them in quarantine. "
            f"Body parts: {', '.join(facts['body_parts']) or 'not named'}. For patients stand: "
            f"{data['patients_are']}."),
        Say(f"Protocol {facts['protocol']['name']}: {data['cut']}; seed {facts['seed']}; "
            f"{counted(data['left_out'], 'image')} left out."),
        Table(["part", "images", "studies", "patients", "groups", *labels],
              [[name, part["images"], part["studies"], part["patients"], part["groups"],
                *(part["labels"].get(label, 0) for label in labels)]
               for name, part in data["parts"].items()])])


def _preprocessing(facts: Facts) -> Section:
    specs = facts["preprocess"]
    names = list(dict.fromkeys(name for spec in specs.values() for name in spec))
    rows: list[list[Cell]] = [
        [name.replace("_", " "), *(_plain(spec.get(name)) for spec in specs.values())]
        for name in names]
    rows.append(["normalisation", *(_plain(member.get("normalize"))
                                    for member in facts["members"].values())])
    return Section("preprocessing", "Preprocessing", [Table(["", *specs], rows), Say(
        "Files of 8 to 16 bits become grey of 8 bits; normalisation lies inside the exported "
        "graph.", "faint")])


def _plain(value: object) -> str:
    return "-" if value is None else str(value)


def _members(facts: Facts) -> Section:
    return Section("members", "Members", [Table(
        ["member", "network", "weights at the start", "weight", "temperature"],
        [[name, member["arch"], member["weights"], float(facts["weights"][name]),
          float(facts["temperatures"][name])] for name, member in facts["members"].items()])])


def _versions(facts: Facts) -> Section:
    return Section("versions", "Versions and hashes", [
        Say(f"Model {facts['version']}, package format {facts['format']}, Python "
            f"{facts['python']}."),
        Items([f"{name} {number}" for name, number in facts["versions"].items()]),
        Table(["file of the package", "SHA-256"], [*map(list, facts["hashes"].items())]),
        Table(["made from", "SHA-256"], [*map(list, facts["made_from"].items())])])
