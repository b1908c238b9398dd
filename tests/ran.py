"""What a run leaves behind, small: files of every stage, with figures that a test can look for."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from osteon import cuts, params, splits
from osteon.balance import balance
from osteon.combination import Combination
from osteon.files import write_json
from osteon.records import QUARANTINE, probability_columns, write_table
from osteon.report.run import Run, Sources
from rows import protocol, rows

SETTINGS = params.load(Path(__file__).parents[1] / "params.yaml")
MEMBERS = ("tiny", "small")
TITLES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "kappa": "kappa",
          "auroc": "AUROC", "average_precision": "average precision",
          "sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV",
          "f1": "F1", "macro_f1": "macro F1", "ece": "calibration error", "brier": "Brier score"}
_PER_LABEL = 40


def figure(value, half=0.05):
    """Give a figure with an interval about it."""
    return {"value": round(value, 3), "low": round(value - half, 3), "high": round(value + half, 3)}


def run(folder, labels=("normal", "abnormal"), *, leaky=False, beaten=True, explained=True,
        published="none", left_out=0, quarantined=(), protocol_name="ratio", alone=None,
        **settings):
    """Write a run below `folder`, and read it as the report does; `alone` is a member that won."""
    member = SETTINGS.backbones[SETTINGS.model.members[0]]
    dataset = SETTINGS.dataset.model_copy(update={
        "labels": tuple(labels), "root": str(folder / "images"), "body_parts": ()})
    chosen = SETTINGS.model_copy(update={
        "dataset": dataset, "published": published, "backbones": dict.fromkeys(MEMBERS, member),
        "model": SETTINGS.model.model_copy(update={"members": MEMBERS}), **settings})
    sources = _sources(folder)
    found = _cut(sources, chosen, protocol(protocol_name, as_published=leaky), left_out)
    _index(sources.index, quarantined)
    _stages(sources, labels)
    test = _predictions(found.part("test").reset_index(drop=True), labels)
    write_table(sources.evaluate / "predictions.csv", found.marked_table(test))
    measured = evaluation(labels, beaten=beaten)
    write_json(sources.evaluate / "evaluation.json", found.marked(measured))
    write_json(sources.evaluate / "headline.json", found.marked(_headline(measured)))
    winner = Combination.plain(MEMBERS, labels).to_json()
    if alone:
        winner |= {"method": "single", "chosen": f"single:{alone}",
                   "weights": {member: float(member == alone) for member in MEMBERS}}
    made = _candidates(labels, beaten=beaten)
    made["candidates"].setdefault(winner.get("chosen", "mean"), made["candidates"]["single:tiny"])
    write_json(sources.ensemble / "ensemble.json", {**made, **winner})
    if explained:
        _explained(sources.explain, test, labels)
    return Run.read(chosen, sources)


def _sources(folder):
    names = {"index": "index", "checks": "check", "split": "split", "pictures": "preprocess",
             "audit": "audit", "tuned": "tune", "trained": "finetune", "ensemble": "ensemble",
             "evaluate": "evaluate", "explain": "explain", "drift": "drift"}
    sources = Sources(**{key: folder / "artifacts" / name for key, name in names.items()},
                      plots=folder / "plots")
    for place in vars(sources).values():
        place.mkdir(parents=True)
    return sources


def _cut(sources, chosen, asked, left_out):
    labels = chosen.dataset.labels
    count = _PER_LABEL * len(labels)
    index = rows([label for label in labels for _ in range(_PER_LABEL)],
                 [f"p{row // 2:03d}" for row in range(count)])
    found = cuts.cut(index, asked, labels, seed=0)
    splits.write(sources.split, found.splits, {
        "says": found.says, "seed": 20, "patients_are": "folders",
        **balance(found.splits.table, found.asked)}, index.head(left_out).assign(reason="tested"))
    for member in MEMBERS:
        (sources.pictures / member).mkdir()
        np.save(sources.pictures / member / "pictures.npy", _bones(len(found.splits.table)))
        write_json(sources.pictures / member / "spec.json",
                   {"image_size_px": 96, "contrast": "none", "fit": "squash"})
    return found.splits


def _bones(count):
    pictures = np.full((count, 96, 96), 20, np.uint8)
    for number, picture in enumerate(pictures):
        cv2.line(picture, (20 + number % 30, 5), (50, 90), 150 + number % 90, 16, cv2.LINE_AA)
    return pictures


def _index(folder, quarantined):
    write_json(folder / "about.json", {
        "layout": "mura", "images": 80, "patients_are": "the patient folders", "duplicates": {
            "candidates": 9, "bytes": 1, "pixels": 2, "near": 3, "groups": 4, "chains": 5}})
    _png(folder / "duplicates.png", 200, 100)
    (folder / "index.csv").write_text("path\n")
    write_table(folder / "quarantine.csv", pd.DataFrame(quarantined, columns=QUARANTINE))


def _stages(sources, labels):
    write_json(sources.audit / "audit.json", {"says": ["A look-up reaches .35."], "how": {
        "backbone": "net", "weights": "none", "images": "all of which are audited"}})
    write_json(sources.drift / "drift.json", {
        "drifted": False, "verdict": "no drift: 0 of 9", "current": "the test part",
        "reference": "the validation part", "images": {"reference": 20, "current": 1030},
        "units": {"reference": 12, "current": 500}, "false_alarms": 0.02, "tests": [
            {"name": "mean", "kind": "statistic", "value": 0.1, "threshold": 0.4, "chance": 0.5,
             "differs": False},
            {"name": "embedding", "kind": "embedding", "value": 0.01, "threshold": None,
             "chance": 0.2, "differs": False}],
        "performance": {"image": {"labelled": 3, "figures": None, "says": "by image: 3 labels"}}})
    _png(sources.drift / "columns.png", 800, 300)
    for suite in ("index", "split"):
        write_json(sources.checks / suite / "report.json", [
            {"passed": True, "risk": "a file is listed twice", "observed": [], "rows": []},
            {"passed": False, "risk": "blank pictures", "observed": [],
             "rows": [{"path": f"{row}.png"} for row in range(7)]}])
    for member in MEMBERS:
        write_json(sources.trained / member / "card.json", {
            "member": member, "arch": "test_resnet", "weights": "none: trained from scratch",
            "labels": list(labels), "monitor": "auroc", "best_epoch": 2, "best": 0.91})
        (sources.trained / member / "model.safetensors").write_bytes(b"weights")
        for phase in ("train", "finetune"):
            _png(sources.plots / phase / member / "curves.png", 600, 240)
        _png(sources.plots / "train" / member / "augmented.png", 600, 300)
    for name in ("roc", "precision_recall", "confusion", "reliability", "subgroups"):
        _png(sources.plots / "evaluate" / f"{name}.png", 800, 380)
    for name in ("protocols", "shortcuts"):
        _png(sources.plots / "audit" / f"{name}.png", 800, 300)


def _png(file, width, height):
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((height, width), 245, np.uint8)
    cv2.putText(picture, file.stem, (10, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 60)
    cv2.imwrite(str(file), picture)


def _predictions(test, labels):
    """Give every fourth image to the next class with .9, the others to their own with .8."""
    table = test[["path", "study_id", "patient_id", "group_id", "body_part", "view", "label"]]
    target = table["label"].map(labels.index).to_numpy()
    verdict = np.where(np.arange(len(table)) % 4, target, (target + 1) % len(labels))
    sure = np.where(np.arange(len(table)) % 4, 0.8, 0.9)
    probability = np.repeat(((1 - sure) / (len(labels) - 1))[:, np.newaxis], len(labels), axis=1)
    probability[np.arange(len(table)), verdict] = sure
    columns = {name: probability[:, number] for of in (*MEMBERS, "ensemble")
               for number, name in enumerate(probability_columns(of, labels))}
    return table.assign(target=target, verdict=verdict, **columns)


def evaluation(labels, *, beaten=True):
    """Give what evaluate writes, with literal figures."""
    two = len(labels) == 2
    level = {
        "image": _level(labels, {"images": 0.8}, beaten, "image"),
        "study": _level(labels, {"images": 0.9}, beaten, "study")}
    return {"protocol": {"name": "ratio", "leaky": False, "reasons": []}, "labels": list(labels),
            "looked_for": labels[-1] if two else None, "members": list(MEMBERS), "method": "mean",
            "alone": None, "resamples": 2000, "seed": 20, "titles": TITLES,
            "smaller_is_better": ["ece", "brier"],
            "says": [level["image"]["shortcut"]["says"], "By image, no better than tiny."],
            "levels": level}


def _headline(measured):
    image, study = (measured["levels"][level]["counts"] for level in ("image", "study"))
    return {
        "protocol": measured["protocol"],
        "test": {"images": image["rows"], "studies": study["rows"], "groups": image["groups"]},
        "shortcut": {level: found["shortcut"] for level, found in measured["levels"].items()},
        "winner": {level: found["figures"]["ensemble"]
                   for level, found in measured["levels"].items()}}


def shortcut(lead, says="", *, beaten=True):
    """Give a baseline of .61, exceeded by a lead."""
    return {"columns": "statistics", "beaten": beaten, "says": says,
            "figures": {"auroc": figure(0.61), "average_precision": figure(0.55)},
            "above": {"auroc": lead, "average_precision": lead}}


def _level(labels, base, beaten, level):
    figures = {name: figure(base["images"] + 0.005 * number)
               for number, name in enumerate(TITLES)}
    figures["ece"], figures["brier"] = figure(0.07, 0.02), figure(0.12, 0.03)
    above = {name: figure(0.02, 0.03) for name in TITLES}
    lead = figure(0.2 if beaten else 0.01, 0.1)
    part = {"rows": 30, "groups": 12, "labels": dict.fromkeys(labels, 15), "figures": figures,
            "shortcut": shortcut(figure(0.12, 0.05))}
    unclear = {**part, "shortcut": shortcut(figure(0.04, 0.05), beaten=False)}
    return {
        "counts": {"rows": 40 if level == "image" else 30, "groups": 20,
                   "labels": dict.fromkeys(labels, 20 if level == "image" else 15)},
        "threshold": 0.43 if len(labels) == 2 else None,
        "figures": dict.fromkeys(("ensemble", *MEMBERS), figures),
        "classes": dict.fromkeys(labels, figures),
        "class_shortcuts": dict.fromkeys(labels, shortcut(figure(0.07, 0.05))),
        "confusion": np.diag([20] * len(labels)).tolist(),
        "reliability": [{"rows": 20, "said": 0.1, "happens": 0.12}],
        "subgroups": {"body_part": {"elbow": part, "wrist": unclear}},
        "members": {member: {
            "above": above, "says": f"By {level}, no better than {member}.",
            "shortcut": shortcut(figure(0.03, 0.05), beaten=False),
            "mcnemar": {"only_ensemble_right": 12, "only_member_right": 7, "p": 0.359}}
            for member in MEMBERS},
        "before": {member: {
            "figures": {"auroc": figure(0.71)}, "above": {"auroc": figure(0.11, 0.03)},
            "says": f"By {level}, above {member} before fine-tuning."} for member in MEMBERS},
        "shortcut": shortcut(
            lead, f"By {level}, {_told(beaten)} what shortcuts reach.", beaten=beaten)}


def _told(beaten):
    return "clearly above" if beaten else "not told apart from"


def _candidates(labels, *, beaten):
    points = {} if len(labels) > 2 else {
        level: {"sensitivity": figure(0.8), "specificity": figure(0.9)}
        for level in ("image", "study")}
    return {"metric": "auroc", "threshold_rule": "youden", "required_sensitivity": None,
            "candidates": {
                "single:tiny": {"method": "single", **figure(0.88), "behind": figure(0.02, 0.03)},
                "mean": {"method": "mean", **figure(0.9), "behind": figure(0, 0)}},
            "study_rules": {"mean": figure(0.9), "max": figure(0.89)},
            "shortcuts": {level: {"figures": {"auroc": figure(0.6)},
                                  "above": {"auroc": figure(0.3, 0.1)}, "beaten": beaten,
                                  "says": f"By {level}, {_told(beaten)} shortcuts on validation."}
                          for level in ("image", "study")},
            "operating_point": points, "chosen": "mean", "why": "mean has the best auroc"}


def _explained(folder, test, labels):
    wrong = test[test["verdict"] != test["target"]].iloc[0]
    _png(folder / "01_picture.png", 160, 160)
    for name in ("ensemble", *MEMBERS):
        _png(folder / f"01_{name}_grad_cam.png", 160, 160)
    shares = {"border": figure(0.1), "outside_field": figure(0.08), "markers": figure(0.06)}
    case = {"kind": "wrong", "path": wrong["path"], "target": labels[wrong["target"]],
            "verdict": labels[wrong["verdict"]], "explained": labels[-1],
            "probability": dict.fromkeys(("ensemble", *MEMBERS), 0.9), "picture": "01_picture.png",
            "maps": {name: {"grad_cam": f"01_{name}_grad_cam.png"}
                     for name in ("ensemble", *MEMBERS)},
            "flat": {name: [] for name in ("ensemble", *MEMBERS)}}
    write_json(folder / "explain.json", {
        "methods": ["grad_cam"], "members": list(MEMBERS), "score": "log-odds of the class",
        "baseline": "black", "steps": 32, "completeness": {},
        "cases": [case, {**case, "kind": "right"}, {**case, "kind": "nearest"}],
        "artefacts": {"grad_cam": {"images": 40, "groups": 20, "areas": shares,
                                   "shares": {"ensemble": shares}, "ratios": {"ensemble": {
                                       name: figure(1.2) for name in shares}}}},
        "localisation": {
            "masks": "masks.json", "tolerance": "15 px", "before": "frozen backbone",
            "grad_cam": {"images": 12, "of": {
                "ensemble": {"hit": figure(0.7), "share": figure(0.4)},
                "ensemble_before": {"hit": figure(0.5), "share": figure(0.3)},
                "centre": {"hit": figure(0.2), "share": figure(0.1)}},
                "above": {"ensemble": {"centre": {"hit": figure(0.5), "share": figure(0.3)}}}}},
        "says": ["Grad-CAM finds the outlined fracture.", "The sums do not add up."],
        "warnings": ["The sums do not add up."]})
