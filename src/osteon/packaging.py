"""The folder that the service loads: graphs, ensemble, preprocessing, and a card of it all."""

import hashlib
import shutil
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

from osteon import checkpoints
from osteon.export import assert_parity, export
from osteon.files import read_json, sha256, write_json
from osteon.packaged import FORMAT
from osteon.params import Params
from osteon.preprocessing import SPEC, open_pictures
from osteon.splits import Cut


def write_package(folder: Path, settings: Params, *, trained: Path, ensemble: Path,
                  familiarity: Path, card: Path, pictures: Path, cut: Cut) -> str:
    """Export the members, prove parity on validation pictures, write the card.

    `trained` and `pictures` hold a folder a member; `familiarity` is the file of what the
    reference looks like, and `card` has the facts of the card as the report tells them. Returns
    the model's version: a hash of everything that decides an answer.

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
    # How the network's input is normalised is said, not read: it lies within the graph.
    specs = {member: {**read_json(pictures / member / SPEC),
                      "normalize": settings.backbones[member].normalize} for member in members}
    write_json(folder / "ensemble.json", read_json(ensemble))
    write_json(folder / "preprocess.json", specs)
    hashes = _hashes(folder)
    model = _version(hashes)
    facts = {**read_json(card), "format": FORMAT, "version": model, "parity": parity,
             "hashes": hashes}
    write_json(folder / "card.json", facts)
    return model


def _version(hashes: dict[str, str]) -> str:
    digests = [f"{name} {digest}" for name, digest in hashes.items()]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]


def _hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of a package."""
    return {file.relative_to(folder).as_posix(): sha256(file)
            for file in sorted(folder.rglob("*")) if file.is_file()}
