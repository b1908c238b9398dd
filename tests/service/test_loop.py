"""The loop closes: what the service has seen is compared with what it was chosen on."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from project import Project
from served import serving

Picture = NDArray[np.uint8]
IMAGES = 200
LABELLED = 60


def _plain(_: int, picture: Picture) -> Picture:
    return picture


def _every_other_dark_and_blurred(number: int, picture: Picture) -> Picture:
    if number % 2:
        return picture
    return cv2.GaussianBlur((picture * 0.5).astype(np.uint8), (0, 0), 2.5)


def _send(client: httpx.Client, demo: Project, change: Callable[[int, Picture], Picture]) -> None:
    """Send images of the test part, and tell the true label of some."""
    rows = demo.table("artifacts/evaluate/predictions.csv").iloc[:IMAGES]
    for number, (path, label) in enumerate(zip(rows["path"], rows["label"], strict=True)):
        picture = cv2.imread(str(demo.folder / "data/sample/MURA-v1.1" / path), 0)
        content = cv2.imencode(".png", change(number, picture))[1].tobytes()
        reply = client.post("/v1/predict", files={"image": ("x.png", content)})
        assert reply.status_code == 200, reply.text
        if number < LABELLED:
            told = client.post("/v1/feedback", json={
                "request_id": reply.json()["request_id"], "label": label})
            assert told.status_code == 200, told.text


@pytest.fixture(scope="module")
def logs(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give what one service wrote while plain images came, and then while others did."""
    folder = tmp_path_factory.mktemp("loop")
    found, lines = {}, 0
    with serving(demo, demo.folder, OSTEON_MONITORING=str(folder / "log")) as server:
        for name, change in (("plain", _plain), ("half", _every_other_dark_and_blurred)):
            _send(server.client, demo, change)
            [log] = (folder / "log").glob("*.jsonl")
            written = log.read_text().splitlines(keepends=True)
            found[name] = folder / f"{name}.jsonl"
            found[name].write_text("".join(written[lines:]))
            lines = len(written)
    return found


def _drift(demo: Project, log: Path, *arguments: str, fails: bool = False) -> tuple[str, dict]:
    out = log.with_suffix("")
    said = demo.run("python", "-m", "osteon.drift", str(log), "-o", str(out), *arguments,
                    fails=fails)
    assert (out / "report.html").is_file()
    assert (out / "columns.png").is_file()
    return said, json.loads((out / "drift.json").read_text())


def test_plain_images_are_no_drift_and_labels_told_give_figures(
        demo: Project, logs: dict[str, Path]) -> None:
    said, found = _drift(demo, logs["plain"], "--fail-on-drift")
    assert not found["drifted"], found["verdict"]
    assert found["images"] == {"reference": 151, "current": IMAGES}
    assert found["unlike"]["share"] < 0.05
    image = found["performance"]["image"]
    assert image["labelled"] == LABELLED
    auroc = image["figures"]["auroc"]
    assert 0.5 < auroc["low"] < auroc["value"] <= auroc["high"] <= 1
    assert f"feedback by image, of {LABELLED} labels told: AUROC" in said


def test_dark_and_blurred_images_are_found_and_named(
        demo: Project, logs: dict[str, Path]) -> None:
    said, found = _drift(demo, logs["half"], "--fail-on-drift", fails=True)
    assert found["drifted"]
    differing = {test["name"]: test["says"] for test in found["tests"] if test["differs"]}
    assert {"mean", "sharpness", "embedding"} <= set(differing)
    assert "lower" in differing["mean"]
    assert "lower" in differing["sharpness"]
    assert found["unlike"]["share"] > 0.1
    assert found["unlike"]["reasons"]["sharpness"] > 0.1
    # One readable line at the end, and the outputs are there all the same.
    assert said.splitlines()[-1] == f"error: {found['verdict']}"


def test_of_too_few_images_the_command_says_so_and_fails_nothing(
        demo: Project, logs: dict[str, Path]) -> None:
    lines = logs["half"].read_text().splitlines(keepends=True)
    few, out = logs["half"].with_name("few.jsonl"), logs["half"].with_name("few")
    few.write_text("".join([line for line in lines if '"kind":"prediction"' in line][:20]))
    said = demo.run("python", "-m", "osteon.drift", str(few), "-o", str(out), "--fail-on-drift")
    found = json.loads((out / "drift.json").read_text())
    assert (found["drifted"], found["tests"]) == (None, [])
    assert said.splitlines()[-1] == found["verdict"]
    assert found["verdict"].startswith("no verdict: nothing can be said of 20 current images; "
                                       "50 a side are needed (drift.least_images); ")
    assert found["verdict"] in (out / "report.html").read_text()
    assert not (out / "columns.png").exists()
