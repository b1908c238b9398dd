"""Settings: what conf/ composes is what is committed, and a slip is named with its key."""

import copy
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from osteon import params
from osteon.composition import compose
from osteon.errors import UserError

ROOT = Path(__file__).parents[2]
MODELS = sorted(file.stem for file in (ROOT / "conf/model").glob("*.yaml"))
PUBLISHED = ["densenet169", "densenet201", "xception", "mobilenetv2", "mobilenet",
             "efficientnet_b3", "efficientnet_b4", "efficientnet_b5", "efficientnetv2_m",
             "resnet50", "resnet50v2", "inception_v3", "vgg16"]


@pytest.fixture(scope="module")
def committed():
    return YAML(typ="safe", pure=True).load(ROOT / "params.yaml")


def _composed(tmp_path, *overrides):
    file = tmp_path / "params.yaml"
    compose(file, conf=ROOT / "conf", overrides=list(overrides))
    return file


def _load(tmp_path, content):
    file = tmp_path / "params.yaml"
    YAML().dump(content, file)
    return params.load(file)


def test_committed_settings_are_the_composition_of_conf(tmp_path):
    assert _composed(tmp_path).read_text() == (ROOT / "params.yaml").read_text()


def test_an_override_reaches_its_key_and_no_other(tmp_path, committed):
    settings = params.load(_composed(tmp_path, "train.epochs=7"))
    found = settings.model_dump(mode="json", exclude_unset=True)
    assert found["train"]["epochs"] == 7 != committed["train"]["epochs"]
    found["train"]["epochs"] = committed["train"]["epochs"]
    assert found == committed


@pytest.mark.parametrize(("override", "said"), [
    ("train.epoch=7", "Could not override 'train.epoch'"),
    ("model=xcepton", "Could not find 'model/xcepton'"),
    ("model=[trio", "no viable alternative at input '[trio'"),
])
def test_an_override_that_conf_does_not_have_is_named(tmp_path, override, said):
    with pytest.raises(UserError, match=re.escape(f"conf/ with {override}: ")) as told:
        _composed(tmp_path, override)
    assert said in str(told.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", MODELS)
def test_every_model_of_conf_composes_and_loads(tmp_path, model):
    settings = params.load(_composed(tmp_path, f"model={model}"))
    assert set(settings.model.members) <= set(settings.backbones)
    if model in settings.backbones:
        assert settings.model.members == (model,)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_backbone_can_be_chosen(name):
    assert name in MODELS


@pytest.mark.parametrize("group", ["dataset"])
def test_every_other_choice_of_conf_composes_and_loads(tmp_path, group):
    choices = sorted(file.stem for file in (ROOT / "conf" / group).glob("*.yaml"))
    assert choices
    for choice in choices:
        params.load(_composed(tmp_path, f"{group}={choice}"))


@pytest.mark.parametrize(("name", "protocol", "by_shares"), [
    ("ratio", "ratio", {"train": 0.6, "validation": 0.15, "test": 0.25}),
    ("official", "official", {}),
    ("official_carved", "official_carved", {"train": 0.8, "validation": 0.15}),
    ("folds", "folds", {"train": 0.65, "validation": 0.15}),
    ("body_part", "body_part", {"train": 0.8, "validation": 0.15}),
    ("dataset_1", "official_test_carved", {"validation": 0.072, "test": 0.008}),
    ("dataset_2", "ratio", {"train": 0.6, "validation": 0.2, "test": 0.2}),
    ("ratio_801010", "ratio", {"train": 0.8, "validation": 0.1, "test": 0.1}),
    ("ratio_701515", "ratio", {"train": 0.7, "validation": 0.15, "test": 0.15}),
])
def test_every_split_of_conf_cuts_by_its_protocol_and_shares(tmp_path, name, protocol, by_shares):
    chosen = ["split.body_part=wrist"] if name == "body_part" else []
    found = params.load(_composed(tmp_path, f"split={name}", *chosen)).split
    assert found.protocol == protocol
    assert found.by_shares == pytest.approx(by_shares)
    assert not found.as_published


def test_shares_that_the_protocol_does_not_cut_by_need_not_add_up(tmp_path):
    settings = params.load(_composed(tmp_path, "split=body_part", "split.body_part=wrist",
                                     "split.validation=0.2"))
    assert settings.split.by_shares == {"train": 0.8, "validation": 0.2}


@pytest.mark.parametrize(("names", "said"), [
    ([], "not none"), (["nosuch"], "not nosuch"), (["{0}", "{1}"], "not {0} {1}")])
def test_a_command_line_names_one_member(tmp_path, names, said):
    settings = params.load(_composed(tmp_path))
    first, second, _ = settings.model.members
    assert settings.require_member([first]) == first
    with pytest.raises(UserError, match=said.format(first, second) + "$"):
        settings.require_member([name.format(first, second) for name in names])


def test_no_split_of_conf_is_untested():
    assert {file.stem for file in (ROOT / "conf/split").glob("*.yaml")} == {
        "ratio", "official", "official_carved", "folds", "body_part", "dataset_1", "dataset_2",
        "ratio_801010", "ratio_701515"}


@pytest.mark.parametrize(("key", "value", "words"), [
    pytest.param("dataset.layout", "nifti", ["'class_folders', 'csv' or 'dicom'", "'nifti'"],
                 id="a layout nobody wrote"),
    pytest.param("dataset.labels", ["normal"], ["dataset.labels"], id="one label"),
    pytest.param("dataset.labels", ["a", "b", "a"], ["'a' is named twice"], id="a label twice"),
    pytest.param("dataset.body_parts", "hand", ["tuple", "'hand'"], id="a text for a list"),
    pytest.param("dataset.block", 0, ["greater than or equal to 1", "not 0"], id="no block"),
    pytest.param("dataset.quarantine.unreadable", "keep", ["'fail' or 'drop'", "'keep'"],
                 id="what cannot be read cannot be kept"),
    pytest.param("dataset.quarantine.blank", "skip", ["'fail', 'drop' or 'keep'"], id="a policy"),
    pytest.param("dataset.duplicates.correlation", 1.2, ["less than or equal to 1"],
                 id="no correlation"),
    pytest.param("audit.backbone", "resnet99", ["no entry in conf/backbones/"], id="no probe"),
    pytest.param("sample.kind", "tumours", ["sample.kind: input should be 'abnormality'"],
                 id="no such sample"),
    pytest.param("published", "mura", ["'none', 'mura_thesis'", "not 'mura'"], id="published"),
    pytest.param("dataset.other_labels", "keep", ["'fail' or 'drop'"],
                 id="a label that nobody named cannot be learnt"),
    pytest.param("sample.patients", 19, ["greater than or equal to 20"], id="too few to cut"),
    pytest.param("split.test", 0.5, ["split: train, validation and test must add up to 1"],
                 id="shares of more than a whole"),
    pytest.param("split.train", 1.2, ["less than or equal to 1", "not 1.2"], id="no share"),
    pytest.param("preprocess.image_size_px", 16, ["greater than or equal to 32"], id="too small"),
    pytest.param("preprocess.image_size_px", "112", ["valid integer", "'112'"], id="a text"),
    pytest.param("preprocess.contrast", "gamma", ["'stretch', 'clahe' or"], id="contrast"),
    pytest.param("preprocess.fit", "crop", ["'squash' or 'pad'"], id="a crop loses edges"),
    pytest.param("augment.zoom", 1, ["less than 1"], id="zoom to nothing"),
    pytest.param("train.epoch", 3, ["no such key", "allowed here: batch_size, class_weights"],
                 id="a slip in a key"),
    pytest.param("backbones.resnet50.size", 3, ["allowed here: arch, augment, finetune"],
                 id="a slip in a backbone"),
    pytest.param("trial", 1, ["trial: no such key", "seed"], id="a slip at the top"),
    pytest.param("backbones.resnet50.normalize", "zscore", ["'imagenet', 'symmetric' or 'unit'"],
                 id="a normalisation nobody wrote"),
    pytest.param("train.epochs", 2.5, ["integer", "2.5"], id="half an epoch"),
    pytest.param("train.epochs", True, ["integer", "True"], id="a truth is no number"),
    pytest.param("train.learning_rate", 0, ["greater than 0"], id="no step"),
    pytest.param("train.learning_rate", float("nan"), ["greater than 0"], id="not a number"),
    pytest.param("train.class_weights", 1, ["valid boolean", "not 1"], id="a number is no truth"),
    pytest.param("train.monitor", "f1", ["'loss' or 'last'"], id="monitor"),
    pytest.param("train.patience", 0, ["greater than or equal to 1"], id="no patience"),
    pytest.param("finetune.schedule", "step", ["'warm_restarts' or 'one_cycle'"], id="step"),
    pytest.param("trainer.accelerator", "tpu", ["'auto', 'cpu' or 'gpu'"], id="accelerator"),
    pytest.param("trainer.precision", "fp16", ["'auto', 'bf16' or 'fp32'"], id="precision"),
    pytest.param("ensemble.metric", "auc", ["'auroc'", "'average_precision'"], id="metric"),
    pytest.param("ensemble.folds", 1, ["greater than or equal to 2"], id="nothing held out"),
    pytest.param("ensemble.threshold_rule", "f1", ["'kappa', 'youden' or"], id="rule"),
    pytest.param("evaluate.resamples", 10, ["greater than or equal to 100"], id="no interval"),
    pytest.param("drift.false_alarms", 0.0, ["greater than or equal to 0.001"], id="no alarm"),
    pytest.param("seed", -1, ["greater than or equal to 0", "not -1"], id="no such seed"),
])
def test_a_bad_setting_is_named_with_what_is_allowed(tmp_path, committed, key, value, words):
    content = copy.deepcopy(committed)
    *sections, name = key.split(".")
    section = content
    for step in sections:
        section = section[step]
    section[name] = value
    with pytest.raises(UserError) as refused:
        _load(tmp_path, content)
    message = str(refused.value)
    named = "split: " if key == "split.test" else f"{key}"
    assert f"\n  {named}" in message
    for word in words:
        assert word in message


def test_every_slip_is_named_at_once(tmp_path, committed):
    content = copy.deepcopy(committed)
    content["seed"], content["train"]["epochs"] = -1, 0
    with pytest.raises(UserError, match=r"(?s)seed: .*train\.epochs: "):
        _load(tmp_path, content)


@pytest.mark.parametrize(("changes", "words"), [
    pytest.param({"train": 0.94, "validation": 0.03, "test": 0.03},
                 r"each of train, validation, test needs at least 0\.05", id="parts too small"),
    pytest.param({"protocol": "official_carved", "train": 0.9, "validation": 0.04, "test": 0.06},
                 r"each of train, validation needs at least 0\.05 of their sum",
                 id="too little carved"),
    pytest.param({"protocol": "official_test_carved", "train": 0.5, "validation": 0.49,
                  "test": 0.01}, "each of validation, test needs", id="a tenth is cut, not this"),
    pytest.param({"protocol": "folds", "train": 0.1, "validation": 0.8, "test": 0.1},
                 "each of train, validation needs", id="nothing left to train on"),
    pytest.param({"protocol": "folds", "fold": 5}, "fold=5: of 5 the last is 4",
                 id="a fold too many"),
    pytest.param({"protocol": "body_part"}, "as in -S split.body_part=wrist", id="no body part"),
    pytest.param({"protocol": "folds", "as_published": True},
                 "as_published=true: nobody published protocol=folds", id="leaky folds"),
    pytest.param({"protocol": "body_part", "body_part": "hand", "as_published": True},
                 "nobody published protocol=body_part", id="a leaky body part"),
])
def test_a_cut_that_cannot_be_made_is_refused(tmp_path, committed, changes, words):
    content = {**committed, "split": {**committed["split"], **changes}}
    with pytest.raises(UserError, match=rf"\n  split: .*{words}"):
        _load(tmp_path, content)


@pytest.mark.parametrize(("members", "words"), [
    pytest.param(["resnet50", "alexnet"], "'alexnet' has no entry in conf/", id="unknown"),
    pytest.param(["vgg16", "vgg16"], "model.members: a member is named twice", id="twice"),
    pytest.param([], "model.members", id="none"),
])
def test_members_that_cannot_be_trained_are_refused(tmp_path, committed, members, words):
    with pytest.raises(UserError, match=words):
        _load(tmp_path, {**committed, "model": {"members": members}})


def test_two_labels_of_one_name_are_refused(tmp_path, committed):
    content = {**committed, "dataset": {**committed["dataset"], "labels": ["normal", "normal"]}}
    with pytest.raises(UserError, match=r"dataset\.labels"):
        _load(tmp_path, content)


def test_a_missing_key_says_how_to_get_it(tmp_path, committed):
    content = {name: value for name, value in committed.items() if name != "seed"}
    with pytest.raises(UserError, match="seed: missing; compose it from conf/"):
        _load(tmp_path, content)


@pytest.mark.parametrize(("text", "words"), [
    pytest.param("seed: [1,", "not valid YAML", id="broken YAML"),
    pytest.param("", "cannot be used", id="empty"),
    pytest.param("- 1\n- 2\n", "cannot be used", id="a list"),
])
def test_a_file_that_is_no_settings_is_refused(tmp_path, text, words):
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=words) as refused:
        params.load(file)
    assert str(file) in str(refused.value)


def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(UserError, match="no such file; run from the project's root"):
        params.load(tmp_path / "params.yaml")


def test_settings_cannot_be_changed_by_a_stage():
    settings = params.load(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        settings.train.epochs = 1


def test_a_variant_has_its_own_settings_over_the_common_ones(tmp_path, committed):
    content = copy.deepcopy(committed)
    content["backbones"]["dla"] |= {
        "seed": 4, "preprocess": {"image_size_px": 128}, "head": {"output": "sigmoid"},
        "train": {"epochs": 3}}
    settings = _load(tmp_path, content)
    own, other = settings.of("dla"), settings.of("resnet_tiny")
    assert (own.seed, own.preprocess.image_size_px, own.head.output, own.train.epochs) == (
        4, 128, "sigmoid", 3)
    assert own.train.batch_size == settings.train.batch_size
    assert other == settings


@pytest.mark.parametrize(("own", "words"), [
    pytest.param({"train": {"epohcs": 3}}, "backbones.dla: train.epohcs: no such key; allowed here:"
                 " .*epochs", id="an unknown key"),
    pytest.param({"preprocess": {"image_size_px": 8}},
                 "backbones.dla: preprocess.image_size_px: .*32, not 8", id="a tiny picture"),
    pytest.param({"evaluate": {"resamples": 9}}, "backbones.dla.evaluate: no such key",
                 id="a section that all members share"),
])
def test_a_variant_that_cannot_be_used_is_named(tmp_path, committed, own, words):
    content = copy.deepcopy(committed)
    content["backbones"]["dla"] |= own
    with pytest.raises(UserError, match=words):
        _load(tmp_path, content)


def test_overrides_are_checked_like_the_settings_themselves(tmp_path):
    settings = params.load(_composed(tmp_path))
    assert settings.overridden({"train": {"epochs": 7}}).train.epochs == 7
    with pytest.raises(ValueError, match=r"train\.learning_rate: .*greater than 0, not -1"):
        settings.overridden({"train": {"learning_rate": -1.0}})
