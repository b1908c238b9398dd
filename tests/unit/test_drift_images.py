"""A folder of new images is looked at as the pipeline looks at its own."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from house import ROOT
from osteon import checkpoints, preprocessing
from osteon.aggregation import of_member, with_verdicts
from osteon.backbone import create
from osteon.combination import Combination
from osteon.drift.images import Model, look
from osteon.errors import UserError
from osteon.familiarity import Familiarity
from osteon.imaging import PreprocessSpec, decode, statistics
from osteon.outcome import Fit
from osteon.params import Params
from osteon.predictions import predict
from osteon.records import STATISTICS
from osteon.splits import LeakySplits

LABELS = ("normal", "abnormal")
MEMBERS = ("small", "same", "large")


def _settings():
    content = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    content["preprocess"]["image_size_px"] = 32
    content["backbones"] = {
        "small": {"arch": "scratch_cnn", "normalize": "unit"},
        "same": {"arch": "scratch_cnn", "normalize": "symmetric"},
        "large": {"arch": "scratch_cnn", "normalize": "unit",
                  "preprocess": {"image_size_px": 48, "fit": "pad"}}}
    content["model"]["members"] = list(MEMBERS)
    content["audit"]["backbone"] = None
    return Params.model_validate(content)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Give a model, the folder of twelve images, and what the pipeline makes of them."""
    folder = tmp_path_factory.mktemp("images")
    settings, random = _settings(), np.random.default_rng(0)
    for number in range(12):
        (folder / "new/some").mkdir(parents=True, exist_ok=True)
        picture = random.integers(0, 20 * number + 20, (40, 50 + number), dtype=np.uint8)
        cv2.imwrite(str(folder / f"new/some/{number:02}.png"), picture)
    files = sorted((folder / "new/some").iterdir())
    for seed, member in enumerate(MEMBERS):
        spec = PreprocessSpec(**settings.of(member).preprocess.model_dump())
        (folder / "pictures" / member).mkdir(parents=True)
        preprocessing.write_pictures(
            {folder / "pictures" / member / preprocessing.PICTURES: spec}, files)
        (folder / "trained" / member).mkdir(parents=True)
        network = create(settings.backbones[member], 2, seed)
        checkpoints.save(folder / "trained" / member, network, {},
                         Fit(pd.DataFrame({"epoch": [1]}), 0, 0.0))
    rows = {name: [f"{name}{number}" for number in range(12)]
            for name in ("patient_id", "study_id", "group_id", "twin_id")}
    cut = LeakySplits(pd.DataFrame({
        "path": [str(file) for file in files], "part": "test", "label": "normal", "view": "",
        "body_part": "", **rows}), ("made for this test",))
    table, features = predict(cut, "test", folder / "pictures", folder / "trained", settings)
    measured = [list(statistics(decode(file.read_bytes()).picture).values()) for file in files]
    fitted = Familiarity.fit(features, measured, rows["group_id"], STATISTICS)
    winner = Combination.plain(MEMBERS, LABELS)
    return (Model(settings, folder / "trained", winner, fitted), folder / "new",
            with_verdicts(table, winner), measured)


def test_new_images_get_what_the_pipeline_gives_its_own(known):
    model, folder, table, measured = known
    found = look(folder, model)
    assert found.unreadable == {}
    assert found.images.probabilities == pytest.approx(
        of_member(table, "ensemble", LABELS), abs=1e-5)
    assert found.images.verdicts.tolist() == table["verdict"].tolist()
    assert found.images.statistics.tolist() == measured
    assert found.images.coordinates == pytest.approx(model.familiarity.reference, abs=1e-3)
    assert found.images.groups is None


def test_what_is_no_image_is_named_and_left_out(known):
    model, folder, _, _ = known
    added = [folder / name for name in ("notes", "labels.csv", ".hidden")]
    for file in added:
        file.write_text("hello")
    found = look(folder, model)
    for file in added:
        file.unlink()
    assert found.unreadable == {"notes": "not a PNG, JPEG, TIFF, BMP or DICOM file"}
    assert len(found.images) == 12


def test_a_folder_of_links_is_looked_at_as_the_index_does(known, tmp_path):
    model, folder, _, _ = known
    (tmp_path / "linked").symlink_to(folder)
    assert len(look(tmp_path, model).images) == 12


@pytest.mark.parametrize(("files", "message"), [
    pytest.param(None, "is no folder of images, and no log", id="no folder"),
    pytest.param([], "holds no image$", id="empty"),
    pytest.param(["a.txt"], "holds no image$", id="a text alone"),
    pytest.param(["a"], r"holds no image that can be read \(a: ", id="no image"),
])
def test_a_folder_without_images_is_refused(known, tmp_path, files, message):
    folder: Path = tmp_path / "asked"
    if files is not None:
        folder.mkdir()
        for name in files:
            (folder / name).write_text("hello")
    with pytest.raises(UserError, match=message):
        look(folder, known[0])
