"""`python -m osteon.audit` on a folder that is drawn here: what it writes, and its exit code."""

import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from ruamel.yaml import YAML

from house import ROOT
from osteon.audit import folder
from osteon.audit.__main__ import _LAYOUTS, main, parser
from osteon.errors import UserError
from osteon.layouts import LAYOUTS

QUICK = ["--weights", "none", "--backbone", "test_resnet", "--size", "32", "--views", "1",
         "--folds", "2"]
WRITTEN = {"audit.html", "audit.json", "protocols.csv", "protocols.png", "shortcuts.csv",
           "shortcuts.png"}


def _draw(file, seed):
    """Draw a picture of its own: blurred noise, which no other is like."""
    noise = np.random.default_rng(seed).normal(size=(80, 90)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(".png", np.clip(128 + 400 * smooth, 0, 255))[1].tobytes())


@pytest.fixture
def images(tmp_path):
    """Twelve pictures to train and eight to test, of two classes, none like another."""
    root = tmp_path / "images"
    for number in range(20):
        part = "train" if number < 12 else "test"
        _draw(root / part / ("intact", "broken")[number % 2] / f"{number}.png", number)
    return root


def _run(root, *more):
    out = root.parent / "out"
    code = main([str(root), "--out", str(out), *QUICK, *more])
    return code, out


def test_a_clean_folder_ends_with_0_and_all_files(images, capfd):
    code, out = _run(images)
    said = capfd.readouterr().out
    assert code == 0
    assert {file.name for file in out.iterdir()} == WRITTEN
    assert "share no patient and no duplicate" in said
    assert str(out / "audit.html") in said
    content = json.loads((out / "audit.json").read_text())
    assert content["images"] == 20
    assert list(content["protocols"]) == [
        "grouped", "by_image", "official", "augment_grouped", "augment_by_image"]
    assert content["how"]["weights"] == "none: random weights, seed 20"


def test_a_folder_whose_own_cut_shares_a_picture_ends_with_1_and_names_it(images, capfd):
    shutil.copy(images / "train/intact/0.png", images / "test/intact/again.png")
    code, out = _run(images)
    said = capfd.readouterr().out
    assert code == 1
    assert "share 1 group of images (1 pair of duplicates across the cut)" in said
    assert "test/intact/again.png: in train and test" in said
    official = json.loads((out / "audit.json").read_text())["official"]
    assert official["images"] == {"test/intact/again.png": {
        "test/intact/again.png": "test", "train/intact/0.png": "train"}}
    page = (out / "audit.html").read_text()
    assert "Across the data set&#39;s own cut" in page or "Across the data set's own cut" in page
    assert "test/intact/again.png" in page


@pytest.mark.parametrize(("change", "words"), [
    pytest.param(["--labels", "intact"], "Name them: --labels A B", id="one label"),
    pytest.param(["--labels", "x", "y"], "its labels are broken, intact", id="labels not there"),
    pytest.param(["--backbone", "resnet99"], "timm has no arch 'resnet99'", id="no such network"),
    pytest.param(["--weights", "gone.pth"], "no file gone.pth", id="no such weights"),
    pytest.param(["--folds", "50"], "for 50 folds", id="more folds than groups"),
    pytest.param(["--folds", "1"], "must be 2 or more", id="no fold to test on"),
    pytest.param(["--layout", "mura"], "the layout 'mura' wants", id="another layout"),
    pytest.param(["--seed", "x"], "invalid", id="no number"),
])
def test_what_cannot_be_audited_as_asked_ends_with_2_and_a_reason(images, capfd, change, words):
    with pytest.raises(SystemExit) as ended:
        _run(images, *change)
    assert ended.value.code == 2
    said = capfd.readouterr().err
    assert words in said
    assert "Traceback" not in said
    out = images.parent / "out"
    assert not out.exists() or not any(out.iterdir())


@pytest.mark.parametrize(("draw", "words"), [
    pytest.param(lambda root: None, "no such folder", id="no folder"),
    pytest.param(lambda root: root.mkdir(), "holds no layout known here", id="nothing in it")])
def test_a_folder_that_holds_no_data_set_ends_with_2(tmp_path, capfd, draw, words):
    draw(tmp_path / "images")
    with pytest.raises(SystemExit) as ended:
        _run(tmp_path / "images")
    assert ended.value.code == 2
    assert words in capfd.readouterr().err


def test_other_files_in_the_folder_of_results_stay_and_a_rerun_gives_the_same_bytes(images):
    out = images.parent / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    _run(images)
    first = {name: (out / name).read_bytes() for name in WRITTEN}
    _run(images)
    assert {file.name for file in out.iterdir()} == WRITTEN | {"mine.txt"}
    assert (out / "mine.txt").read_text() == "keep"
    assert {name: (out / name).read_bytes() for name in WRITTEN} == first


def test_a_large_folder_is_sampled_and_that_is_said(images, capfd):
    _, out = _run(images, "--most-images", "16")
    assert "16 of which are audited, in whole groups" in (out / "audit.html").read_text()


def test_an_unreadable_file_is_left_out_and_not_fatal(images):
    (images / "train/intact/0.png").write_bytes(b"no picture")
    code, out = _run(images)
    assert code == 0
    assert "19 of 20 are usable" in (out / "audit.html").read_text()


def test_help_comes_from_any_folder_without_waiting_for_torch(tmp_path):
    code = ("import runpy, sys; sys.argv = ['osteon.audit', '--help']\n"
            "try: runpy.run_module('osteon.audit', run_name='__main__')\n"
            "finally: print('torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    for option in ("FOLDER", "--out", "--weights", "--views", "--most-images", "exit code"):
        assert option in done.stdout


def _request(root, **more):
    asked = {"folder": root, "out": root, "weights": "none", "backbone": "test_resnet",
             "layout": None, "labels": None, "manifest": None, "block": None, "size": 32,
             "views": 1, "folds": 2, "seed": 0, "most_images": 100, **more}
    return folder.Request(**asked)


def test_labels_and_layout_are_found_in_the_tree(images):
    found = folder.dataset_of(_request(images))
    assert (found.layout, found.labels, found.block) == ("class_folders", ("broken", "intact"), 1)
    named = folder.dataset_of(_request(images, labels=["intact", "broken"]))
    assert named.labels == ("intact", "broken")


def test_labels_of_a_table_are_those_it_names(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,label\na.png,sick\nb.png,fit\nc.png,sick\n")
    for name in "abc":
        _draw(tmp_path / f"{name}.png", ord(name))
    found = folder.dataset_of(_request(tmp_path))
    assert (found.layout, found.manifest, found.labels) == (
        "csv", "manifest.csv", ("fit", "sick"))


def test_a_table_without_a_second_label_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\na.png,sick\n")
    _draw(tmp_path / "a.png", 1)
    with pytest.raises(UserError, match="found sick"):
        folder.dataset_of(_request(tmp_path))


def test_defaults_are_those_of_the_pipeline_but_stop_at_nothing():
    def read(name):
        return YAML(typ="safe", pure=True).load(ROOT / "conf" / name)
    conf = read("config.yaml")
    assert folder.QUARANTINE.model_dump() == {
        name: "drop" if value == "fail" else value
        for name, value in conf["dataset"]["quarantine"].items()}
    assert folder.DUPLICATES.model_dump() == conf["dataset"]["duplicates"]
    for layout in ("mura", "fracatlas"):
        named = read(f"dataset/{layout}.yaml")
        assert list(folder._LABELS[layout]) == named["labels"]
        assert folder._BLOCKS.get(layout, 1) == named.get("block", 1)
    assert conf["evaluate"]["resamples"] == folder.RESAMPLES
    audit = conf["audit"]
    defaults = re.findall(r"--(views|folds|most-images) N.*?default:\s+(\d+)",
                          _help(), flags=re.DOTALL)
    assert {name.replace("-", "_"): int(value) for name, value in defaults} == {
        name: audit[name] for name in ("views", "folds", "most_images")}


def test_the_command_knows_every_layout():
    assert set(_LAYOUTS) == set(LAYOUTS)


def _help():
    return parser().format_help().partition("options:")[2]
