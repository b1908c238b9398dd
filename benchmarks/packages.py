"""A package as the pipeline writes it, of networks that never trained: for figures of speed."""

from pathlib import Path

import numpy as np
import pandas as pd

from osteon import checkpoints, imaging, params, preprocessing
from osteon.backbone import create
from osteon.ensemble import choose
from osteon.familiarity import Familiarity
from osteon.files import write_json
from osteon.imaging import PreprocessSpec
from osteon.outcome import Fit
from osteon.packaging import write_package
from osteon.params import Params
from osteon.predictions import predict
from osteon.splits import Splits
from osteon.weights import load_pretrained

_MEMBERS = ("first", "second", "third")


def write(folder: Path, files: list[Path], arch: str, side: int, weights: Path | None) -> Path:
    """Package three networks of one kind, with CLAHE before them; give the package's folder.

    `files` become the validation part, their labels alternate. `weights` are a backbone's;
    without, they are random, which takes as long.
    """
    settings = _settings(arch, side)
    cut = _cut(files)
    for seed, member in enumerate(_MEMBERS):
        spec = PreprocessSpec(**settings.of(member).preprocess.model_dump())
        pictures, trained = folder / "pictures" / member, folder / "trained" / member
        pictures.mkdir(parents=True)
        trained.mkdir(parents=True)
        preprocessing.write_pictures({pictures / preprocessing.PICTURES: spec}, files)
        write_json(pictures / preprocessing.SPEC, spec.to_json())
        network = create(settings.backbones[member], len(settings.dataset.labels), seed)
        if weights:
            load_pretrained(network.body, arch, str(weights))
        checkpoints.save(trained, network, {"arch": arch},
                         Fit(pd.DataFrame({"epoch": [1]}), 0, 0.0))
    _write_ensemble(folder, settings, cut)
    write_package(folder / "package", settings, trained=folder / "trained",
                  ensemble=folder / "ensemble.json", familiarity=folder / "familiarity.npz",
                  card=folder / "card.json", pictures=folder / "pictures", cut=cut)
    (folder / "package/card.html").write_text("made for a benchmark", encoding="utf-8")
    return folder / "package"


def _settings(arch: str, side: int) -> Params:
    content = params.load().model_dump()
    content["preprocess"] |= {"image_size_px": side, "contrast": "clahe"}
    content["backbones"] = {member: {"arch": arch, "normalize": "imagenet"} for member in _MEMBERS}
    content["model"] |= {"members": list(_MEMBERS)}
    content["audit"]["backbone"] = None  # it is not among them
    return Params.model_validate(content)


def _cut(files: list[Path]) -> Splits:
    labels = params.load().dataset.labels
    names = [str(number) for number in range(len(files))]
    return Splits(pd.DataFrame({
        "path": [str(file) for file in files], "part": "validation",
        "label": [labels[number % len(labels)] for number in range(len(files))], "view": "",
        "body_part": "", **dict.fromkeys(
            ("patient_id", "study_id", "group_id", "twin_id"), names)}))


def _write_ensemble(folder: Path, settings: Params, cut: Splits) -> None:
    images, features = predict(cut, "validation", folder / "pictures", folder / "trained", settings)
    choice = choose(images, list(_MEMBERS), settings.dataset.labels, settings.ensemble,
                    resamples=100, seed=0)
    write_json(folder / "ensemble.json", choice.to_json())
    write_json(folder / "card.json", {
        "labels": settings.dataset.labels, "body_parts": [], "members": dict.fromkeys(_MEMBERS),
        "dataset": settings.dataset.model_dump()})
    found = [imaging.statistics(imaging.decode(Path(path).read_bytes()).picture)
             for path in images["path"]]
    Familiarity.fit(features, np.array([list(one.values()) for one in found]),
                    images["group_id"].tolist(), list(found[0])).save(folder / "familiarity.npz")
