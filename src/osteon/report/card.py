"""The model card: what whoever is handed the model must know of it, as facts and as their page.

The facts are plain values. The package adds what only it can know, its version and the hashes of
its files, and draws the page from the whole, so that page and JSON cannot tell different things.
"""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from osteon.combination import in_words
from osteon.files import read_json, sha256
from osteon.records import read_table
from osteon.report import material, parts
from osteon.report.run import LEVELS, Run

# What can change an answer, in training or in service.
_LIBRARIES = ("osteon", "torch", "timm", "pytorch-lightning", "scikit-learn", "numpy",
              "opencv-python-headless", "onnxruntime", "pydicom")
_COUNTS = ("images", "studies", "patients", "groups", "labels")


def title(run: Run) -> str:
    """Name the model after its members and how they are combined."""
    if run.alone is None:
        return f"{' + '.join(run.members)}, {in_words(run.chosen['chosen'])}"
    others = f", the best of {len(run.members)}" if len(run.members) > 1 else ""
    return f"{run.column}{others}"


def facts(run: Run) -> dict[str, Any]:
    """Give all that the card tells, but for what packaging adds."""
    return run.cut.marked({
        "title": title(run), "labels": list(run.labels), "positive": run.looked_for,
        "intended_use": "Research on bone radiographs. Not a medical device.",
        "limits": material.limits_of_use(run),
        "body_parts": sorted(set(run.cut.table["body_part"]) - {""}),
        "dataset": run.settings.dataset.model_dump(mode="json"), "seed": run.settings.seed,
        **_verdict(run), "data": _data(run), "protocol": run.cut.to_json(),
        "test": read_json(run.sources.evaluate / "headline.json"),
        "parts": {level: _parts(run, level) for level in run.levels},
        "titles": dict(run.evaluation["titles"]),
        "members": {member: read_json(run.sources.trained / member / "card.json")
                    for member in run.members},
        "preprocess": {member: read_json(run.sources.pictures / member / "spec.json")
                       for member in run.members},
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES}, "made_from": _made_from(run)})


def _verdict(run: Run) -> dict[str, Any]:
    names = ("method", "chosen", "weights", "temperatures", "thresholds", "threshold_rule",
             "required_sensitivity", "study_rule")
    said = {level: run.rule(level) for level in LEVELS} if run.looked_for else {}
    return {**{name: run.chosen[name] for name in names}, "alone": run.alone,
            "thresholds_chosen_for": said}


def _data(run: Run) -> dict[str, Any]:
    return {"layout": run.about["layout"], "images": run.about["images"],
            "patients_are": run.about["patients_are"],
            "quarantined": len(read_table(run.sources.index / "quarantine.csv")),
            "cut": run.split["says"], "left_out": run.split["left_out"],
            "parts": {name: {of: part[of] for of in _COUNTS}
                      for name, part in run.split["parts"].items()}}


def _parts(run: Run, level: str) -> dict[str, Any]:
    """Take of each part, and each class, what a card shows of it."""
    found = run.level(level)
    names = parts.of_parts(run.evaluation["levels"])
    return {
        "subgroups": {kind: {name: {
            "rows": part["rows"], "groups": part["groups"],
            "figures": _some(part["figures"], names), "shortcut": _lead(part["shortcut"])}
            for name, part in of_kind.items()} for kind, of_kind in found["subgroups"].items()},
        "classes": {label: _some(figures, parts.OF_CLASSES)
                    for label, figures in found["classes"].items()},
        "class_shortcuts": {label: _lead(of) for label, of in found["class_shortcuts"].items()}}


def _some(figures: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: figures[name] for name in names if name in figures}


def _lead(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Keep of a comparison with the shortcut baseline what concerns the AUROC."""
    if not found:
        return None
    return {"figures": _some(found["figures"], ("auroc",)),
            "above": _some(found["above"], ("auroc",)), "beaten": found["beaten"]}


def _made_from(run: Run) -> dict[str, str]:
    """Give the SHA-256 of what the model was made from; the index has that of each image."""
    files = {"index of the images": run.sources.index / "index.csv",
             "cut": run.sources.split / "split.csv",
             **{f"{member}, weights": run.sources.trained / member / "model.safetensors"
                for member in run.members}}
    return {name: sha256(file) for name, file in files.items()}
