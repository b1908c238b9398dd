"""Figures out of fold: what each network says of its own fold, beside the first phase."""

import json
from pathlib import Path

import numpy as np
import pytest

from osteon import member, outoffold, params
from osteon.backbone import create
from osteon.baseline import beside_folds
from osteon.checkpoints import OUT_OF_FOLD
from osteon.ensemble import choose
from osteon.errors import UserError
from osteon.evaluation import About, evaluate, tables
from osteon.member import read_turns
from osteon.predictions import out_of_fold
from osteon.records import BORDER, SIZE, STATISTICS, write_table
from osteon.sections.training import Backbone
from osteon.splits import Splits
from rows import rows

ROOT = Path(__file__).parents[2]
LABELS = ("a", "b")
COUNT = 60
PARTS = ["train"] * 36 + ["validation"] * 12 + ["test"] * 12
TINY = Backbone(arch="test_resnet", normalize="symmetric")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def cut():
    """Thirty patients of two images, one of each label; of all shortcuts width alone varies."""
    random = np.random.default_rng(0)
    return Splits(rows(
        LABELS * 30, [f"p{row // 2:02d}" for row in range(COUNT)], part=PARTS,
        **dict.fromkeys([*SIZE, *STATISTICS, *BORDER], 1.0)).assign(
        width_px=random.integers(200, 210, COUNT)))


@pytest.fixture(scope="module")
def settings():
    content = params.load(ROOT / "params.yaml").model_dump()
    content["backbones"] = {"one": TINY.model_dump(), "two": {**TINY.model_dump(), "seed": 5}}
    content["model"] = {"members": ["one", "two"], "folds": 3}
    content["dataset"]["labels"] = LABELS
    for name in ("train", "finetune"):
        content[name]["monitor"] = "last"
    content["trainer"] = {"accelerator": "cpu", "precision": "fp32"}
    content["evaluate"]["resamples"] = 100
    return params.Params.model_validate(content)


def _said(cut, strength, seed):
    """Give what a member says of the rows before the test: right by so much, else noise."""
    told = cut.table[:48]
    last = strength * (told["label"] == "b") + (1 - strength) * np.random.default_rng(seed).random(
        48)
    return told[["path"]].assign(fold=np.arange(48) // 16, a=1 - last, b=last).sample(
        frac=1, random_state=seed)


@pytest.fixture
def trained(tmp_path, cut):
    for phase, strength in (("train", 0.2), ("finetune", 0.45)):
        for seed, name in enumerate(("one", "two")):
            (tmp_path / phase / name).mkdir(parents=True)
            write_table(tmp_path / phase / name / OUT_OF_FOLD, _said(cut, strength, seed))
    return tmp_path


def test_each_row_before_the_test_has_what_every_member_said(trained, cut, settings):
    found = out_of_fold(cut, trained / "finetune", settings)
    assert found["path"].tolist() == cut.table["path"][:48].tolist()
    assert found["fold"].tolist() == [0] * 16 + [1] * 16 + [2] * 16
    said = _said(cut, 0.45, 1).set_index("path").loc[found["path"]]
    assert np.allclose(found["two:b"], said["b"])


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda file: file.unlink(), id="trained without folds"),
    pytest.param(lambda file: file.write_text(file.read_text().replace("7.png", "77.png")),
                 id="of another cut")])
def test_what_does_not_belong_is_refused(trained, cut, settings, spoil):
    spoil(trained / "finetune/two" / OUT_OF_FOLD)
    with pytest.raises(UserError, match=r"not of this cut and model\.folds; train two again"):
        out_of_fold(cut, trained / "finetune", settings)


def test_the_ensemble_stands_beside_its_members_their_first_phase_and_shortcuts(
        trained, cut, settings, tmp_path):
    images = out_of_fold(cut, trained / "finetune", settings)
    images, read = beside_folds(images, cut, settings)
    choice = choose(images, settings.model.members, LABELS, settings.ensemble, shortcut=read,
                    resamples=100, seed=0)
    two = outoffold.write(tmp_path, images, choice, read, cut, trained / "train", settings)
    written = json.loads((tmp_path / "out_of_fold.json").read_text())
    image = written["levels"]["image"]
    figures = image["figures"]
    assert (written["protocol"]["leaky"], image["counts"]["rows"]) == (False, 48)
    assert set(figures) == {"ensemble", "one", "two"}
    assert image["threshold"] is None  # each fold has its own
    assert two == {name: figures["ensemble"][name]["value"]
                   for name in ("auroc", "average_precision")}
    assert two["auroc"] == pytest.approx(choice.candidates[choice.chosen].estimate.value, abs=1e-6)
    before = image["before"]["one"]
    assert set(before["figures"]) == set(before["above"]) == {
        "auroc", "average_precision", "sensitivity_at_90_specificity"}  # none has a threshold
    assert figures["one"]["auroc"]["value"] > before["figures"]["auroc"]["value"] + 0.05
    assert before["above"]["average_precision"]["low"] > 0
    assert before["says"] in written["says"]
    assert 0.2 < image["shortcut"]["figures"]["auroc"]["value"] < 0.8  # widths that say nothing
    assert "sensitivity_at_90_specificity" in image["shortcut"]["above"]


def _noise(cut, seed):
    """Give what two members say of the rows before the test, in studies of two: nothing."""
    table = cut.table[:48].assign(target=lambda rows: (rows["label"] == "b").astype(int))
    for number, name in enumerate(("one", "two")):
        last = np.random.default_rng((seed, number)).random(48)
        table = table.assign(**{f"{name}:a": 1 - last, f"{name}:b": last})
    return table.assign(target=np.arange(48) // 2 % 2)


def _youden(levels, name, level):
    figures = levels[level].figures[name]
    return figures["sensitivity"].value + figures["specificity"].value - 1


@pytest.fixture(scope="module")
def of_noise(cut, settings):
    """Measure noise at thresholds fitted to the very rows, and at those of the other folds."""
    found = []
    for seed in range(4):
        images = _noise(cut, seed)
        choice = choose(images, settings.model.members, LABELS, settings.ensemble, resamples=1,
                        seed=0)
        winner = choice.winner
        fitted = evaluate(tables(images, winner), About(
            LABELS, winner.members, winner.method, winner.thresholds, None, 1, 0))
        found.append((fitted, outoffold.measure(images, images, choice, None, resamples=1,
                                                seed=0)[0]))
    return found


@pytest.mark.parametrize("level", ["image", "study"])
@pytest.mark.parametrize("name", ["ensemble", "one", "two"])
def test_verdicts_are_by_thresholds_that_their_rows_had_no_part_in(of_noise, name, level):
    fitted, honest = (np.mean([_youden(of.levels, name, level) for of in each])
                      for each in zip(*of_noise, strict=True))
    assert fitted > 0.05
    assert honest < fitted - 0.1


def test_networks_judge_the_folds_they_have_not_seen(cut, settings, tmp_path):
    np.save(tmp_path / "pictures.npy", np.random.default_rng(1).integers(
        0, 256, (COUNT, 32, 32), dtype=np.uint8))
    turns = read_turns(cut, tmp_path, settings)
    networks = [create(TINY, 2, seed).eval() for seed in range(3)]
    found = member.judged(networks, turns, settings, cut)
    assert sorted(found["path"]) == sorted(cut.table["path"][:48])
    assert np.allclose(found["a"] + found["b"], 1)
    for fold, turn in enumerate(turns):
        judged = set(cut.table["path"][turn.rows["validation"]])
        assert set(found["path"][found["fold"] == fold]) == judged
        assert not judged & set(cut.table["path"][turn.rows["train"]])
