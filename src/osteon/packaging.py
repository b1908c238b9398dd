"""The folder that the service loads: graphs, ensemble, preprocessing, and a card of it all."""

import hashlib
from copy import deepcopy
from pathlib import Path
from typing import Any

from osteon import checkpoints
from osteon.export import assert_parity, export
from osteon.files import read_json, sha256, write_json
from osteon.params import Params
from osteon.preprocessing import SPEC, open_pictures
from osteon.splits import Cut


def write_package(folder: Path, settings: Params, *, trained: Path, ensemble: Path,
                  evaluation: Path, pictures: Path, cut: Cut) -> str:
    """Export the winner's members, prove parity on validation pictures, write the card.

    Returns the model's version: a hash of everything that decides an answer.
    """
    opened, labels = open_pictures(pictures), settings.dataset.labels
    rows = cut.part("validation").index.to_numpy()[:settings.package.parity_images]
    (folder / "members").mkdir(parents=True)
    parity = {}
    for member in settings.model.members:
        graph = folder / "members" / f"{member}.onnx"
        network = checkpoints.load(trained / member, settings.backbones[member], len(labels))
        export(deepcopy(network), graph, settings.preprocess.image_size_px)
        difference = assert_parity(network, graph, opened, rows, settings.package.parity)
        parity[member] = float(f"{difference:.1e}")
    write_json(folder / "ensemble.json", read_json(ensemble))
    write_json(folder / "preprocess.json", read_json(pictures / SPEC))
    version = _version(folder)
    card = cut.marked(_card(settings, version, parity, trained, evaluation))
    write_json(folder / "card.json", card)
    return version


def _version(folder: Path) -> str:
    digests = [f"{file.relative_to(folder).as_posix()} {sha256(file)}"
               for file in sorted(folder.rglob("*")) if file.is_file()]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def _card(settings: Params, version: str, parity: dict[str, float], trained: Path,
          evaluation: Path) -> dict[str, Any]:
    return {
        "version": version,
        "labels": settings.dataset.labels,
        "positive": settings.dataset.labels[-1],
        "intended_use": "Research on bone radiographs. Not a medical device.",
        "dataset": settings.dataset.model_dump(),
        "seed": settings.seed,
        "parity": parity,
        "members": {member: checkpoints.read_card(trained / member)
                    for member in settings.model.members},
        "test": read_json(evaluation),
    }
