"""The folder that the service loads: graphs, ensemble, preprocessing, and a card of it all."""

import hashlib
import shutil
from copy import deepcopy
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from osteon import checkpoints
from osteon.export import assert_parity, export
from osteon.files import read_json, sha256, write_json
from osteon.params import Params
from osteon.preprocessing import SPEC, open_pictures
from osteon.splits import Cut

# What can change an answer.
_LIBRARIES = ("osteon", "numpy", "onnxruntime", "opencv-python-headless", "pydicom", "timm",
              "torch")


def write_package(folder: Path, settings: Params, *, trained: Path, ensemble: Path,
                  familiarity: Path, evaluation: Path, page: Path, pictures: Path,
                  cut: Cut) -> str:
    """Export the members, prove parity on validation pictures, write the card beside its `page`.

    `trained` and `pictures` hold a folder a member; `familiarity` is the file of what the
    reference looks like. Returns the model's version: a hash of everything that decides an answer.

    Raises:
        UserError: a member's graph does not answer, or explain, as its network does.
    """
    labels, members = settings.dataset.labels, settings.model.members
    rows = cut.part("validation").index.to_numpy()[:settings.package.parity_images]
    (folder / "members").mkdir(parents=True)
    parity = {}
    for member in members:
        graph = folder / "members" / f"{member}.onnx"
        network = checkpoints.load(trained / member, settings.backbones[member], len(labels))
        export(deepcopy(network), graph, settings.of(member).preprocess.image_size_px)
        found = assert_parity(network, graph, open_pictures(pictures / member), rows,
                              settings.package.parity)
        parity[member] = {name: float(f"{value:.1e}") for name, value in asdict(found).items()}
    shutil.copy(familiarity, folder / "familiarity.npz")
    specs = {member: read_json(pictures / member / SPEC) for member in members}
    chosen = read_json(ensemble)
    write_json(folder / "ensemble.json", chosen)
    write_json(folder / "preprocess.json", specs)
    hashes = _hashes(folder)
    model = _version(hashes)
    facts = {
        **_card(settings, chosen), "version": model, "parity": parity,
        "body_parts": sorted(set(cut.table["body_part"]) - {""}), "preprocess": specs,
        "members": {member: checkpoints.read_card(trained / member) for member in members},
        "hashes": hashes, "protocol": cut.to_json(), "test": read_json(evaluation)}
    write_json(folder / "card.json", cut.marked(facts))
    shutil.copy(page, folder / "card.html")
    return model


def _version(hashes: dict[str, str]) -> str:
    digests = [f"{name} {digest}" for name, digest in hashes.items()]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def _hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of a package."""
    return {file.relative_to(folder).as_posix(): sha256(file)
            for file in sorted(folder.rglob("*")) if file.is_file()}


def _card(settings: Params, chosen: dict[str, Any]) -> dict[str, Any]:
    """Say what the model is for, and how it comes to a verdict."""
    labels = settings.dataset.labels
    return {
        "labels": labels,
        "positive": labels[-1] if len(labels) == 2 else None,
        "intended_use": "Research on bone radiographs. Not a medical device.",
        "dataset": settings.dataset.model_dump(),
        "seed": settings.seed,
        "method": chosen["method"],
        "thresholds": chosen["thresholds"],
        "threshold_rule": chosen["threshold_rule"],
        "study_rule": chosen["study_rule"],
        "versions": {name: version(name) for name in _LIBRARIES},
    }
