"""Recipes: each composes to what its paper tells, runs on drawn images, and shrinks as a whole."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from osteon import params
from osteon.composition import compose
from osteon.phantom.dataset import KINDS

CONF = Path(__file__).parents[2] / "conf"
RECIPES = sorted(file.stem for file in (CONF / "recipe").glob("*.yaml"))
PROFILES = sorted(file.stem for file in (CONF / "profile").glob("*.yaml"))
DRAWN = {"sample": "abnormality", "drawn_fracture_types": "fracture_types",
         "drawn_bone_density": "bone_density", "drawn_fracture": "fracture"}
TYPES = ("avulsion_fracture", "comminuted_fracture", "fracture_dislocation", "greenstick_fracture",
         "hairline_fracture", "impacted_fracture", "longitudinal_fracture", "oblique_fracture",
         "pathological_fracture", "spiral_fracture")
FRACTURE = ("not_fractured", "fractured")
# Seconds to compose and load settings add up: each set of overrides is composed once.
_SEEN: dict[tuple[str, ...], params.Params] = {}


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    file = tmp_path_factory.mktemp("composed") / "params.yaml"

    def settings(*overrides):
        if overrides not in _SEEN:
            compose(file, conf=CONF, overrides=list(overrides))
            _SEEN[overrides] = params.load(file)
        return _SEEN[overrides]

    return settings


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_composes_with_every_profile(composed, recipe, profile):
    settings = composed(f"recipe={recipe}", f"profile={profile}")
    assert settings.published in (recipe, "none", "fec_ige")
    for member in settings.model.members:
        assert settings.of(member).train.epochs == settings.train.epochs


@pytest.mark.parametrize(("recipe", "root", "labels"), [
    ("mura_thesis", "data/sample/MURA-v1.1", ("normal", "abnormal")),
    ("fracture_cnn", "data/sample/fracture", FRACTURE),
    ("fec_ige", "data/sample/fracture-types", TYPES),
    ("fec_ige_first_five", "data/sample/fracture-types", TYPES[:5]),
    ("fec_ige_last_five", "data/sample/fracture-types", TYPES[5:]),
    ("osteoporosis", "data/sample/bone-density", ("normal", "osteopenia", "osteoporosis")),
    ("resnet_transfer", "data/sample/fracture", FRACTURE),
])
def test_a_recipe_runs_on_a_drawn_set_of_its_classes(composed, recipe, root, labels):
    dataset = composed(f"recipe={recipe}").dataset
    assert (dataset.root, dataset.labels) == (root, labels)
    assert dataset.other_labels == ("drop" if recipe.endswith("_five") else "fail")


@pytest.mark.parametrize(("name", "kind"), DRAWN.items())
def test_a_drawn_set_is_the_kind_that_is_drawn(composed, name, kind):
    settings = composed(f"dataset={name}")
    assert settings.sample.kind == kind
    assert settings.dataset.root == f"data/sample/{KINDS[kind].name}"
    assert settings.dataset.layout == ("mura" if kind == "abnormality" else "csv")
    if kind != "abnormality":
        assert settings.dataset.labels == KINDS[kind].labels


def test_the_drawn_types_are_those_of_the_real_set(composed):
    assert composed("dataset=bone_break").dataset.labels == TYPES
    assert composed("dataset=drawn_fracture_types").dataset.labels == TYPES


@pytest.mark.parametrize(("recipe", "labels"), [
    ("fec_ige", TYPES), ("fec_ige_first_five", TYPES[:5]), ("fec_ige_last_five", TYPES[5:])])
def test_a_recipe_runs_on_a_set_of_ones_own(composed, recipe, labels):
    settings = composed(f"recipe={recipe}", "dataset=bone_break", "dataset.root=/mine",
                        "model=resnet50", "train.epochs=7")
    assert (settings.dataset.layout, settings.dataset.root) == ("class_folders", "/mine")
    assert settings.dataset.labels == labels
    assert settings.sample.kind == "abnormality"
    assert (settings.model.members, settings.train.epochs) == (("resnet50",), 7)
    assert settings.head.hidden == (512, 128)


TOLD = {
    "mura_thesis": {
        "split": {"protocol": "ratio", "train": 0.6, "validation": 0.2, "test": 0.2},
        "model": {"members": ("densenet201", "mobilenetv2", "resnet50v2", "efficientnet_b4",
                              "efficientnetv2_m")},
        "preprocess": {"image_size_px": 224, "contrast": "none"},
        "augment": {"horizontal_flip": 0.5, "rotation_deg": 30.0, "zoom": 0.1, "shift": 0.0,
                    "contrast": 0.0, "randaugment": 0},
        "head": {"hidden": (), "dropout": 0.0, "output": "softmax"},
        "train": {"epochs": 50, "batch_size": 16, "optimizer": "adam", "learning_rate": 1e-3,
                  "schedule": "constant"},
        "finetune": {"unfreeze": "all", "epochs": 30, "learning_rate": 1e-5,
                     "monitor": "accuracy", "patience": 5}},
    "fracture_cnn": {
        "split": {"train": 0.4, "validation": 0.1, "test": 0.5},
        "model": {"members": ("scratch_cnn",)},
        "preprocess": {"image_size_px": 150, "contrast": "none"},
        "augment": {"horizontal_flip": 0.0, "rotation_deg": 0.0, "randaugment": 0},
        "head": {"hidden": (128,), "dropout": 0.5, "output": "softmax"},
        "train": {"epochs": 49, "batch_size": 32, "optimizer": "adam", "learning_rate": 1e-3,
                  "schedule": "constant", "weight_decay": 1e-4, "class_weights": True}},
    "fec_ige": {
        "split": {"protocol": "ratio", "train": 0.8, "validation": 0.1, "test": 0.1},
        "model": {"members": ("efficientnet_b3",)},
        "preprocess": {"image_size_px": 224, "contrast": "stretch"},
        "augment": {"horizontal_flip": 0.5, "rotation_deg": 15.0, "contrast": 0.1,
                    "randaugment": 2},
        "head": {"hidden": (512, 128), "batch_norm": True, "dropout": 0.3, "output": "softmax"},
        "train": {"epochs": 50, "batch_size": 32, "learning_rate": 1e-3, "views": 9},
        "finetune": {"unfreeze": 3, "epochs": 50, "batch_size": 16, "learning_rate": 1e-4}},
    "osteoporosis": {
        "split": {"protocol": "ratio", "train": 0.7, "validation": 0.15, "test": 0.15},
        "model": {"members": ("resnet50", "inception_v3")},
        "preprocess": {"image_size_px": 224},
        "augment": {"horizontal_flip": 0.5, "rotation_deg": 15.0, "zoom": 0.1, "shift": 0.1,
                    "contrast": 0.1},
        "head": {"hidden": (256,), "dropout": 0.5, "batch_norm": False, "output": "softmax"},
        "train": {"class_weights": True}, "finetune": {"unfreeze": "all", "class_weights": True}},
    "resnet_transfer": {
        "model": {"members": ("vgg16", "resnet50")},
        "preprocess": {"image_size_px": 224},
        "augment": {"horizontal_flip": 0.5, "rotation_deg": 15.0, "zoom": 0.1, "shift": 0.0},
        "train": {"schedule": "warm_restarts", "restart_epochs": 10, "restart_factor": 2,
                  "epochs": 30},
        "finetune": {"unfreeze": 2, "schedule": "warm_restarts", "restart_epochs": 2,
                     "restart_factor": 2, "epochs": 14}},
}


@pytest.mark.parametrize("recipe", TOLD)
def test_a_recipe_says_what_its_paper_does(composed, recipe):
    settings = composed(f"recipe={recipe}")
    found = {section: {key: getattr(getattr(settings, section), key) for key in keys}
             for section, keys in TOLD[recipe].items()}
    assert found == TOLD[recipe]
    assert settings.published == recipe
    assert settings.weights == "none"
    assert not settings.split.as_published


@pytest.mark.parametrize("model", ["thesis_five", "thesis_three", "thesis_singles"])
def test_the_thesis_gives_each_network_what_its_search_found(composed, model):
    settings = composed("recipe=mura_thesis", f"model={model}")
    found = {member: (settings.of(member).head.output, settings.of(member).train.batch_size,
                      settings.of(member).finetune.batch_size,
                      settings.backbones[member].normalize)
             for member in settings.model.members}
    plain = ("softmax", 16, 16, "imagenet")
    assert found == {member: {"densenet201": ("sigmoid", *plain[1:]),
                              "efficientnet_b5": ("sigmoid", *plain[1:]),
                              "xception": ("softmax", 32, 32, "imagenet")}.get(member, plain)
                     for member in settings.model.members}


@pytest.mark.parametrize(("model", "members"), [
    ("thesis_five", ["densenet201", "mobilenetv2", "resnet50v2", "efficientnet_b4",
                     "efficientnetv2_m"]),
    ("thesis_three", ["densenet201", "efficientnet_b4", "efficientnetv2_m"]),
    ("thesis_singles", ["densenet169", "densenet201", "xception", "mobilenetv2",
                        "efficientnet_b5"]),
    ("fec_ige_rivals", ["efficientnet_b3", "resnet50", "vgg16", "mobilenet", "inception_v3"]),
    ("resnet_inception", ["resnet50", "inception_v3"]),
    ("vgg_resnet", ["vgg16", "resnet50"]),
])
def test_the_published_sets_of_networks_are_models(model, members):
    file = CONF / "model" / f"{model}.yaml"
    assert YAML(typ="safe").load(file) == {"members": members}


@pytest.mark.parametrize(("recipe", "members"), [
    ("osteoporosis", ["resnet50", "inception_v3"]), ("resnet_transfer", ["vgg16", "resnet50"])])
def test_two_systems_take_pixels_from_0_to_1(composed, recipe, members):
    backbones = composed(f"recipe={recipe}").backbones
    assert {backbones[member].normalize for member in members} == {"unit"}


def test_the_thesis_has_its_other_protocol_and_contrast(composed):
    settings = composed("recipe=mura_thesis", "split=dataset_1", "model=thesis_singles",
                        "preprocess.contrast=clahe_lab")
    assert settings.split.protocol == "official_test_carved"
    assert settings.split.crossing == "drop"
    assert settings.preprocess.contrast == "clahe_lab"


# What a smaller machine may change of a system: how large, how long, how many, never the method.
SIZES = {"sample.patients", "preprocess.image_size_px", "train.epochs", "finetune.epochs",
         "audit.views", "audit.most_images", "evaluate.resamples",
         "explain.cases", "explain.most_steps", "explain.gradients_images", "explain.cam_images"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_quick_profile_changes_sizes_and_epochs_alone(composed, recipe):
    whole, quick = (_flat(composed(f"recipe={recipe}", f"profile={profile}").model_dump())
                    for profile in ("none", "quick"))
    changed = {key for key in whole if whole[key] != quick[key]}
    assert changed <= SIZES
    assert all(quick[key] < whole[key] for key in changed)
    assert (quick["preprocess.image_size_px"], quick["train.epochs"],
            quick["finetune.epochs"]) == (96, 2, 1)


def _flat(content, before=""):
    found = {}
    for key, value in content.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{before}{key}.") if inner else {f"{before}{key}": value}
    return found
