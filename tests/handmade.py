"""Packages whose graphs are written by hand, so that every number they answer with is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from osteon import ondemand
from osteon.combination import Combination
from osteon.familiarity import Familiarity
from osteon.files import write_json
from osteon.imaging import statistics
from osteon.packaged import FORMAT
from osteon.records import STATISTICS
from osteon.serving.predictor import Predictor

SPEC = {"image_size_px": 8, "contrast": "none", "clahe_clip": 2.0, "clahe_grid": 8, "fit": "squash"}
TWO, THREE = ("normal", "abnormal"), ("thin", "middle", "dense")
CARD = {"format": FORMAT, "version": "v1", "body_parts": ["hand", "wrist"], "dataset": {
    "quarantine": {"blank_sd": 0.01, "least_side_px": 16, "most_elongated": 6.0}}}
RULE = {"threshold_rule": "youden", "required_sensitivity": None}


def write_graph(file: Path, slopes: Sequence[float], side: int) -> None:
    """Write a graph whose logits are slopes times the picture's mean grey value, 0 to 1.

    Its map is the picture, its feature the mean; Grad-CAM's weights are the slopes over the area.
    """
    weights = np.array([slopes], np.float32)[..., np.newaxis] / side**2
    nodes = [helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1, 2, 3], keepdims=0),
             helper.make_node("Unsqueeze", ["grey", "last"], ["features"]),
             helper.make_node("Mul", ["features", "slopes"], ["logits"]),
             helper.make_node("Identity", ["images"], ["map"]),
             helper.make_node("Identity", ["weights"], ["gradient"])]
    shapes = {"logits": ["batch", len(slopes)], "features": ["batch", 1],
              "map": ["batch", 1, side, side], "gradient": [1, len(slopes), 1]}
    graph = helper.make_graph(
        nodes, "mean", [helper.make_tensor_value_info(
            "images", TensorProto.FLOAT, ["batch", 1, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
         for name, shape in shapes.items()],
        [numpy_helper.from_array(np.array([1], np.int64), "last"),
         numpy_helper.from_array(np.array([slopes], np.float32), "slopes"),
         numpy_helper.from_array(weights, "weights")])
    ondemand.defer(graph, "gradient", "explain")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                ir_version=8), file)


def packaged(folder: Path, combination: Combination, slopes: Sequence[Sequence[float]],
             specs: dict[str, dict[str, Any]] | None = None, rule: dict[str, Any] = RULE,
             **card: Any) -> Predictor:
    """Write a package of a combination whose members have these slopes, and load it."""
    (folder / "members").mkdir(parents=True)
    specs = specs or dict.fromkeys(combination.members, SPEC)
    for member, of_member in zip(combination.members, slopes, strict=True):
        side = specs[member]["image_size_px"]
        write_graph(folder / "members" / f"{member}.onnx", of_member, side)
    write_json(folder / "ensemble.json", {**combination.to_json(), **rule})
    write_json(folder / "preprocess.json", specs)
    write_json(folder / "card.json", {**CARD, **card})
    reference(len(combination.members)).save(folder / "familiarity.npz")
    return Predictor.load(folder)


def reference(members: int) -> Familiarity:
    """Describe 60 plain pictures of any grey as the reference, each of its own patient."""
    pictures = [np.full((20, 30), value, np.uint8) for value in np.linspace(0, 255, 60)]
    features = [[picture.mean() / 255] * members for picture in pictures]
    measured = [list(statistics(picture).values()) for picture in pictures]
    return Familiarity.fit(features, measured, [str(number) for number in range(60)], STATISTICS)


def png(picture: Any) -> bytes:
    """Encode a picture of grey values from 0 to 255."""
    return cv2.imencode(".png", np.asarray(picture, np.uint8))[1].tobytes()


def plain(value: int) -> bytes:
    """Encode a picture of one grey, 30 x 20 pixels."""
    return png(np.full((20, 30), value))
