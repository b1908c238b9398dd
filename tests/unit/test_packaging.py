"""A package answers as the pipeline does: several classes, members of different sizes."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from house import ROOT
from osteon import checkpoints, preprocessing
from osteon.aggregation import with_verdicts
from osteon.backbone import create
from osteon.combination import Combination
from osteon.ensemble import choose
from osteon.files import read_json, sha256, write_json
from osteon.imaging import PreprocessSpec
from osteon.outcome import Fit
from osteon.packaging import write_package
from osteon.params import Params
from osteon.predictions import predict
from osteon.serving.predictor import Predictor
from osteon.splits import LeakySplits

LABELS = ["thin", "middle", "dense"]
LARGER = {"arch": "scratch_cnn", "normalize": "symmetric",
          "preprocess": {"image_size_px": 48, "contrast": "stretch", "fit": "pad"}}


def _settings() -> Params:
    content = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    content["dataset"]["labels"] = LABELS
    content["preprocess"]["image_size_px"] = 32
    content["backbones"] = {
        "small": {"arch": "scratch_cnn", "normalize": "unit"}, "large": LARGER}
    content["model"] = {"members": ["small", "large"]}
    content["audit"]["backbone"] = None
    return Params.model_validate(content)


def _cut(folder: Path) -> LeakySplits:
    """Draw twelve pictures, four of each class, and put them in the validation part."""
    random = np.random.default_rng(0)
    for number in range(12):
        picture = random.integers(0, 60 * (number % 3 + 1), (40, 50 + number), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return LeakySplits(pd.DataFrame({
        "path": [f"{number}.png" for number in range(12)], "part": "validation",
        "label": [LABELS[number % 3] for number in range(12)], "view": "", "body_part": "hip",
        **{name: [f"{name}{number // 2}" for number in range(12)]
           for name in ("patient_id", "study_id", "group_id")}}), ("drawn for a test",))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("run")
    settings, cut = _settings(), _cut(folder)
    files = [folder / path for path in cut.table["path"]]
    for seed, member in enumerate(settings.model.members):
        spec = PreprocessSpec(**settings.of(member).preprocess.model_dump())
        (folder / "pictures" / member).mkdir(parents=True)
        preprocessing.write_pictures(
            {folder / "pictures" / member / preprocessing.PICTURES: spec}, files)
        write_json(folder / "pictures" / member / preprocessing.SPEC, spec.to_json())
        (folder / "trained" / member).mkdir(parents=True)
        network = create(settings.backbones[member], 3, seed)
        fit = Fit(pd.DataFrame({"epoch": [1]}), 0, 0.0)
        checkpoints.save(folder / "trained" / member, network, {"arch": "scratch_cnn"}, fit)
    images = predict(cut, "validation", folder / "pictures", folder / "trained", settings)
    choice = choose(images, settings.model.members, LABELS, settings.ensemble, resamples=100,
                    seed=0)
    write_json(folder / "ensemble.json", choice.to_json())
    write_json(folder / "evaluate.json", {"winner": "figures"})
    (folder / "card.html").write_text("the card", encoding="utf-8")
    write_package(folder / "package", settings, trained=folder / "trained",
                  ensemble=folder / "ensemble.json", evaluation=folder / "evaluate.json",
                  page=folder / "card.html", pictures=folder / "pictures", cut=cut)
    judged = with_verdicts(images, Combination.from_json(read_json(folder / "ensemble.json")))
    return folder, judged


def test_the_package_answers_as_the_pipeline_does(package: tuple[Path, pd.DataFrame]) -> None:
    folder, judged = package
    predictor = Predictor.load(folder / "package")
    for _, row in judged.iterrows():
        reply = predictor.predict((folder / row["path"]).read_bytes(), row["body_part"])
        assert reply.label == LABELS[row["verdict"]]
        assert reply.probabilities == pytest.approx(
            {label: row[f"ensemble:{label}"] for label in LABELS}, abs=1e-4)
        assert reply.members["large"] == pytest.approx(
            {label: row[f"large:{label}"] for label in LABELS}, abs=1e-4)


def test_members_have_seen_pictures_of_their_own_size(
        package: tuple[Path, pd.DataFrame]) -> None:
    specs = read_json(package[0] / "package/preprocess.json")
    assert [(specs[name]["image_size_px"], specs[name]["fit"]) for name in ("small", "large")] == [
        (32, "squash"), (48, "pad")]


def test_the_card_says_what_the_model_is(package: tuple[Path, pd.DataFrame]) -> None:
    folder = package[0] / "package"
    card = read_json(folder / "card.json")
    assert (card["mark"], card["protocol"]["reasons"]) == ("LEAKY", ["drawn for a test"])
    assert (card["labels"], card["positive"], card["body_parts"]) == (LABELS, None, ["hip"])
    assert card["thresholds"] == {"image": None, "study": None}
    assert card["test"] == {"winner": "figures"}
    assert set(card["hashes"]) == {"members/small.onnx", "members/large.onnx", "ensemble.json",
                                   "preprocess.json"}
    assert (folder / "card.html").read_text(encoding="utf-8") == "the card"


def test_the_version_hangs_on_what_decides_an_answer(package: tuple[Path, pd.DataFrame]) -> None:
    card = read_json(package[0] / "package/card.json")
    lines = "\n".join(f"{name} {digest}" for name, digest in sorted(card["hashes"].items()))
    assert card["version"] == hashlib.sha256(lines.encode()).hexdigest()[:12]
    assert card["hashes"]["ensemble.json"] == sha256(package[0] / "package/ensemble.json")


def test_every_member_was_proven_equal_to_its_graph(package: tuple[Path, pd.DataFrame]) -> None:
    parity = read_json(package[0] / "package/card.json")["parity"]
    assert set(parity) == {"small", "large"}
    assert 0 < max(parity.values()) < 1e-4
