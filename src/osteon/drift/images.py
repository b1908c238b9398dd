"""A folder of new images, looked at as the pipeline looks at its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from osteon import checkpoints, content, executor, inference, preprocessing
from osteon.combination import Combination, softmax
from osteon.drift.sample import Sample
from osteon.errors import UserError
from osteon.familiarity import Familiarity
from osteon.imaging import PreprocessSpec
from osteon.layouts import tree
from osteon.params import Params
from osteon.preprocessing import PICTURES, open_pictures

_CHUNK = 64  # files to a job
_NAMED = 3


@dataclass(frozen=True)
class Model:
    """What judges new images: the trained members below a folder, the winner, the reference."""

    settings: Params
    trained: Path
    winner: Combination
    familiarity: Familiarity


@dataclass(frozen=True)
class Looked:
    """What the model makes of the readable files of a folder; the others, with the reason."""

    images: Sample
    unreadable: dict[str, str]


def look(folder: Path, model: Model) -> Looked:
    """Judge every image below a folder, in the order of their paths.

    Images of a folder are likely to be of one patient where they follow each other. Their body
    parts are not known, so that the members have the weights common to all. Pictures lie on disk,
    so memory stays flat in the number of images.

    Raises:
        UserError: there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise UserError(f"drift.current: {folder} is no folder of images, and no log (.jsonl); "
                        "give `test`, or the path of one of them")
    files = [folder / path for path in tree.pictures(folder)]
    with executor.on(model.settings.executor):
        rows = _rows(files)
        readable = [file for file, row in zip(files, rows, strict=True) if row["readable"]]
        unreadable = {str(file.relative_to(folder)): str(row["detail"])
                      for file, row in zip(files, rows, strict=True) if not row["readable"]}
        if not readable:
            raise UserError(f"drift.current: {folder} holds no image{_named(unreadable)}")
        statistics = np.array([[row[name] for name in model.familiarity.names]
                               for row in rows if row["readable"]], dtype=np.float64)
        return Looked(_sample(readable, statistics, model), unreadable)


def _rows(files: list[Path]) -> list[dict[str, object]]:
    jobs = [(chunk,) for chunk in executor.chunks([file.absolute() for file in files], _CHUNK)]
    return [row for rows, _ in executor.in_order(content.contents, jobs) for row in rows]


def _sample(files: list[Path], statistics: NDArray[np.float64], model: Model) -> Sample:
    settings, winner = model.settings, model.winner
    device = inference.device(settings.trainer.accelerator)
    specs = {member: PreprocessSpec(**settings.of(member).preprocess.model_dump())
             for member in winner.members}
    probabilities, features = [], []
    with TemporaryDirectory(prefix="osteon-drift-") as aside:
        folders = _prepared(Path(aside), files, specs)
        for member in winner.members:
            network = checkpoints.load(model.trained / member, settings.backbones[member],
                                       len(winner.labels))
            found = inference.outputs(network, open_pictures(folders[member]),
                                      np.arange(len(files)), device)
            probabilities.append(softmax(found.logits))
            features.append(found.features)
    combined = winner.probabilities(np.stack(probabilities, axis=1))
    coordinates = model.familiarity.coordinates(np.concatenate(features, axis=1))
    return Sample(statistics, coordinates, model.familiarity.distance(coordinates), combined,
                  winner.verdicts(combined, "image"), groups=None)


def _prepared(aside: Path, files: list[Path],
              specs: Mapping[str, PreprocessSpec]) -> dict[str, Path]:
    """Write the pictures once for each spec; give each member's folder."""
    of_spec = {spec: aside / member for member, spec in specs.items()}
    for folder in of_spec.values():
        folder.mkdir()
    preprocessing.write_pictures(
        {folder / PICTURES: spec for spec, folder in of_spec.items()}, files)
    return {member: of_spec[spec] for member, spec in specs.items()}


def _named(unreadable: dict[str, str]) -> str:
    shown = [f"{name}: {why}" for name, why in list(unreadable.items())[:_NAMED]]
    return f" that can be read ({'; '.join(shown)})" if shown else ""
