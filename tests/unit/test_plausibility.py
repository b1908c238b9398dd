"""Maps planted where they belong, or where they do not, are told apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from osteon import checkpoints, params
from osteon.backbone import Network, create
from osteon.checkpoints import Fit
from osteon.combination import Combination, Stacking
from osteon.explanations import account, atlas, gallery, plausibility
from osteon.explanations.atlas import Atlas, Sum
from osteon.explanations.explanation import Explanation, Predicted, explain
from osteon.files import write_json
from osteon.imaging import PreprocessSpec

ROOT = Path(__file__).parents[2]
LABELS = ("intact", "fractured")
ROWS = range(100, 112)
METHODS = ("integrated_gradients", "grad_cam")

pytestmark = pytest.mark.usefixtures("one_thread")


def _settings(**explain):
    content = params.load(ROOT / "params.yaml").model_dump()
    content["dataset"]["labels"] = LABELS
    content["model"]["members"] = ["one", "two"]
    content["evaluate"]["resamples"] = 100
    for member in ("one", "two"):
        content["backbones"][member] = {"arch": "test_resnet", "normalize": "symmetric"}
    content["explain"].update(explain)
    return params.Params.model_validate(content)


class Step(nn.Module):
    """A backbone that is silent but for a short piece of the way: a picture of .7 to .72 grey."""

    head_hidden_size = 1

    def forward(self, pictures):
        return self.forward_head(self.forward_features(pictures))

    def forward_features(self, pictures):
        return ((pictures.mean(dim=1, keepdim=True) - 0.7) * 50).clamp(0, 1)

    def forward_head(self, maps):
        return maps.mean(dim=(2, 3))


@pytest.mark.parametrize(("most_steps", "adds_up"), [(32, False), (96, True)],
                         ids=["evenly spread", "where it bends"])
def test_steps_go_where_the_network_bends(most_steps, adds_up):
    """A white picture crosses the step on a fiftieth of the way, between even steps."""
    settings = _settings(steps=32, most_steps=most_steps, tolerance=0.05)
    network = Network(settings.backbones["one"].model_copy(update={"normalize": "unit"}), 2)
    network.backbone = Step()
    network.head.weight, network.head.bias = (
        nn.Parameter(torch.tensor(values)) for values in ([[0.0], [8.0]], [0.0, 0.0]))
    maps, sums = atlas.gradients(network, np.full((1, 16, 16), 255, np.uint8),
                                 pd.Series([1], [0]), settings.explain, "step")
    assert sums[0].difference == pytest.approx(8, abs=1e-4)
    assert (sums[0].relative <= 0.05) is adds_up
    assert sums[0].steps <= most_steps
    assert maps[0].sum() == pytest.approx(sums[0].difference + sums[0].delta, abs=1e-3)


def _test(masked=(), **explain):
    table = pd.DataFrame({
        "path": [f"{row}.png" for row in ROWS], "group_id": [f"g{row // 2}" for row in ROWS],
        "body_part": "hand", "height_px": 60, "width_px": 60, "target": [0, 1] * 6,
        "verdict": [0, 1, 1, 1] * 3}, index=ROWS)
    for name, share in (("ensemble", 0.75), ("one", 1.0), ("two", 0.5)):
        table[f"{name}:fractured"] = np.linspace(0, share, 12)
        table[f"{name}:intact"] = 1 - table[f"{name}:fractured"]
    mask = np.zeros((448, 448), bool)
    mask[60:120, 300:360] = True
    winner = replace(Combination.plain(("one", "two"), LABELS), method="weighted",
                     weights={"one": 0.75, "two": 0.25})
    return Predicted(table, dict.fromkeys(masked, mask), winner, _settings(**explain))


def _atlas(one, two):
    """Give each member the same 8 x 8 map for every row, by either method."""
    maps = {"one": np.asarray(one, np.float32), "two": np.asarray(two, np.float32)}
    return Atlas({member: {method: dict.fromkeys(ROWS, values) for method in METHODS}
                  for member, values in maps.items()},
                 {"one": dict.fromkeys(ROWS, Sum(4.0, 0.1, 32)), "two": {}},
                 {"one": "squash", "two": "squash"})


def _at(*cells):
    found = np.full((8, 8), -0.1)
    for row, column in cells:
        found[row, column] = 1
    return found


IN_MASK, IN_CORNER, MIDDLE = (1, 5), (7, 0), (4, 4)


def _explanation(test, trained, before=None):
    pictures = np.full((200, 32, 32), 120, np.uint8)
    return Explanation(test, trained, before, pictures, "squash")


def test_a_map_in_the_mask_is_told_from_one_elsewhere_and_from_before_fine_tuning():
    test = _test(masked=ROWS)
    found = plausibility.localise(_explanation(
        test, _atlas(_at(IN_MASK), _at(IN_CORNER)), _atlas(_at(MIDDLE), _at(MIDDLE))))["grad_cam"]
    assert (found["images"], found["groups"]) == (12, 6)
    hits = {name: figures["hit"]["value"] for name, figures in found["of"].items()}
    assert hits == {"centre": 0, "ensemble": 1, "one": 1, "two": 0, "ensemble_before": 0,
                    "one_before": 0, "two_before": 0}
    shares = {name: figures["share"]["value"] for name, figures in found["of"].items()}
    assert shares["one"] > 0.5
    assert shares["one"] > shares["ensemble"] > 0.2
    assert shares["two"] == shares["two_before"] == 0
    room = 1 - 0.025 ** (1 / 6)  # of six groups that are all alike
    assert found["above"]["one"]["centre"]["hit"] == pytest.approx(
        {"value": 1, "low": 1 - 2 * room, "high": 1}, abs=2e-6)
    assert found["above"]["two"]["before"]["hit"] == pytest.approx(
        {"value": 0, "low": -room, "high": room}, abs=2e-6)


def test_without_masks_nothing_is_said_of_places():
    explanation = _explanation(_test(), _atlas(_at(MIDDLE), _at(MIDDLE)))
    assert plausibility.localise(explanation) is None


def test_attribution_on_the_border_is_noticed():
    edge = _at(*[(row, column) for row in range(8) for column in (0, 7)])
    test = _test(cam_images=8, gradients_images=5)
    found = plausibility.artefacts(_explanation(test, _atlas(edge, _at(MIDDLE))))
    assert {method: of["images"] for method, of in found.items()} == {
        "integrated_gradients": 5, "grad_cam": 8}
    of = found["grad_cam"]
    assert of["areas"]["border"]["value"] == pytest.approx(0.187, abs=0.005)
    assert of["ratios"]["one"]["border"]["low"] > 2
    assert of["shares"]["two"]["border"]["value"] == 0
    assert of["areas"]["markers"]["value"] == of["areas"]["outside_field"]["value"] == 0
    assert of["ratios"]["one"]["markers"]["value"] is None


def test_completeness_is_relative_to_the_difference_in_log_odds():
    state = Atlas({}, {"one": {1: Sum(4.0, -0.1, 32), 2: Sum(0.2, 0.05, 64), 3: Sum(-8.0, 0.0, 32)},
                       "two": {}}, {})
    assert plausibility.completeness(state) == {
        "one": {"images": 3, "largest": 0.05, "median": 0.025, "most_steps": 64}}


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, {"one": 0.5, "two": 0.5}),
    ({"method": "weighted", "weights": {"one": 0.9, "two": 0.1}}, {"one": 0.9, "two": 0.1}),
    ({"method": "calibrated", "temperatures": {"one": 2.0, "two": 0.5}}, {"one": 0.25, "two": 1.0}),
    ({"method": "stacking", "stacking": Stacking({"one": 1.5, "two": -0.5}, {})},
     {"one": 1.5, "two": -0.5}),
    ({"method": "per_part", "part_weights": {"hand": {"one": 0.0, "two": 1.0}}},
     {"one": 0.0, "two": 1.0}),
    ({"method": "majority", "weights": {"one": 0.9, "two": 0.1}}, {"one": 0.5, "two": 0.5}),
], ids=["mean", "weighted", "calibrated", "stacking", "per-part", "majority"])
def test_members_weigh_in_the_map_as_in_the_ensemble(changes, expected):
    winner = replace(Combination.plain(("one", "two"), LABELS), **changes)
    assert winner.map_weights("hand") == expected


def test_the_ensembles_map_is_the_weighted_sum():
    state, frame = _atlas(np.ones((8, 8)), -np.ones((8, 8))), _test().frame(100)
    found = state.combined({"one": 0.75, "two": 0.25}, "grad_cam", 100, frame)
    assert found.sum() == pytest.approx(0.5 * 64, rel=1e-4)
    assert found.min() == pytest.approx(found.max())


@pytest.fixture
def project(tmp_path):
    """Two untrained members of different sizes and fits, before and after, with pictures."""
    random = np.random.default_rng(0)
    settings = _settings(cases=1, gradients_images=3, cam_images=6, steps=8, most_steps=16)
    for number, (member, fit, side) in enumerate((("one", "squash", 32), ("two", "pad", 48))):
        (tmp_path / "pictures" / member).mkdir(parents=True)
        spec = PreprocessSpec(side, "none", 2.0, 8, fit)
        write_json(tmp_path / "pictures" / member / "spec.json", spec.to_json())
        np.save(tmp_path / "pictures" / member / "pictures.npy",
                random.integers(0, 256, (112, side, side), dtype=np.uint8))
        for phase in ("after", "before"):
            (tmp_path / phase / member).mkdir(parents=True)
            network = create(settings.backbones[member], 2, seed=number)
            torch.nn.init.normal_(network.head.weight, std=1.0)
            checkpoints.save(tmp_path / phase / member, network, {}, Fit(pd.DataFrame(), 0, 0.5))
    return tmp_path, settings


def test_a_flat_map_leaves_the_picture_untinted(tmp_path):
    test = _test(cases=1)
    cases = gallery.draw(tmp_path, _explanation(test, _atlas(np.full((8, 8), -1), _at(MIDDLE))))
    assert cases[0]["flat"] == {"ensemble": ["integrated_gradients", "grad_cam"],
                                "one": ["integrated_gradients", "grad_cam"], "two": []}
    picture, flat, pointed = ((tmp_path / name).read_bytes() for name in (
        cases[0]["picture"], *(cases[0]["maps"][name]["grad_cam"] for name in ("one", "two"))))
    assert flat == picture != pointed


RATIOS = {"border": {"value": 1.14, "low": 1.08, "high": 1.22},
          "markers": {"value": 6.83, "low": 0.2, "high": 11.98}}


@pytest.mark.parametrize(("largest", "low", "warned"), [
    (0.3, 1.08, ["Integrated Gradients of one miss the difference in log-odds by at most 30.0 %, "
                 "half of them by 1.0 % or less: they do not all add up: raise explain.most_steps.",
                 "Grad-CAM lies where no finding can be more than chance would put it there: "
                 "the ensemble on the outer twentieth, 1.14 [1.08, 1.22] times its area."]),
    (0.04, 0.9, []),
], ids=["wrong sums and places", "none"])
def test_what_speaks_against_the_maps_is_a_warning(largest, low, warned):
    ratios = {"border": {**RATIOS["border"], "low": low}, "markers": RATIOS["markers"]}
    shares = {name: {"value": 0.0012, "low": 0.0, "high": 0.1} for name in ratios}
    told = {"tolerance": 0.05, "completeness": {"one": {"largest": largest, "median": 0.01}},
            "artefacts": {"grad_cam": {"images": 9, "shares": {"ensemble": shares},
                                       "ratios": {"ensemble": ratios}}},
            "methods": ["grad_cam"], "localisation": None, "alone": None}
    assert account.warnings(told) == warned
    assert set(warned) < set(account.says(told))
    assert "white islands near the edge 0.12 %, 6.83 [0.20, 11.98] times its area" in (
        account.says(told)[1])


def test_everything_is_told_of_real_networks(project):
    folder, settings = project
    test = Predicted(_test().table, _test(masked=(101, 103, 105, 107, 109)).masks,
                _test().winner, settings)
    explanation = explain(test, folder / "after", folder / "before", folder / "pictures")
    told = account.content(explanation, gallery.draw(folder, explanation))
    assert [case["kind"] for case in told["cases"]] == ["right", "wrong", "nearest"]
    first = told["cases"][0]
    assert (first["explained"], first["target"], first["masked"]) == ("fractured",) * 2 + (True,)
    assert set(first["flat"]) == {"ensemble", "one", "two"}
    drawn = {file.name for file in folder.glob("*.png")}
    assert len(drawn) == 3 * (1 + 3 * 2)
    assert {first["picture"], *first["maps"]["two"].values()} < drawn
    assert set(first["shares"]["ensemble"]["grad_cam"]) == {
        "border", "outside_field", "markers", "mask"}
    # Padding counts as outside the field: a square picture in a square frame has none.
    assert first["areas"]["mask"] == pytest.approx(60**2 / 448**2, abs=1e-4)
    assert set(told["completeness"]) == {"one", "two"}
    assert 8 <= told["completeness"]["one"]["most_steps"] <= 16
    assert told["localisation"]["integrated_gradients"]["images"] == 3
    assert told["localisation"]["grad_cam"]["images"] == 5
    # Networks before and after are the same here: no map is better placed than it was.
    same = told["localisation"]["grad_cam"]["above"]["ensemble"]["before"]["share"]
    assert same == {"value": 0, "low": 0, "high": 0}
    of_ensemble = told["localisation"]["grad_cam"]["of"]["ensemble"]
    assert account.chosen(told) == {
        "border": told["artefacts"]["grad_cam"]["ratios"]["ensemble"]["border"]["value"],
        "hit": of_ensemble["hit"]["value"]}
    assert [line.split(" in ")[0] for line in account.says(told)[-2:]] == [
        f"The strongest point of the ensemble's {name} lies"
        for name in ("Integrated Gradients", "Grad-CAM")]
