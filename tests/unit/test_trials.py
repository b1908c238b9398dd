"""What a search chose, as training and people read it."""

import json

import pandas as pd
import pytest

from osteon import trials
from osteon.errors import UserError
from osteon.sections.training import Train
from osteon.sections.tuning import Tune
from osteon.study import Trial
from phases import phase

VALUES = {"head.hidden": (512, 128), "head.output": "sigmoid", "train.learning_rate": 0.001}
OTHER = {**VALUES, "head.hidden": ()}
FOUND = [Trial(0, "complete", OTHER, (0.5, 0.7, 0.7)), Trial(1, "stopped", OTHER, (0.6,)),
         Trial(2, "complete", VALUES, (0.4, 0.8, 0.8)), Trial(3, "diverged", OTHER, (0.9,)),
         Trial(4, "complete", OTHER, (0.8, 0.8, 0.8)), Trial(5, "diverged", OTHER, ())]
TRAIN = Train.model_validate({**phase(monitor="auroc").model_dump(), "views": 1})


def _tune(**changes):
    return Tune.model_validate({"trials": 0, "epochs": 3, "least_epochs": 1, "keep_one_in": 2,
                                "storage": None, "space": {}, **changes})


@pytest.mark.parametrize(("monitor", "number"), [
    pytest.param("auroc", 2, id="the highest, the first of equals"),
    pytest.param("loss", 0, id="the lowest loss"),
])
def test_the_best_is_one_that_went_to_its_end(monitor, number):
    assert trials.best(FOUND, monitor).number == number


def test_a_search_in_which_all_diverged_says_what_to_lower():
    with pytest.raises(UserError, match=r"lower tune\.space\.train\.learning_rate"):
        trials.best([FOUND[3], FOUND[5]], "auroc")


def test_what_was_chosen_is_laid_over_the_settings_of_training():
    assert trials.summary(FOUND, "auroc") == {
        "overrides": {"head": {"hidden": (512, 128), "output": "sigmoid"},
                      "train": {"learning_rate": 0.001}},
        "metric": "auroc", "value": 0.8, "trial": 2, "epoch": 2, "trials": 6, "stopped": 1,
        "diverged": 2}


def test_without_a_search_nothing_is_laid_over():
    assert trials.summary([], "auroc") == {
        "overrides": {}, "metric": "auroc", "value": None, "trials": 0}


def test_every_trial_has_a_row(tmp_path):
    trials.write(tmp_path, trials.summary(FOUND, "auroc"), FOUND)
    assert json.loads((tmp_path / "best.json").read_text())["overrides"]["head"]["hidden"] == [
        512, 128]
    assert (tmp_path / "trials.csv").read_text().splitlines()[:4] == [
        "trial,end,epochs,value,head.hidden,head.output,train.learning_rate",
        "0,complete,3,0.7,[],sigmoid,0.001",
        "1,stopped,1,0.6,[],sigmoid,0.001",
        '2,complete,3,0.8,"[512, 128]",sigmoid,0.001']


@pytest.mark.parametrize(("found", "files"), [
    pytest.param(FOUND, {"curves.csv", "trials.csv", "trials.png"}, id="a search"),
    pytest.param([], {"trials.png"}, id="none"),
])
def test_plots_have_the_same_bytes_each_time(tmp_path, found, files):
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        trials.write_plots(folder, found, TRAIN, _tune(), mark="LEAKY: by image")
    first, second = ({file.name: file.read_bytes() for file in folder.iterdir()}
                     for folder in folders)
    assert first == second
    assert set(first) == files


def test_curves_have_a_row_an_epoch(tmp_path):
    trials.write_plots(tmp_path, FOUND, TRAIN, _tune(), mark="")
    table = pd.read_csv(tmp_path / "curves.csv")
    assert table[table["trial"] == 2].to_numpy().tolist() == [[2, 1, 0.4], [2, 2, 0.8], [2, 3, 0.8]]
    assert len(table) == 11
