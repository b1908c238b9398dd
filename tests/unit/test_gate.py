"""All guards together over a small application: their order, the headers, what is counted."""

import os
import subprocess
import sys

import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from osteon.serving import gate, telemetry
from osteon.serving.settings import Settings

KEY = "1111111111111111"
WITH_KEY = {"X-API-Key": KEY}


def _client(**settings):
    async def page(_request):
        return PlainTextResponse("page")

    async def predict(_request):
        return JSONResponse({"label": "normal"})

    async def broken(_request):
        raise RuntimeError("a bug with a secret in it")

    routes = [Route("/", page), Route("/card", page), Route("/v1/card", predict),
              Route("/v1/predict", predict, methods=["POST"]),
              Route("/v1/explain", broken, methods=["POST"])]
    guards = gate.middlewares(Settings(**settings))
    app = Starlette(routes=routes, middleware=[Middleware(kind, **options)
                                               for kind, options in guards])
    return TestClient(app, raise_server_exceptions=False)


def _sent(size=100):
    return {"files": {"image": ("x", bytes(size))}}


def test_the_key_comes_before_the_upload():
    client = _client(api_keys=(KEY,), max_body_mb=1)
    large = _sent(2**20 + 1)
    assert client.post("/v1/predict", **large).status_code == 401
    assert client.post("/v1/predict", **large, headers=WITH_KEY).status_code == 413
    assert client.post("/v1/predict", **_sent(), headers=WITH_KEY).status_code == 200
    assert client.get("/v1/card").status_code == 401
    assert client.get("/v1/elsewhere").status_code == 401
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("guarded", "status"), [(False, 200), (True, 401)])
def test_metrics_ask_for_a_key_where_that_is_wanted(guarded, status):
    client = _client(api_keys=(KEY,), guard_metrics=guarded)
    assert client.get("/metrics").status_code == status
    assert client.get("/metrics", headers=WITH_KEY).status_code == 200


@pytest.mark.parametrize(("method", "path", "status", "error"), [
    ("GET", "/v1/predict", 405, "Method Not Allowed"),
    ("GET", "/v1/nothing", 404, "Not Found"),
    ("POST", "/v1/explain", 500, "Internal Server Error"),
])
def test_the_frameworks_refusals_have_our_shape(method, path, status, error):
    reply = _client().request(method, path, **(_sent() if method == "POST" else {}))
    assert (reply.status_code, reply.json()["error"]) == (status, error)
    assert reply.json().keys() == {"error", "detail", "field"}
    assert "secret" not in reply.text
    assert (status != 405) or "POST" in reply.headers["allow"]


def test_a_bug_is_logged_by_its_place_and_not_by_its_words(caplog):
    _client().post("/v1/explain", **_sent())
    [line] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "RuntimeError" in line.getMessage()
    assert "test_gate.py:" in line.getMessage()
    assert "secret" not in caplog.text


@pytest.mark.parametrize("path", ["/schema.json", "/v1/predict/", "/v1/card/", "/card/"])
def test_there_is_no_address_but_those_described(path):
    reply = _client().get(path, follow_redirects=False)
    assert (reply.status_code, reply.json()["detail"]) == (404, "no such address")


def test_a_line_for_each_request_quotes_no_address_that_is_unknown(caplog):
    client = _client()
    client.get("/v1/card")
    client.get("/JaneDoe1970?name=Doe")
    client.get("/v1/predict/JaneDoe1970/")
    client.get("/livez")
    lines = [record.getMessage() for record in caplog.records
             if record.name == "osteon.serving.access"]
    assert [line.split()[:4] for line in lines] == [
        ["testclient", "GET", "/v1/card", "200"], ["testclient", "GET", "other", "404"],
        ["testclient", "GET", "other", "404"]]
    assert "Doe" not in " ".join(lines)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/v1/nothing"), ("GET", "/x"),
                                              ("POST", "/v1/predict"), ("GET", "/metrics")])
def test_every_reply_tells_browsers_what_is_allowed(method, path):
    headers = _client(api_keys=(KEY,)).request(method, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert (headers.get("cache-control") == "no-store") == path.startswith("/v1/")


def test_the_card_may_have_styles_in_itself_and_no_script():
    policy = _client().get("/card").headers["content-security-policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "script-src" not in policy  # so that what nothing else allows holds: none


def _value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def _counted(path, status):
    return _value("osteon_requests_total", path=path, status=str(status))


def test_refusals_are_counted_and_unknown_paths_are_one():
    client = _client(api_keys=(KEY,))
    refused, other = _counted("/v1/predict", 401), _counted("other", 404)
    size = _value("osteon_upload_bytes_sum", path="/v1/predict")
    client.post("/v1/predict", **_sent())
    for number in range(3):
        client.get(f"/scanned/{number}")
    assert _counted("/v1/predict", 401) == refused + 1
    assert _counted("other", 404) == other + 3
    assert _value("osteon_upload_bytes_sum", path="/v1/predict") == size  # none of it was read
    client.post("/v1/predict", **_sent(5000), headers=WITH_KEY)
    assert 5000 < _value("osteon_upload_bytes_sum", path="/v1/predict") - size < 5500
    text = client.get("/metrics").text
    assert "scanned" not in text
    assert 'osteon_request_seconds_count{path="/v1/predict"}' in text
    assert _value("osteon_requests_now") == 0


def test_what_a_killed_worker_was_answering_is_forgotten(tmp_path):
    def worker(code):
        code = f"from osteon.serving import telemetry\n{code}"
        return subprocess.run([sys.executable, "-c", code],
                              env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
                              capture_output=True, text=True, check=False)

    killed = worker("telemetry._NOW.inc(16); telemetry.count('normal', [])\n"
                    "import os; os.kill(os.getpid(), 9)")
    assert killed.returncode == -9
    told = worker("telemetry._NOW.inc(); print(telemetry._latest().decode())").stdout.splitlines()
    assert "osteon_requests_now 1.0" in told
    assert 'osteon_verdicts_total{label="normal"} 1.0' in told


def test_verdicts_and_warnings_are_counted():
    before = [_value("osteon_verdicts_total", label="abnormal"),
              _value("osteon_warnings_total", kind="unfamiliar")]
    telemetry.count("abnormal", ["unfamiliar", "unfamiliar", "low_quality"])
    telemetry.count("abnormal", [])
    assert [_value("osteon_verdicts_total", label="abnormal"),
            _value("osteon_warnings_total", kind="unfamiliar")] == [before[0] + 2, before[1] + 1]
