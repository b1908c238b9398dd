"""What a phase leaves to look at: a table, a picture of it, a sheet of what training was shown."""

import cv2
import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from osteon import curves
from osteon.outcome import Fit, together
from osteon.sections.training import Augment
from project import ROOT

FIT = Fit(pd.DataFrame({"epoch": [0, 1, 2], "train_loss": [0.9, 0.6, 0.5], "loss": [0.8, 0.7, 0.9],
                        "auroc": [0.5, 0.8, 0.7], "accuracy": [0.5, 0.6, 0.6],
                        "learning_rate": [0.1, 0.05, 0.0]}), best_epoch=1, best=0.8)
NOTHING = Augment(horizontal_flip=0, rotation_deg=0, shift=0, zoom=0, contrast=0, randaugment=0,
                  randaugment_magnitude=9)
PICTURES = np.full((9, 24, 24), 255, np.uint8)
PICTURES[:, :, 12:] = np.arange(9, dtype=np.uint8)[:, None, None]  # white left, dark right


def test_the_table_is_what_dvc_plots_reads(tmp_path):
    curves.write(tmp_path, FIT, "tiny, first phase", mark="")
    assert pd.read_csv(tmp_path / "curves.csv").equals(FIT.curves)
    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture.shape[1] > picture.shape[0] > 200
    assert picture.std() > 10


@pytest.mark.parametrize("fits", [[FIT], [FIT, FIT]], ids=["one network", "one for each fold"])
@pytest.mark.parametrize("phase", ["train", "finetune"])
def test_dvc_draws_every_figure_of_a_phase(phase, fits):
    """Those it is told of together, and the last column of a table by itself."""
    (entry,) = (of[f"plots/{phase}"] for of in YAML(typ="safe", pure=True).load(
        ROOT / "dvc.yaml")["plots"] if f"plots/{phase}" in of)
    columns = list(together(fits).curves)
    assert columns[-1] == "learning_rate"
    assert {entry["x"], *entry["y"], columns[-1]} == set(FIT.curves)
    assert set(columns) - {"fold"} == set(FIT.curves)


def test_the_same_training_gives_the_same_bytes_and_a_leaky_cut_another_picture(tmp_path):
    written = []
    for number, mark in enumerate(["", "", "LEAKY: by image"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        curves.write(folder, FIT, "tiny", mark=mark)
        curves.write_sheet(folder, PICTURES, np.arange(9), NOTHING, 0, mark=mark)
        written.append([(folder / name).read_bytes() for name in ("curves.png", "augmented.png")])
    assert written[0] == written[1]
    assert all(one != other for one, other in zip(written[0], written[2], strict=True))


@pytest.mark.parametrize(("flips", "left"), [
    pytest.param(0.0, 1.0, id="unchanged"), pytest.param(1.0, 0.0, id="mirrored")])
def test_the_sheet_shows_pictures_as_they_are_and_changed_below(flips, left):
    settings = NOTHING.model_copy(update={"horizontal_flip": flips})
    rows = np.array([8, 1, 3, 4, 5, 7, 2])
    found = curves.shown(PICTURES, rows, settings, 0)
    assert found.shape == (4, 6, 24, 24)
    assert (255 * found[0, :, 0, 23]).round().tolist() == [8, 1, 3, 4, 5, 2]
    assert found[0, :, :, :11].min() == 1
    assert np.allclose(found[1:, :, :, :11].round(), left)


def test_each_view_of_a_picture_is_another():
    settings = NOTHING.model_copy(update={"rotation_deg": 30.0})
    found = curves.shown(PICTURES, np.arange(9), settings, 0)
    assert len({view.numpy().tobytes() for view in found[:, 2]}) == 4


def test_fewer_pictures_than_a_sheet_holds_are_no_fault(tmp_path):
    curves.write_sheet(tmp_path, PICTURES, np.array([2]), NOTHING, 0, mark="")
    assert (tmp_path / "augmented.png").is_file()


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({}, "Training images: not changed at all", id="nothing"),
    pytest.param({"horizontal_flip": 0.5, "rotation_deg": 10.0},
                 "Training images: mirrored 50% of the time, turned up to 10 degrees", id="two"),
    pytest.param({"randaugment": 2}, "Training images: 2 operations of RandAugment at 9",
                 id="RandAugment"),
])
def test_the_caption_names_what_is_done(changes, words):
    assert curves._caption(NOTHING.model_copy(update=changes)) == words
