"""The service against a bare loop of the same work: `python -m benchmarks.serving`.

Three MobileNetV2 of 224 pixels judge each image. The service is the real one, with its log on, in
processes of its own; it is asked over the network of this machine. Both take turns, so that a
slower minute is one for both. Latency is that of one worker, as set unless somebody changes it;
throughput is measured with one and with a worker for each core.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median
from threading import local

import cv2
import numpy as np
import onnxruntime
from benchmarks import packages
from benchmarks.images import arguments, in_memory
from benchmarks.machine import machine, spread

from osteon.files import read_json

CLIENTS = 16
_MOST_TIMES, _MOST_MS, _LEAST_SHARE = 1.4, 4.0, 0.8
_START_S = 60
_HEAD = (b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n"
         b"Content-Type: multipart/form-data; boundary=a-boundary-that-no-image-holds\r\n")
_BEFORE = (b"--a-boundary-that-no-image-holds\r\n"
           b'Content-Disposition: form-data; name="image"; filename="x"\r\n\r\n')
_AFTER = b"\r\n--a-boundary-that-no-image-holds--\r\n"

Ask = Callable[[bytes], object]
Rate = Callable[[Sequence[bytes]], float]  # of images, in images/s


class BareLoop:
    """Decode, contrast, resize, onnxruntime: the work itself, with nothing around it."""

    def __init__(self, package: Path, threads: int) -> None:
        """Load the graphs; 0 threads for each of them are as many as onnxruntime takes itself."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._sessions = [
            onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            for file in sorted((package / "members").glob("*.onnx"))]
        spec = next(iter(read_json(package / "preprocess.json").values()))
        self._side, self._clip, self._grid = (
            spec["image_size_px"], spec["clahe_clip"], spec["clahe_grid"])

    def __call__(self, content: bytes) -> None:
        """Judge one image."""
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        picture = cv2.createCLAHE(self._clip, (self._grid, self._grid)).apply(picture)
        picture = cv2.resize(picture, (self._side, self._side), interpolation=cv2.INTER_AREA)
        images = picture[np.newaxis, np.newaxis].astype(np.float32) / np.float32(255)
        for session in self._sessions:
            session.run(["logits"], {"images": images})


class Client:
    """Asks the service; each thread keeps a connection of its own.

    It shares the cores with the service, so it does no more than send, read and look at the status:
    `http.client` takes four times as long.
    """

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._own = local()

    def __call__(self, content: bytes) -> None:
        """Have one image judged; whatever is not judged ends the benchmark."""
        if not hasattr(self._own, "connection"):
            self._own.connection = socket.create_connection(self._address)
            self._own.replies = self._own.connection.makefile("rb")
        self._own.connection.sendall(_request(content))
        status, *headers = iter(self._own.replies.readline, b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in headers)
        said = self._own.replies.read(int(fields[b"content-length"]))
        if b" 200 " not in status:
            raise SystemExit(f"the service answered {status!r}: {said!r}")


def _request(content: bytes) -> bytes:
    body = b"".join([_BEFORE, content, _AFTER])
    return b"".join([_HEAD, f"Content-Length: {len(body)}\r\n\r\n".encode(), body])


@contextmanager
def served(package: Path, scratch: Path, workers: int) -> Iterator[Client]:
    """Run `bentoml serve` on a package."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = scratch / f"serve-{port}.log"
    environment = {**os.environ, "OSTEON_PACKAGE": str(package),
                   "OSTEON_WORKERS": str(workers), "OSTEON_MONITORING": str(scratch / "monitoring")}
    command = Path(sys.executable).with_name("bentoml")
    with log.open("w") as said:
        process = subprocess.Popen(  # noqa: S603
            [command, "serve", "--host", "127.0.0.1", "--port", str(port)], env=environment,
            stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _await(port, process, log)
        yield Client(port)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_START_S * 10):
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"the service does not start:\n{log.read_text()}")


def milliseconds(ask: Ask, contents: Sequence[bytes]) -> list[float]:
    """Ask one by one; give the time of each."""
    found = []
    for content in contents:
        started = time.perf_counter()
        ask(content)
        found.append(1000 * (time.perf_counter() - started))
    return found


def rate(ask: Ask, contents: Sequence[bytes], threads: int) -> float:
    """Ask from several threads at once; give images/s."""
    left = iter(contents)  # all take from it; the interpreter lets no two have the same

    def ask_on() -> None:
        for content in left:
            ask(content)

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for asked in [pool.submit(ask_on) for _ in range(threads)]:
            asked.result()
    return len(contents) / (time.perf_counter() - started)


def latency(bare: Ask, client: Ask, contents: Sequence[bytes], rounds: int) -> None:
    """Print the median of each round of both, and whether the service keeps its promise."""
    loop, service = [], []
    for _ in range(rounds):
        loop.append(median(milliseconds(bare, contents)))
        service.append(median(milliseconds(client, contents)))
    times, more = median(service) / median(loop), median(service) - median(loop)
    kept = times <= _MOST_TIMES or more <= _MOST_MS
    print(f"latency at 1 client: bare loop {spread(loop, 1)} ms, service {spread(service, 1)} ms; "
          f"ratio {times:.2f}, {more:+.1f} ms; at most {_MOST_TIMES} or {_MOST_MS:+g} ms: "
          f"{'kept' if kept else 'MISSED'}")


def throughput(loops: Mapping[str, Rate], services: Mapping[int, Rate],
               contents: Sequence[bytes], rounds: int) -> None:
    """Print images/s of all; of the bare loops, that which is faster here counts.

    The promise is that of the service with most workers.
    """
    rates: dict[Rate, list[float]] = {one: [] for one in [*loops.values(), *services.values()]}
    for _ in range(rounds):
        for one, found in rates.items():
            found.append(one(contents))
    for name, loop in loops.items():
        print(f"throughput of {name}: {spread(rates[loop], 1)} images/s")
    most = max(median(rates[loop]) for loop in loops.values())
    for workers, service in services.items():
        share = median(rates[service]) / most
        print(f"throughput at {CLIENTS} clients, {workers} worker{'s' * (workers > 1)}: service "
              f"{spread(rates[service], 1)} images/s; {share:.0%} of the bare loop")
    print(f"at least {_LEAST_SHARE:.0%}: {'kept' if share >= _LEAST_SHARE else 'MISSED'}")


def main() -> None:
    """Package, serve, measure, print."""
    parser = arguments(__doc__, images=60)
    parser.add_argument("--weights", type=Path, help="of the backbone (default: random)")
    parser.add_argument("--arch", default="mobilenetv2_100", help="another network, by timm's name")
    parser.add_argument("--side", type=int, default=224, help="of the pictures, in pixels")
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with in_memory(given.folder, given.images) as (files, scratch), \
            tempfile.TemporaryDirectory() as folder:
        package = packages.write(Path(folder), files, given.arch, given.side, given.weights)
        contents = [file.read_bytes() for file in files]
        print(f"{machine()}; three {given.arch} at {given.side} px, {len(files)} images")
        bare, narrow = BareLoop(package, threads=0), BareLoop(package, threads=1)
        with served(package, scratch, 1) as client, served(package, scratch, cores) as wide:
            for ask in (bare, narrow, client, wide):  # the first ones of each are slower
                milliseconds(ask, list(islice(contents, 20)))
            latency(bare, client, contents, given.rounds)
            throughput({
                "one bare loop on all cores": lambda some: rate(bare, some, 1),
                f"{cores} bare loops on a core each": lambda some: rate(narrow, some, cores),
            }, {1: lambda some: rate(client, some, CLIENTS),
                cores: lambda some: rate(wide, some, CLIENTS)},
                contents * 4, max(2, given.rounds // 2))


if __name__ == "__main__":
    main()
