"""The packaged ensemble behind `bentoml serve`: the same answers as evaluation, typed refusals."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
import pandas as pd
import pytest

from project import Project


@contextmanager
def served(project: Project, folder: Path, *arguments: str) -> Iterator[httpx.Client]:
    """Run `bentoml serve` in a folder until the tests are through."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        process = project.start("bentoml", "serve", *arguments, "--port", str(port), cwd=folder,
                                stdout=log, stderr=subprocess.STDOUT)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                _await_ready(client, process, Path(log.name))
                yield client
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _await_ready(client: httpx.Client, process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def client(demo: Project) -> Iterator[httpx.Client]:
    with served(demo, demo.folder) as client:
        yield client


def ask(client: httpx.Client, file: Path, body_part: str = "") -> dict:
    reply = client.post("/v1/predict", files={"image": (file.name, file.read_bytes())},
                        data={"body_part": body_part} if body_part else {})
    assert reply.status_code == 200, reply.text
    return reply.json()


def assert_same(reply: dict, row: pd.Series) -> None:
    for member, by_label in reply["members"].items():
        for label, probability in by_label.items():
            assert probability == pytest.approx(row[f"{member}:{label}"], abs=1e-4)
    for label, probability in reply["probabilities"].items():
        assert probability == pytest.approx(row[f"ensemble:{label}"], abs=1e-4)
    assert reply["probability"] == reply["probabilities"]["abnormal"]
    assert reply["label"] == ("abnormal" if row["verdict"] else "normal")


def test_drawn_images_get_the_probability_that_evaluation_gave(
        demo: Project, client: httpx.Client) -> None:
    for _, row in demo.table("artifacts/evaluate/predictions.csv").iloc[:10].iterrows():
        reply = ask(client, demo.folder / "data/sample/MURA-v1.1" / row["path"], row["body_part"])
        assert set(reply) == {"label", "probability", "probabilities", "threshold", "members",
                              "model_version", "mark"}
        assert {f"{member}:abnormal" for member in reply["members"]} == {
            name for name in row.index if name.endswith(":abnormal")} - {
            "ensemble:abnormal", "shortcuts:abnormal"}
        assert_same(reply, row)


def test_real_images_get_the_probability_that_evaluation_gives(
        demo: Project, client: httpx.Client, real_data: Path, tmp_path: Path) -> None:
    folders = sorted((real_data / "FracAtlas/images").iterdir())
    images = [file for folder in folders for file in sorted(folder.glob("*.jpg"))[:5]]
    code = """
import sys
from pathlib import Path
from osteon import params, preprocessing
from osteon.aggregation import with_verdicts
from osteon.combination import Combination
from osteon.files import read_json
from osteon.imaging import PreprocessSpec
from osteon.predictions import predict
from osteon.records import read_table
from osteon.splits import Splits
settings, out = params.load(), Path(sys.argv[1])
for member in settings.model.members:
    spec = PreprocessSpec(**settings.of(member).preprocess.model_dump())
    (out / member).mkdir()
    preprocessing.write_pictures({out / member / "pictures.npy": spec},
                                 [Path(path) for path in sys.argv[2:]])
cut = Splits(read_table(out / "split.csv"))
images = predict(cut, "test", out, Path("artifacts/finetune"), settings)
winner = Combination.from_json(read_json(Path("artifacts/ensemble/ensemble.json")))
with_verdicts(images, winner).to_csv(out / "predictions.csv", index=False)
"""
    split = demo.table("artifacts/split/split.csv").iloc[:len(images)].assign(
        part="test", path=[str(file) for file in images])
    split.to_csv(tmp_path / "split.csv", index=False)
    demo.run("python", "-c", code, str(tmp_path), *map(str, images))
    rows = pd.read_csv(tmp_path / "predictions.csv")
    assert len(rows) == 10
    for _, row in rows.iterrows():
        assert_same(ask(client, Path(row["path"]), row["body_part"]), row)


def test_the_reply_names_the_version_and_threshold_of_the_package(
        demo: Project, client: httpx.Client) -> None:
    package = demo.folder / "artifacts/package"
    reply = ask(client, next((demo.folder / "data/sample/MURA-v1.1").rglob("*.png")))
    assert reply["model_version"] == json.loads((package / "card.json").read_text())["version"]
    chosen = json.loads((package / "ensemble.json").read_text())
    assert reply["threshold"] == chosen["thresholds"]["image"]


def png(shape: tuple[int, ...], dtype: type = np.uint8) -> bytes:
    return cv2.imencode(".png", np.full(shape, 90, dtype))[1].tobytes()


GOOD = [
    pytest.param(png((200, 150)), id="grey PNG"),
    pytest.param(png((200, 150, 3)), id="colour PNG"),
    pytest.param(png((200, 150, 4)), id="transparent PNG"),
    pytest.param(png((200, 150), np.uint16), id="16-bit PNG"),
    pytest.param(png((1, 1)), id="one pixel"),
    pytest.param(cv2.imencode(".jpg", np.full((90, 70, 3), 50, np.uint8))[1].tobytes(), id="JPEG"),
]


@pytest.mark.parametrize("content", GOOD)
def test_any_readable_picture_is_judged(client: httpx.Client, content: bytes) -> None:
    reply = client.post("/v1/predict", files={"image": ("x", content)})
    assert reply.status_code == 200
    assert 0 <= reply.json()["probability"] <= 1


BAD = [
    pytest.param({"files": {"image": ("x.png", b"")}}, 422, id="empty file"),
    pytest.param({"files": {"image": ("x.png", b"hello")}}, 422, id="text named .png"),
    pytest.param({"files": {"image": ("x.png", png((200, 150))[:60])}}, 422, id="cut short"),
    pytest.param({"files": {"picture": ("x.png", png((9, 9)))}}, 400, id="other field"),
    pytest.param({"files": {"image": (None, "http://example.com/x.png")}}, 400, id="an address"),
    pytest.param({"files": [("image", (None, "http://example.com/x.png")),
                            ("image", ("x.png", png((9, 9))))]}, 400, id="an address and a file"),
    pytest.param({"files": {"image": ("x.png", png((9, 9)))}, "data": {"body_part": "skull"}}, 422,
                 id="a body part that the model does not know"),
    pytest.param({"files": {"body_part": ("x.png", png((9, 9)))}}, 400, id="a file as body part"),
    pytest.param({"files": {"image": ("x.png", png((9, 9)))}, "data": {"side": "left"}}, 400,
                 id="a field beside the image"),
    pytest.param({"files": [("image", ("x.png", png((9, 9))))] * 2}, 400, id="two images"),
    pytest.param({"content": b"garbage", "headers": {
        "content-type": "multipart/form-data; boundary=x"}}, 400, id="malformed form"),
    pytest.param({"content": b"garbage", "headers": {
        "content-type": "multipart/form-data"}}, 400, id="form without a boundary"),
    pytest.param({"content": b""}, 415, id="no body"),
    pytest.param({"json": {"image": "x"}}, 415, id="JSON"),
    pytest.param({"files": {"image": ("x.png", bytes(33 * 2**20))}}, 413, id="33 MiB"),
    pytest.param({"content": iter([bytes(2**20)] * 33), "headers": {
        "content-type": "multipart/form-data; boundary=x"}}, 413, id="33 MiB in chunks"),
]


@pytest.mark.parametrize(("request_", "status"), BAD)
def test_a_refusal_has_one_shape(client: httpx.Client, request_: dict, status: int) -> None:
    reply = client.post("/v1/predict", **request_)
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert set(body) == {"error", "detail", "field"}
    assert isinstance(body["detail"], str)
    assert body["detail"]


def test_the_service_needs_no_torch(demo: Project) -> None:
    demo.run("python", "-c", "import sys, osteon.serving.service\n"
             "heavy = {'torch', 'timm', 'pandas', 'sklearn'} & set(sys.modules)\n"
             "assert not heavy, heavy")


def test_the_built_bento_answers_by_itself(demo: Project, tmp_path: Path) -> None:
    version = json.loads((demo.folder / "artifacts/package/card.json").read_text())["version"]
    bento = demo.folder / f"runs/bentoml/bentos/osteon/{version}"
    with served(demo, tmp_path, str(bento)) as client:
        row = demo.table("artifacts/evaluate/predictions.csv").iloc[0]
        path = demo.folder / "data/sample/MURA-v1.1" / row["path"]
        assert_same(ask(client, path, row["body_part"]), row)


def test_without_a_package_the_remedy_is_named(demo: Project, tmp_path: Path) -> None:
    environment = {**demo.environment, "OSTEON_PACKAGE": str(tmp_path)}
    code = ("from pathlib import Path; from osteon.serving.predictor import Predictor\n"
            f"Predictor.load(Path({str(tmp_path)!r}))")
    output = demo.run("python", "-c", code, fails=True, env=environment)
    assert "run `dvc repro`" in output
