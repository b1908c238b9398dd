"""The page of the model card: what whoever is handed the model must know of it."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from osteon.files import read_json, sha256
from osteon.report import material, result
from osteon.report.document import Block, Document, Gauge, Gauges, Items, Say, Section, Table
from osteon.report.run import LEVELS, Run, counted, estimate

_LIBRARIES = ("osteon", "torch", "timm", "pytorch-lightning", "scikit-learn", "numpy",
              "opencv-python-headless", "onnxruntime")
_FIGURES = ("auroc", "average_precision", "accuracy", "balanced_accuracy", "kappa", "sensitivity",
            "specificity", "f1", "ece")
_SHORT = 16  # characters of a hash that tell two files apart


def card(run: Run) -> Document:
    """Compose the card."""
    told = " from ".join(run.labels) if run.looked_for else ", ".join(run.labels)
    return Document(
        kicker=f"Model card · {run.settings.dataset.root} · seed {run.settings.seed}",
        title=title(run), mark=run.cut.mark, verdict=[Say(
            "For research on bone radiographs: to study how such a model is built, measured and "
            f"served. It tells {told}. Not a medical device; no finding of a patient may rest on "
            "it.", "lead")],
        sections=[_labels(run), _figures(run), _data(run), _preprocessing(run), _members(run),
                  material.limits(run), _versions(run)])


def title(run: Run) -> str:
    """Name the model after its members and how they are combined."""
    joined = " + ".join(run.members)
    return joined if len(run.members) == 1 else f"{joined}, {run.chosen['chosen']}"


def _labels(run: Run) -> Section:
    if run.looked_for is None:
        said: list[Block] = [Say("The most probable class is the verdict; there is no threshold.")]
    else:
        said = [Table(["verdict", "threshold", "chosen on validation for"],
                      [[f"{run.looked_for}, of one {level}", run.chosen["thresholds"][level],
                       run.rule(level)]
                       for level in LEVELS])]
    return Section("labels", "Labels and thresholds", [
        Say(f"Labels, in this order: {', '.join(run.labels)}."), *said,
        Say(f"Of several images of a study the {run.chosen['study_rule']} counts.", "faint")])


def _figures(run: Run) -> Section:
    blocks: list[Block] = []
    for level in LEVELS:
        found = run.level(level)
        blocks.append(Gauges(f"By {level}", [
            Gauge(run.title(name), value) for name in _FIGURES
            if (value := estimate(found["figures"]["ensemble"].get(name)))]))
    shortcut = run.level("image")["shortcut"]
    if shortcut:
        blocks.append(Say(shortcut["says"], "good" if shortcut["beaten"] else "warn"))
    return Section("figures", "Figures on the test part",
                   [*blocks, *result.parts(run).blocks])


def _data(run: Run) -> Section:
    counts = run.level("image")["counts"]
    return Section("data", "Data and protocol", [
        *material.data(run).blocks[:3],
        Say(f"Measured once, on {counted(counts['rows'], 'image')} of "
            f"{counted(counts['groups'], 'group')}; everything else was chosen on training and "
            "validation.")])


def _preprocessing(run: Run) -> Section:
    specs = {member: read_json(run.sources.pictures / member / "spec.json")
             for member in run.members}
    names = list(dict.fromkeys(name for spec in specs.values() for name in spec))
    return Section("preprocessing", "Preprocessing", [Table(
        ["", *run.members],
        [*([name.replace("_", " "), *(_plain(spec.get(name)) for spec in specs.values())]
           for name in names),
         ["normalisation", *(run.settings.backbones[member].normalize for member in run.members)]]),
        Say("Files of 8 to 16 bits become grey of 8 bits; normalisation lies inside the exported "
            "graph.", "faint")])


def _plain(value: object) -> str:
    return "-" if value is None else str(value)


def _members(run: Run) -> Section:
    cards = {member: read_json(run.sources.trained / member / "card.json")
             for member in run.members}
    return Section("members", "Members", [Table(
        ["member", "network", "weights at the start", "weight", "temperature"],
        [[member, card["arch"], card["weights"], float(run.chosen["weights"][member]),
          float(run.chosen["temperatures"][member])] for member, card in cards.items()])])


def _versions(run: Run) -> Section:
    files = {**{f"{member}, weights": run.sources.trained / member / "model.safetensors"
                for member in run.members},
             "index of the images": run.sources.index / "index.csv",
             "cut": run.sources.split / "split.csv",
             "ensemble": run.sources.ensemble / "ensemble.json"}
    return Section("versions", "Versions and hashes", [
        Items([f"Python {platform.python_version()}",
               *(f"{name} {version(name)}" for name in _LIBRARIES)]),
        Table(["file", "SHA-256, its beginning"], _hashes(files))])


def _hashes(files: Mapping[str, Path]) -> list[list[str]]:
    return [[name, sha256(file)[:_SHORT]] for name, file in files.items() if file.is_file()]
