"""What Prometheus may ask: requests, their time and size, how often each verdict and warning.

And a line of the log for each request.

The framework's own metrics are off: they keep a series for each path that anybody asks for, so
that whoever tries paths at random fills the memory. Here the unknown ones are one. Its lines quote
the path too, in which somebody may have put a name.
"""

import logging
import os
import time
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path

import anyio.to_thread
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osteon.serving.errors import RefusedError

log = logging.getLogger("osteon.serving.access")

PATH = "/metrics"
PROBES = frozenset({"/livez", "/healthz", "/readyz"})  # asked every few seconds: not worth a line
_METHODS = ("GET", "HEAD")
_SECONDS = (.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30)
_BYTES = tuple(2**power for power in range(14, 28, 2))  # 16 KiB to 64 MiB

_REQUESTS = Counter("osteon_requests", "Requests answered", ["path", "status"])
_TIME = Histogram("osteon_request_seconds", "From the request's head to the end of its answer",
                  ["path"], buckets=_SECONDS)
_SIZE = Histogram("osteon_upload_bytes", "Size of a request's body", ["path"], buckets=_BYTES)
_NOW = Gauge("osteon_requests_now", "Requests being answered", multiprocess_mode="livesum")
_VERDICTS = Counter("osteon_verdicts", "Images judged, by verdict", ["label"])
_WARNINGS = Counter("osteon_warnings", "Images judged with a warning, by its kind", ["kind"])


def count(label: str, warnings: Iterable[str]) -> None:
    """Count an image's verdict and the kinds of its warnings."""
    _VERDICTS.labels(label).inc()
    for kind in set(warnings):
        _WARNINGS.labels(kind).inc()


class Telemetry:
    """Middleware that counts requests; a path that is not among the known ones counts as other."""

    def __init__(self, app: ASGIApp, *, paths: frozenset[str]) -> None:
        self._app = app
        self._paths = paths
        log.setLevel(logging.INFO)  # the framework lets warnings pass alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request when its answer is complete, and what of its body was read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in self._paths else "other"
        began, size, status = time.perf_counter(), 0, HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def measured() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with _NOW.track_inprogress():
                await self._app(scope, measured, watched)
        finally:
            took_s = time.perf_counter() - began
            _REQUESTS.labels(path, status).inc()
            _TIME.labels(path).observe(took_s)
            if scope["method"] == "POST":
                _SIZE.labels(path).observe(size)
            if path not in PROBES:
                log.info("%s %s %s %d %.1f ms %s", _from(scope), scope["method"], path, status,
                         1000 * took_s, scope.get("state", {}).get("request_id", "-"))


class Exposition:
    """Middleware that answers `/metrics`, for all workers together."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give what was counted, as text."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        if scope["method"] not in _METHODS:
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "ask by GET",
                               headers={"Allow": ", ".join(_METHODS)})
        content = await anyio.to_thread.run_sync(_latest)
        await Response(content, media_type=CONTENT_TYPE_LATEST)(scope, receive, send)


def _from(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else "-"


def _latest() -> bytes:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # `bentoml serve` names it to its workers
    if not folder:
        return generate_latest(REGISTRY)
    _forget_the_killed(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_killed(folder: Path) -> None:
    """Drop what killed workers were answering; what they have answered still counts."""
    for file in folder.glob("gauge_live*_*.db"):
        process = file.stem.rpartition("_")[2]
        if not Path("/proc", process).exists():
            mark_process_dead(int(process), str(folder))  # type: ignore[no-untyped-call]
