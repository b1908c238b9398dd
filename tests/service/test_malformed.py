"""Whatever is sent, the service answers at once, by no 5xx, and keeps its memory."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import largest
import malformed
from dicoms import dicom_file, drawn
from project import Project
from served import Server, serving

MOST_S, MOST_MIB = 2, 400
PATIENCE_S = 5  # of the server, with an upload that stalls
FILES = malformed.all_files()
ENDPOINTS = {"/v1/predict": "image", "/v1/study": "images", "/v1/explain": "image"}


@pytest.fixture(scope="module")
def server(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    monitoring = tmp_path_factory.mktemp("monitoring")
    with serving(demo, demo.folder, OSTEON_MONITORING=str(monitoring),
                 OSTEON_TIMEOUT_S=str(PATIENCE_S)) as server:
        good = server.client.post("/v1/predict", files={"image": ("x", malformed.WHOLE["DICOM"])})
        assert good.status_code == 200, good.text
        yield server


@pytest.fixture(scope="module")
def idle_mib(server: Server) -> tuple[float, float]:
    """Give the memory before anything bad was sent: of the workers, and of all in proportion."""
    return sum(_mib(worker.pid, "VmRSS") for worker in server.workers), server.pss_mib()


@pytest.fixture(autouse=True)
def _memory_is_kept(server: Server, idle_mib: tuple[float, float]) -> Iterator[None]:
    """Compare the largest memory that the workers ever had, which no sampling could miss."""
    before = {worker.pid for worker in server.workers}
    yield
    after = {worker.pid for worker in server.workers}
    assert after == before, f"a worker died:\n{server.log.read_text()[-2000:]}"
    assert sum(_mib(pid, "VmHWM") for pid in after) - idle_mib[0] < MOST_MIB


def _mib(process: int, kind: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def _answered(server: Server, path: str, **request: object) -> httpx.Response:
    """Send it once; it may take so long of the processors' time, however busy the machine is.

    What it waits for besides is bounded too: after PATIENCE_S the answer would be a 503.
    """
    before = server.cpu_s()
    reply = server.client.post(path, **request)
    assert server.cpu_s() - before < MOST_S, f"{reply.status_code} {reply.text[:200]}"
    return reply


def _assert_harmless(reply: httpx.Response, allowed: set[int]) -> None:
    assert reply.status_code in allowed, reply.text[:500]
    if reply.status_code != 200:
        body = reply.json()
        assert set(body) == {"error", "detail", "field"}
        assert "Traceback" not in body["detail"]


def test_there_are_enough() -> None:
    assert len(FILES) > 300
    assert len(set(FILES.values())) > 300


@pytest.mark.parametrize("name", FILES)
def test_a_malformed_file_is_refused_or_judged(server: Server, name: str) -> None:
    reply = _answered(server, "/v1/predict", files={"image": ("x", FILES[name])})
    _assert_harmless(reply, {200, 413, 422})


@pytest.mark.parametrize("name", largest.AT_THE_LIMIT)
def test_the_largest_that_is_read_takes_no_longer(server: Server, name: str) -> None:
    content = largest.AT_THE_LIMIT[name]()
    for path in ("/v1/predict", "/v1/explain"):
        reply = _answered(server, path, files={"image": ("x", content)})
        assert reply.status_code == 200, reply.text


def test_jpeg_2000_that_would_take_longer_is_refused(server: Server) -> None:
    content = largest.too_much_jpeg_2000()
    reply = _answered(server, "/v1/predict", files={"image": ("x", content)})
    assert reply.status_code == 422
    assert "no more than 6,291,456 are read" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/study", "/v1/explain"])
@pytest.mark.parametrize("name", [*list(FILES)[::25], *malformed.bombs()])
def test_so_is_one_elsewhere(server: Server, path: str, name: str) -> None:
    good = ("good", malformed.WHOLE["PNG"])
    files = [(ENDPOINTS[path], ("x", FILES[name]))]
    if path == "/v1/study":
        files += [("images", good)]
    _assert_harmless(_answered(server, path, files=files), {200, 413, 422})


def test_the_log_says_nothing_that_a_file_or_an_address_says(server: Server) -> None:
    named = dicom_file(drawn(), NumberOfFrames="1234567", PatientName="Doe^Jane")
    named = named.replace(b"1234567 ", b"Jane Doe")
    for path, field in ENDPOINTS.items():
        reply = _answered(server, path, files={field: ("Doe.dcm", named)})
        _assert_harmless(reply, {422})
    assert server.client.get("/JaneDoe1970").status_code == 404
    assert server.client.get("/v1/predict/JaneDoe1970?of=Doe").status_code == 404
    server.client.get("/livez")  # a line is written once its answer is sent
    said = server.log.read_text()
    assert "POST /v1/predict 422 " in said
    assert said.count("GET other 404 ") == 2
    assert "Doe" not in said
    assert "Warning" not in said


BOUNDARY = b"b" * 20
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
HEAD = b'--' + BOUNDARY + b'\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n'
END = b"\r\n--" + BOUNDARY + b"--\r\n"
GOOD = malformed.WHOLE["PNG"]
BODIES = {
    "nothing": b"",
    "the boundary alone": b"--" + BOUNDARY,
    "an end without a beginning": END,
    "headers that never end": HEAD,
    "no closing boundary": HEAD + b"\r\n" + GOOD,
    "another boundary": HEAD.replace(b"b" * 20, b"c" * 20) + b"\r\n" + GOOD + END,
    "newlines of another kind": HEAD.replace(b"\r\n", b"\n") + b"\n" + GOOD + END,
    "a part without a disposition": HEAD[:24] + b"X-Y: z\r\n\r\n" + GOOD + END,
    "a part without a name": HEAD.replace(b'name="image"; ', b"") + b"\r\n" + GOOD + END,
    "an empty name": HEAD.replace(b"image", b"") + b"\r\n" + GOOD + END,
    "a name of a megabyte": HEAD.replace(b"image", b"i" * 2**20) + b"\r\n" + GOOD + END,
    "a file name of a megabyte": HEAD.replace(b'"x"', b'"' + b"x" * 2**20 + b'"') + GOOD + END,
    "a file name of bytes": HEAD.replace(b'"x"', b'"\xff\xfe\0/../\x01"') + b"\r\n" + GOOD + END,
    "a name of bytes": HEAD.replace(b"image", b"\xff\xfe\0") + b"\r\n" + GOOD + END,
    "a header without a colon": HEAD + b"nonsense\r\n\r\n" + GOOD + END,
    "a header of a megabyte": HEAD + b"X: " + b"y" * 2**20 + b"\r\n\r\n" + GOOD + END,
    "ten thousand headers": HEAD + b"X: y\r\n" * 10_000 + b"\r\n" + GOOD + END,
    "ten thousand parts": (HEAD + b"\r\n\r\n") * 10_000 + END,
    "ten thousand texts": (HEAD.replace(b'; filename="x"', b"") + b"\r\n\r\n") * 10_000 + END,
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=" + END,
    "an unknown encoding": HEAD + b"Content-Transfer-Encoding: rot13\r\n\r\nuryyb" + END,
    "another character set": HEAD + b"Content-Type: image/png; charset=utf-7\r\n\r\n" + GOOD + END,
    "a form in the form": HEAD + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c--" + END,
    "text in the file's field": HEAD.replace(b'; filename="x"', b"") + b"\r\nhello" + END,
    "an address in the file's field": (
        HEAD.replace(b'; filename="x"', b"") + b"\r\nhttp://127.0.0.1:1/" + END),
    "a name twice": HEAD.replace(b"form-data;", b'form-data; name="other";') + b"\r\n" + GOOD + END,
    "random bytes": bytes(range(256)) * 40,
    "bytes after the end": HEAD + b"\r\n" + GOOD + END + bytes(2**20),
    "bytes before the beginning": bytes(2**20) + HEAD + b"\r\n" + GOOD + END,
}


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_body_is_refused_or_judged(server: Server, path: str, name: str) -> None:
    reply = _answered(server, path, content=BODIES[name], headers=FORM)
    _assert_harmless(reply, {200, 400, 413, 422})


TYPES = ["", "image/png", "application/json", "application/x-www-form-urlencoded", "text/plain",
         "multipart/form-data", "multipart/mixed; boundary=b", "multipart/form-data; boundary=",
         "multipart/form-data; boundary=" + "b" * 5_000, "multipart/form-data; boundary=\xe4",
         'multipart/form-data; boundary="', "MULTIPART/FORM-DATA;;;=;", "\xff", "application/dicom"]


@pytest.mark.parametrize("path", [*ENDPOINTS, "/v1/feedback"])
@pytest.mark.parametrize("kind", TYPES)
def test_another_content_type_is_refused(server: Server, path: str, kind: str) -> None:
    reply = _answered(server, path, content=HEAD + b"\r\n" + GOOD + END,
                      headers={"content-type": kind.encode("latin-1")})
    _assert_harmless(reply, {400, 415})


def _on_the_wire(server: Server, *sent: bytes, wait_s: float = MOST_S) -> bytes:
    """Send bytes as they are; give what came back until the server closed, or time was over."""
    url = server.client.base_url
    with socket.create_connection((url.host, url.port), timeout=wait_s) as connection:
        found = b""
        try:
            for some in sent:
                connection.sendall(some)
            while some := connection.recv(2**16):
                found += some
        except OSError:  # closed while it was sent, or silent
            pass
    return found


POST = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
TYPE = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY + b"\r\n"
WIRE = {
    "no HTTP": b"\0\1\2\3" * 50,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "no version": b"POST /v1/predict\r\n\r\n",
    "version 9": POST.replace(b"1.1", b"9.9") + b"\r\n",
    "an unknown method": POST.replace(b"POST", b"BREW") + b"\r\n",
    "a negative length": POST + TYPE + b"Content-Length: -1\r\n\r\n",
    "a length in words": POST + TYPE + b"Content-Length: many\r\n\r\n",
    "two lengths": POST + TYPE + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length of petabytes": POST + TYPE + b"Content-Length: 9999999999999999\r\n\r\n",
    "a length beyond 64 bits": POST + TYPE + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "a length and chunks": (
        POST + TYPE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks of no length": POST + TYPE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
    "chunks of a huge length": (
        POST + TYPE + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
    "an unknown encoding": POST + TYPE + b"Transfer-Encoding: rot13\r\nContent-Length: 0\r\n\r\n",
    "a compressed body": POST + TYPE + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "a header of bytes": POST + b"X: \xff\xfe\0\r\nContent-Length: 0\r\n\r\n",
    "a header of a megabyte": POST + b"X: " + b"y" * 2**20 + b"\r\n\r\n",
    "ten thousand headers": POST + b"X: y\r\n" * 10_000 + b"\r\n",
    "a path of a megabyte": POST.replace(b"/v1/predict", b"/v1/" + b"x" * 2**20) + b"\r\n",
    "a path upwards": POST.replace(b"/v1/predict", b"/v1/../../../etc/passwd") + b"\r\n",
    "a path of bytes": POST.replace(b"/v1/predict", b"/v1/%ff%00%0d%0a") + b"\r\n",
    "a whole address": POST.replace(b"/v1/predict", b"http://127.0.0.1:1/v1/predict") + b"\r\n",
    "an upgrade": POST + b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    "expecting to go on": POST + TYPE + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd",
}


@pytest.mark.parametrize("name", WIRE)
def test_nonsense_on_the_wire_is_refused_or_cut_off(server: Server, name: str) -> None:
    found = _on_the_wire(server, WIRE[name], wait_s=PATIENCE_S + MOST_S)
    assert not found or b"HTTP/1.1 4" in found or b"HTTP/1.1 100" in found, found[:300]
    assert b"HTTP/1.1 5" not in found


def test_a_chunked_upload_without_end_is_cut_off(server: Server) -> None:
    mebibyte = b"100000\r\n" + bytes(2**20) + b"\r\n"
    beginning = POST + TYPE + b"Transfer-Encoding: chunked\r\n\r\n"
    start = time.perf_counter()
    found = _on_the_wire(server, beginning, *[mebibyte] * 2_000, wait_s=PATIENCE_S + MOST_S)
    assert time.perf_counter() - start < 2 * (PATIENCE_S + MOST_S), "2 GB were taken in"
    assert b"HTTP/1.1 5" not in found


@pytest.mark.parametrize("sent", [
    pytest.param(POST + TYPE + b"Content-Length: 9999\r\n\r\n" + HEAD, id="of a known length"),
    pytest.param(POST + TYPE + b"Transfer-Encoding: chunked\r\n\r\n5\r\n--bbb\r\n", id="chunked"),
])
def test_an_upload_that_stalls_is_given_up(server: Server, sent: bytes) -> None:
    start = time.perf_counter()
    found = _on_the_wire(server, sent, wait_s=4 * PATIENCE_S)
    assert time.perf_counter() - start < 3 * PATIENCE_S
    assert b"HTTP/1.1 5" not in found


def test_afterwards_it_answers_as_before(server: Server, idle_mib: tuple[float, float]) -> None:
    reply = server.client.post("/v1/predict", files={"image": ("x", malformed.WHOLE["DICOM"])})
    assert reply.status_code == 200
    assert server.pss_mib() - idle_mib[1] < MOST_MIB
    assert "Traceback" not in server.log.read_text()
