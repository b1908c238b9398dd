"""The loop closes: what the service has seen is compared with what it was chosen on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import ROOT, Project
from served import Server, serving

IMAGES, LABELLED = 200, 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def server(demo: Project, folder: Path) -> Iterator[Server]:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(folder / "log")) as server:
        yield server


def _loop(demo: Project, server: Server, folder: Path, name: str, *arguments: str,
          fails: bool = False) -> tuple[str, dict]:
    """Run the documented command; give what it said and found."""
    out = folder / name
    said = demo.run("python", "-m", "benchmarks.loop", "--host", str(server.client.base_url),
                    "--log", str(folder / "log"), "-o", str(out), "--fail-on-drift", *arguments,
                    fails=fails)
    assert (out / "report.html").is_file()
    return said, json.loads((out / "drift.json").read_text())


def test_plain_images_are_no_drift_and_labels_told_give_figures(
        demo: Project, server: Server, folder: Path) -> None:
    said, found = _loop(demo, server, folder, "plain")
    assert found["drifted"] is False, found["verdict"]
    assert found["images"] == {"reference": 151, "current": IMAGES}
    assert found["unlike"]["share"] < 0.05
    image = found["performance"]["image"]
    assert image["labelled"] == LABELLED
    auroc = image["figures"]["auroc"]
    assert 0.5 < auroc["low"] < auroc["value"] <= auroc["high"] <= 1
    assert f"feedback by image, of {LABELLED} labels told: AUROC" in said
    assert (folder / "plain/columns.png").is_file()


def test_dark_and_blurred_images_are_found_and_named(
        demo: Project, server: Server, folder: Path) -> None:
    said, found = _loop(demo, server, folder, "half", "--half", fails=True)
    assert found["drifted"]
    tests = {test["name"]: test for test in found["tests"] if test["differs"]}
    assert {"mean", "sharpness", "p95", "embedding"} <= set(tests)
    assert "lower" in tests["mean"]["says"]
    for name, documented in (("sharpness", 1.53), ("p95", 1.44)):
        assert f"{name} lower by {documented} sd" in (ROOT / "docs/drift.md").read_text()
        assert tests[name]["says"].startswith(f"{name} lower by ")
        assert tests[name]["value"] == pytest.approx(documented, abs=0.15)
    # Fewer are called abnormal; by how little it takes chance depends on the trained network.
    verdicts = next(test["says"] for test in found["tests"] if test["name"] == "verdicts")
    now, before = map(int, re.fullmatch(
        r"verdicts \(abnormal (\d+) % instead of (\d+) %\)", verdicts).groups())
    assert now < before
    # How far embeddings move depends on it too: .044 and .066 were seen.
    assert tests["embedding"]["threshold"] < tests["embedding"]["value"] < 0.1
    assert tests["embedding"]["value"] > 0.03
    assert found["unlike"]["share"] == pytest.approx(0.36, abs=0.1)
    assert found["unlike"]["reasons"]["sharpness"] == pytest.approx(0.33, abs=0.1)
    # One readable line at the end, and the outputs are there all the same.
    assert said.splitlines()[-1] == f"error: {found['verdict']}"


def test_of_too_few_images_the_command_says_so(
        demo: Project, server: Server, folder: Path) -> None:
    said, found = _loop(demo, server, folder, "few", "--half", "--images", "20", fails=True)
    assert (found["drifted"], found["tests"]) == (None, [])
    assert said.splitlines()[-1] == f"error: {found['verdict']}"
    assert found["verdict"].startswith("no verdict: nothing can be said of 20 current images; "
                                       "50 a side are needed (drift.least_images); ")
    assert found["verdict"] in (folder / "few/report.html").read_text()
    assert not (folder / "few/columns.png").exists()


@pytest.mark.parametrize(("changed", "said"), [
    pytest.param({"--log": "nowhere"}, "error: nowhere: not the log of this service", id="log"),
    pytest.param({"--host": "http://127.0.0.1:9"}, "does not answer as the service does",
                 id="host"),
])
def test_a_slip_in_the_command_is_said_in_one_line(
        demo: Project, server: Server, folder: Path, changed: dict[str, str], said: str) -> None:
    options = {"--host": str(server.client.base_url), "--log": str(folder / "log"),
               "--images": "1", **changed}
    words = [word for option in options.items() for word in option]
    output = demo.run("python", "-m", "benchmarks.loop", *words, fails=True)
    assert said in output.splitlines()[-1]
