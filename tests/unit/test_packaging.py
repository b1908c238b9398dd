"""A package answers as the pipeline does: several classes, members of different sizes."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML

import ran
from house import ROOT
from osteon import checkpoints, heatmaps, preprocessing
from osteon.aggregation import with_verdicts
from osteon.backbone import create
from osteon.combination import Combination
from osteon.ensemble import choose
from osteon.explanations.attribution import Map, grad_cam
from osteon.familiarity import Familiarity
from osteon.files import read_json, sha256, write_json
from osteon.frames import Frame
from osteon.imaging import Picture, PreprocessSpec, decode, network_input, statistics
from osteon.outcome import Fit
from osteon.packaged import FORMAT
from osteon.packaging import write_package
from osteon.params import Params
from osteon.predictions import predict
from osteon.records import STATISTICS
from osteon.report import card, cardpage
from osteon.serving.members import prepared
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
    images, features = predict(cut, "validation", folder / "pictures", folder / "trained", settings)
    choice = choose(images, settings.model.members, LABELS, settings.ensemble, resamples=100,
                    seed=0)
    write_json(folder / "ensemble.json", choice.to_json())
    measured = [list(statistics(decode(file.read_bytes()).picture).values()) for file in files]
    Familiarity.fit(features, measured, list(cut.table["group_id"]), STATISTICS).save(
        folder / "familiarity.npz")
    facts = card.facts(ran.run(folder / "reported", LABELS, leaky=True))
    write_json(folder / "card.json", {**facts, "body_parts": ["hip"]})
    write_package(folder / "package", settings, trained=folder / "trained",
                  ensemble=folder / "ensemble.json", familiarity=folder / "familiarity.npz",
                  card=folder / "card.json", pictures=folder / "pictures", cut=cut)
    cardpage.write(folder / "package")
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
    assert [(specs[name]["image_size_px"], specs[name]["fit"], specs[name]["normalize"])
            for name in ("small", "large")] == [(32, "squash", "unit"), (48, "pad", "symmetric")]


def test_the_card_says_what_the_model_is(package: tuple[Path, pd.DataFrame]) -> None:
    folder = package[0] / "package"
    found = read_json(folder / "card.json")
    told = read_json(package[0] / "card.json")
    assert found["mark"] == "LEAKY"
    assert found["labels"] == LABELS
    assert {name: found[name] for name in told} == told
    assert found["format"] == FORMAT
    assert set(found["hashes"]) == {"members/small.onnx", "members/large.onnx", "ensemble.json",
                                   "preprocess.json", "familiarity.npz"}


def test_the_page_of_the_card_bears_version_and_hashes_of_the_json(
        package: tuple[Path, pd.DataFrame]) -> None:
    folder = package[0] / "package"
    found, page = read_json(folder / "card.json"), (folder / "card.html").read_text("utf-8")
    assert f"model {found['version']}" in page
    assert "LEAKY" in page
    for name, digest in {**found["hashes"], **found["made_from"]}.items():
        assert name in page, name
        assert digest in page, name


def test_the_version_hangs_on_what_decides_an_answer(package: tuple[Path, pd.DataFrame]) -> None:
    found = read_json(package[0] / "package/card.json")
    lines = "\n".join(f"{name} {digest}" for name, digest in sorted(found["hashes"].items()))
    assert found["version"] == hashlib.sha256(lines.encode()).hexdigest()[:12]
    assert found["hashes"]["ensemble.json"] == sha256(package[0] / "package/ensemble.json")


def test_every_member_was_proven_equal_to_its_graph(package: tuple[Path, pd.DataFrame]) -> None:
    parity = read_json(package[0] / "package/card.json")["parity"]
    assert set(parity) == {"small", "large"}
    assert 0 < max(member["probability"] for member in parity.values()) < 1e-4
    assert 0 < max(member["gradient"] for member in parity.values()) < 1e-3


def test_the_reference_that_was_measured_is_what_images_are_held_against(
        package: tuple[Path, pd.DataFrame]) -> None:
    folder, _ = package
    predictor = Predictor.load(folder / "package")
    reference = Familiarity.load(folder / "familiarity.npz")
    assert predictor.familiarity == reference.name
    found = [predictor.predict((folder / f"{number}.png").read_bytes()).coordinates
             for number in range(12)]
    assert np.array(found) == pytest.approx(reference.reference, abs=1e-3)


def _seen(folder: Path) -> Iterator[tuple[Picture, dict[str, Map]]]:
    """Give pictures, and each member's Grad-CAM of the last class by torch and captum."""
    settings = _settings()
    networks = {member: checkpoints.load(folder / "trained" / member, settings.backbones[member], 3)
                for member in settings.model.members}
    specs = {member: PreprocessSpec(**settings.of(member).preprocess.model_dump())
             for member in networks}
    outside = os.environ.get("OSTEON_REAL_DATA")
    real = sorted(Path(outside, "FracAtlas/images").rglob("*.jpg"))[::500] if outside else []
    for file in [*sorted(folder.glob("*.png")), *real]:
        picture = decode(file.read_bytes(), mend=True).picture
        yield picture, {
            member: grad_cam(network, torch.from_numpy(network_input(
                specs[member].apply(picture)[np.newaxis])), torch.tensor([2]))[0]
            for member, network in networks.items()}


def test_the_service_explains_as_the_networks_are_explained(
        package: tuple[Path, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heatmaps, "_FLAT", 0)  # untrained, they point nowhere: draw it
    predictor = Predictor.load(package[0] / "package")
    weights = predictor.combination.map_weights("hip")
    for picture, of_members in _seen(package[0]):
        inputs = prepared(picture, predictor.members)
        for member, expected in of_members.items():
            found = predictor.members[member].explain(inputs).heat(2)
            assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9999
            smallest = 1e-5 * float(np.abs(expected).max())
            assert found == pytest.approx(expected, rel=1e-3, abs=smallest)
        frame = Frame(*picture.shape)
        together = sum(weights[member] * frame.spread(heat, predictor.members[member].spec.fit)
                       for member, heat in of_members.items())
        content = cv2.imencode(".png", picture)[1].tobytes()
        drawn = cv2.imdecode(np.frombuffer(predictor.explain(content, "hip", "dense", "heat"),
                                           np.uint8), cv2.IMREAD_UNCHANGED)
        expected = heatmaps.layer(np.asarray(together, np.float32), frame)
        assert np.abs(drawn[..., 3].astype(int) - expected[..., 3]).max() <= 1
        clear = expected[..., 3] > 2  # elsewhere for and against are a digit apart
        assert np.array_equal(drawn[clear][:, :3], expected[clear][:, :3])
