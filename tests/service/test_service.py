"""The packaged ensemble behind `bentoml serve`: the same answers as evaluation, typed refusals."""

import json
import os
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import httpx
import numpy as np
import pandas as pd
import pytest

from asked import assert_refused, png
from project import Project
from served import serving


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
        assert set(reply) == {"label", "probability", "probabilities", "threshold",
                              "threshold_rule", "members", "warnings", "model_version", "mark",
                              "request_id"}
        assert {f"{member}:abnormal" for member in reply["members"]} == {
            name for name in row.index if name.endswith(":abnormal") and "_before:" not in name} - {
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
images, _ = predict(cut, "test", out, Path("artifacts/finetune"), settings)
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
    assert reply["threshold_rule"] == chosen["threshold_rule"]


def file_of(demo: Project, row: pd.Series) -> Path:
    return demo.folder / "data/sample/MURA-v1.1" / row["path"]


def sent(name: str, files: list[Path]) -> list[tuple]:
    return [(name, (file.name, file.read_bytes())) for file in files]


def lines(monitoring: Path) -> list[dict]:
    return [json.loads(line) for file in sorted(monitoring.glob("*.jsonl"))
            for line in file.read_text().splitlines()]


def test_a_study_gets_the_verdict_that_evaluation_gave(
        demo: Project, client: httpx.Client) -> None:
    images = demo.table("artifacts/evaluate/predictions.csv")
    chosen = json.loads((demo.folder / "artifacts/package/ensemble.json").read_text())
    for _, study in demo.table("artifacts/evaluate/studies.csv").iloc[:5].iterrows():
        rows = images[images["study_id"] == study["study_id"]]
        reply = client.post(
            "/v1/study", data={"body_part": study["body_part"]},
            files=sent("images", [file_of(demo, row) for _, row in rows.iterrows()])).json()
        assert_same(reply, study)
        assert reply["threshold"] == chosen["thresholds"]["study"]
        for view, (_, row) in zip(reply["views"], rows.iterrows(), strict=True):
            assert_same(view, row)


def test_an_explanation_is_a_picture_of_the_radiograph_s_shape(
        demo: Project, client: httpx.Client) -> None:
    row = demo.table("artifacts/evaluate/predictions.csv").iloc[0]
    pictures = {}
    for layer in ("overlay", "heat", "picture"):
        reply = client.post("/v1/explain", files=sent("image", [file_of(demo, row)]),
                            data={"label": "abnormal", "layer": layer})
        assert reply.headers["content-type"] == "image/png"
        pictures[layer] = cv2.imdecode(np.frombuffer(reply.content, np.uint8), cv2.IMREAD_UNCHANGED)
        height, width = pictures[layer].shape[:2]
        assert height / width == pytest.approx(row["height_px"] / row["width_px"], abs=0.01)
    assert pictures["overlay"].shape == (row["height_px"], row["width_px"], 3)
    assert pictures["heat"].shape[2] == 4  # with its opacity
    assert pictures["picture"].shape == (row["height_px"], row["width_px"])


def test_the_explanation_is_of_the_verdict_unless_a_label_is_named(
        demo: Project, client: httpx.Client) -> None:
    row = demo.table("artifacts/evaluate/predictions.csv").iloc[0]
    files = sent("image", [file_of(demo, row)])
    verdict = ask(client, file_of(demo, row))["label"]
    other = "normal" if verdict == "abnormal" else "abnormal"
    unnamed, same, opposite = (client.post("/v1/explain", files=files, data=data).content
                               for data in ({}, {"label": verdict}, {"label": other}))
    assert unnamed == same
    assert unnamed != opposite


def test_the_card_is_the_package_s(demo: Project, client: httpx.Client) -> None:
    package = demo.folder / "artifacts/package"
    assert client.get("/v1/card").json() == json.loads((package / "card.json").read_text())
    assert client.get("/card").content == (package / "card.html").read_bytes()


def test_the_log_holds_numbers_and_nothing_of_whom_they_are(
        demo: Project, client: httpx.Client, monitoring: Path) -> None:
    row = demo.table("artifacts/evaluate/predictions.csv").iloc[3]
    index = demo.table("artifacts/index/index.csv").set_index("path").loc[row["path"]]
    reply = client.post(
        "/v1/predict", data={"body_part": "Jane Doe"}, headers={"X-Request-ID": "Jane-Doe"},
        files={"image": ("doe_jane_1970.png", file_of(demo, row).read_bytes())})
    said = reply.json()
    assert reply.headers["X-Request-ID"] == said["request_id"]
    assert [warning["kind"] for warning in said["warnings"]] == ["unknown_body_part"]
    line = lines(monitoring)[-1]
    assert set(line) == {"kind", "time", "request_id", "model_version", "familiarity",
                         "body_part", "statistics", "coordinates", "probabilities", "label",
                         "warnings"}
    assert (line["kind"], line["request_id"]) == ("prediction", said["request_id"])
    assert line["statistics"] == {name: index[name] for name in line["statistics"]}
    assert line["probabilities"] == {name: round(value, 6)
                                     for name, value in said["probabilities"].items()}
    written = "".join(file.read_text() for file in monitoring.iterdir()).lower()
    assert "doe" not in written


def test_feedback_meets_its_prediction_in_the_log(
        demo: Project, client: httpx.Client, monitoring: Path) -> None:
    row = demo.table("artifacts/evaluate/predictions.csv").iloc[0]
    asked = ask(client, file_of(demo, row))["request_id"]
    reply = client.post("/v1/feedback", json={"request_id": asked, "label": row["label"]})
    own = reply.headers["X-Request-ID"]
    assert reply.json() == {"request_id": own, "prediction_id": asked, "label": row["label"]}
    assert own != asked
    prediction, feedback = lines(monitoring)[-2:]
    assert prediction["request_id"] == feedback["request_id"] == asked
    assert (feedback["kind"], feedback["label"]) == ("feedback", row["label"])


def test_health_is_told_while_a_large_study_is_judged(client: httpx.Client) -> None:
    views = [("images", ("x.png", png((2000, 2000))))] * 8
    with ThreadPoolExecutor(1) as pool:
        study = pool.submit(client.post, "/v1/study", files=views)
        told = 0
        while not study.done():
            assert client.get("/livez").status_code == 200
            told += not study.done()
    assert len(study.result().json()["views"]) == 8
    assert told > 5  # a blocked server would have answered once, before it began


def test_programs_are_told_the_truth_without_a_network(client: httpx.Client) -> None:
    described = client.get("/docs.json").json()
    assert described["openapi"] == "3.1.0"
    for path, operations in described["paths"].items():
        expected = 405 if "post" in operations else 200
        assert client.get(path).status_code == expected, path
    docs = client.get("/docs").text
    assert "//" not in docs.replace("<!doctype html>", "")  # nothing comes from elsewhere
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"):
        assert f"static_content/{name}" in docs
        assert client.get(f"/static_content/{name}").status_code == 200
    assert "Not a medical device" in client.get("/").text


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


def test_the_service_needs_no_torch(demo: Project) -> None:
    demo.run("python", "-c", "import sys, osteon.serving.service\n"
             "heavy = {'torch', 'timm', 'pandas', 'sklearn'} & set(sys.modules)\n"
             "assert not heavy, heavy")


@pytest.fixture(scope="module")
def elsewhere(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the variables of an environment with the libraries, but with an osteon of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    demo.run("python", "-m", "venv", "--without-pip", str(folder))
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # What is added so is not looked through for other .pth files, such as ours.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    (packages / "osteon").mkdir()
    (packages / "osteon/__init__.py").write_text("raise SystemExit('the installed osteon runs')")
    command = folder / "bin/bentoml"
    command.write_text(f"#!{folder}/bin/python\nfrom bentoml_cli.cli import cli\ncli()\n")
    command.chmod(0o755)
    return {"PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}


def test_the_built_bento_runs_its_own_code_and_keeps_what_it_is_asked_to_keep(
        demo: Project, tmp_path: Path, elsewhere: dict[str, str]) -> None:
    said = demo.run("python", "-c", "import osteon", fails=True, env={**os.environ, **elsewhere})
    assert said.strip() == "the installed osteon runs"
    version = json.loads((demo.folder / "artifacts/package/card.json").read_text())["version"]
    bento = demo.folder / f"runs/bentoml/bentos/osteon/{version}"
    kept = tmp_path / "kept"
    row = demo.table("artifacts/evaluate/predictions.csv").iloc[0]
    with serving(demo, tmp_path, str(bento), OSTEON_MONITORING="off",
                 OSTEON_KEEP_UPLOADS=str(kept), **elsewhere) as server:
        reply = ask(server.client, file_of(demo, row), row["body_part"])
        assert_same(reply, row)
        assert_refused(server.client.post("/v1/feedback", json={
            "request_id": reply["request_id"], "label": "normal"}), 503)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files == [kept / reply["request_id"] / "1.png"]
    assert files[0].read_bytes() == file_of(demo, row).read_bytes()


def test_its_start_and_its_end_tell_nobody(demo: Project, tmp_path: Path) -> None:
    """BentoML prints under this variable what it would send otherwise."""
    asked = {"__BENTOML_DEBUG_USAGE": "True", "BENTOML_DO_NOT_TRACK": ""}
    told = "Tracking Payload"
    assert told in demo.run("bentoml", "list", env={**demo.environment, **asked})
    with serving(demo, demo.folder, OSTEON_MONITORING="off", **asked) as server:
        server.stop()
        lines = server.log.read_text().splitlines()
    assert not [line for line in lines if told in line]
    assert len([line for line in lines if "no API key is asked for" in line]) == 1


def test_where_keys_are_asked_for_the_start_does_not_say_otherwise(demo: Project) -> None:
    with serving(demo, demo.folder, OSTEON_MONITORING="off",
                 OSTEON_API_KEYS="4f0c2b7d9a1e8653") as server:
        assert server.client.get("/v1/card").status_code == 401
        assert "no API key is asked for" not in server.log.read_text()
