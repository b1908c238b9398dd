"""Whatever cannot be answered is refused in one shape, and by the right status."""

import json
import pickle
import shutil
import socket
from pathlib import Path

import httpx
import pytest

from asked import assert_refused, png
from pickles import Touch
from project import Project

BEGUN = b'--x\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
BAD = [
    pytest.param({"files": {"image": ("x.png", b"")}}, 422, id="empty file"),
    pytest.param({"files": {"image": ("x.png", b"hello")}}, 422, id="text named .png"),
    pytest.param({"files": {"image": ("x.png", png((200, 150))[:60])}}, 422, id="cut short"),
    pytest.param({"files": {"picture": ("x.png", png((9, 9)))}}, 400, id="other field"),
    pytest.param({"files": {"image": (None, "http://example.com/x.png")}}, 400, id="an address"),
    pytest.param({"files": [("image", (None, "http://example.com/x.png")),
                            ("image", ("x.png", png((9, 9))))]}, 400, id="an address and a file"),
    pytest.param({"files": {"body_part": ("x.png", png((9, 9)))}}, 400, id="a file as body part"),
    pytest.param({"files": {"image": ("x.png", png((9, 9)))}, "data": {"side": "left"}}, 400,
                 id="a field beside the image"),
    pytest.param({"files": [("image", ("x.png", png((9, 9))))] * 2}, 400, id="two images"),
    pytest.param({"content": b"garbage", "headers": {
        "content-type": "multipart/form-data; boundary=x"}}, 400, id="malformed form"),
    pytest.param({"content": b"garbage", "headers": {
        "content-type": "multipart/form-data"}}, 400, id="form without a boundary"),
    pytest.param({"content": b"x", "headers": {
        "content-type": b"multipart/form-data; boundary=\xe4"}}, 400, id="no text"),
    pytest.param({"content": b""}, 415, id="no body"),
    pytest.param({"json": {"image": "x"}}, 415, id="JSON"),
    pytest.param({"files": {"image": ("x.png", bytes(33 * 2**20))}}, 413, id="33 MiB"),
    pytest.param({"content": iter([BEGUN, *[bytes(2**20)] * 33]), "headers": {
        "content-type": "multipart/form-data; boundary=x"}}, 413, id="33 MiB in chunks"),
]


@pytest.mark.parametrize(("request_", "status"), BAD)
def test_a_refusal_has_one_shape(client: httpx.Client, request_: dict, status: int) -> None:
    assert_refused(client.post("/v1/predict", **request_), status)


@pytest.mark.parametrize(("path", "status"), [
    ("/v1/predict", 415), ("/v1/study", 415), ("/v1/explain", 415), ("/v1/feedback", 415),
    ("/v1/card", 405), ("/", 405), ("/predict", 404)])
def test_nothing_is_unpickled(client: httpx.Client, tmp_path: Path, path: str,
                              status: int) -> None:
    """BentoML's own services talk to each other in pickles, and know them by this type."""
    reply = client.post(path, content=pickle.dumps(Touch(tmp_path / "unpickled")), headers={
        "content-type": "application/vnd.bentoml+pickle"})
    assert reply.status_code == status
    assert list(tmp_path.iterdir()) == []


ONE = {"image": ("x.png", png((90, 70)))}
SOME = [("images", ("x.png", png((90, 70))))]
NUMBER = "5f0c2b6e9d8a4e1fb3a7c64d10e29f85"
ELSEWHERE = [
    pytest.param("study", {"files": ONE}, 400, "image", id="a study of the field image"),
    pytest.param("study", {"files": SOME * 17}, 400, "images", id="more views than a study has"),
    pytest.param("study", {"files": [*SOME, ("images", ("y", b"GIF89a"))]}, 422, "images",
                 id="a view that is no radiograph"),
    pytest.param("explain", {"files": ONE, "data": {"label": "broken"}}, 422, "label",
                 id="a label that the model does not know"),
    pytest.param("explain", {"files": ONE, "data": {"layer": "x"}}, 422, "layer", id="no layer"),
    pytest.param("explain", {"files": {"image": ("x", b"no picture")}}, 422, "image",
                 id="nothing to explain"),
    pytest.param("feedback", {"json": {"request_id": "Jane Doe", "label": "normal"}}, 422,
                 "request_id", id="a name for a number"),
    pytest.param("feedback", {"json": {"request_id": NUMBER, "label": "fine"}}, 422, "label",
                 id="feedback of an unknown label"),
    pytest.param("feedback", {"json": {"request_id": NUMBER}}, 422, "label",
                 id="feedback without a label"),
    pytest.param("feedback", {"json": [NUMBER, "normal"]}, 400, None, id="feedback as a list"),
    pytest.param("feedback", {"content": b"{", "headers": {"content-type": "application/json"}},
                 400, None, id="feedback cut short"),
    pytest.param("feedback", {"data": {"request_id": NUMBER, "label": "normal"}}, 415, None,
                 id="feedback as a form"),
    pytest.param("nothing", {"json": {}}, 404, None, id="no such address"),
    pytest.param("card", {"json": {}}, 405, None, id="another method"),
]


@pytest.mark.parametrize(("address", "request_", "status", "field"), ELSEWHERE)
def test_other_addresses_refuse_in_the_same_shape(
        client: httpx.Client, address: str, request_: dict, status: int, field: str) -> None:
    reply = client.post(f"/v1/{address}", **request_)
    assert_refused(reply, status)
    assert reply.json()["field"] == field


@pytest.mark.parametrize(("variables", "said"), [
    pytest.param({"OSTEON_PACKAGE": "/nowhere"}, "holds no packaged model",
                 id="no package"),
    pytest.param({"OSTEON_MAX_BODY_MB": "0"}, "OSTEON_MAX_BODY_MB: ", id="an impossible limit"),
])
def test_what_keeps_it_from_starting_is_said_in_one_line(
        demo: Project, variables: dict, said: str) -> None:
    assert said in _refused_start(demo, **variables)


def test_a_package_of_an_earlier_version_keeps_it_from_starting(
        demo: Project, tmp_path: Path) -> None:
    package = shutil.copytree(demo.folder / "artifacts/package", tmp_path / "package")
    card = json.loads((package / "card.json").read_text())
    assert card.pop("format") == 1
    (package / "card.json").write_text(json.dumps(card))
    assert _refused_start(demo, OSTEON_PACKAGE=str(package)) == (
        f"osteon: {package}: a package without a format number, of an earlier version; format 1 is "
        "wanted. Run `dvc repro package`, or serve it with the version of osteon that made it")


def test_a_damaged_graph_keeps_it_from_starting(demo: Project, tmp_path: Path) -> None:
    package = shutil.copytree(demo.folder / "artifacts/package", tmp_path / "package")
    graph = min((package / "members").iterdir())
    whole = graph.read_bytes()
    graph.unlink()  # it may be a link into DVC's cache
    graph.write_bytes(whole[:-1000])
    assert f"{graph}: cannot be used (" in _refused_start(demo, OSTEON_PACKAGE=str(package))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
def test_a_port_that_is_taken_keeps_it_from_starting(demo: Project, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert _refused_start(demo, "--host", host, "--port", port) == (
            f"osteon: cannot listen on {host}, port {port}: Address already in use; end what does, "
            "or choose another by --port")


def _refused_start(demo: Project, *arguments: str, **variables: str) -> str:
    """Start a service that ends by itself; give the one line that says why."""
    output = demo.run("timeout", "60", "bentoml", "serve", *arguments, fails=True,
                      env={**demo.environment, **variables}).splitlines()
    assert not any("Traceback" in line for line in output)
    [line] = [line for line in output if line.startswith("osteon: ")]
    return line
