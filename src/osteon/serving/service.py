"""The HTTP service: `bentoml serve` from the project's root, or from a bento.

Addresses are answered by an application of our own that BentoML hosts. Its own way of declaring
them cannot answer a GET, takes a text in a file's field for an address to download from, and
costs half as much again for each request; its own first page loads a tracker from elsewhere.
"""

import logging
import os
from contextlib import chdir
from pathlib import Path

# Nothing of a hospital's goes out.
os.environ["BENTOML_DO_NOT_TRACK"] = os.environ.get("BENTOML_DO_NOT_TRACK") or "True"

import bentoml
from bentoml._internal.utils.analytics.usage_stats import do_not_track

from osteon.errors import UserError
from osteon.serving import discreet, endpoints, gate, openapi, port
from osteon.serving.desk import Desk, require_folders
from osteon.serving.request_id import RequestId
from osteon.serving.settings import Settings

log = logging.getLogger("osteon.serving")
# `bentoml serve` asked before it came here, and would remember; it tells of itself once this is
# imported, and when it ends.
do_not_track.cache_clear()

try:
    SETTINGS = Settings.read(os.environ)
    MIDDLEWARES = [(RequestId, {}), *gate.middlewares(SETTINGS)]
except UserError as error:
    raise SystemExit(f"osteon: {error}") from None

APPLICATION = endpoints.application()
FOLDER = Path.cwd()  # of the project or the bento, where workers run


@bentoml.service(name="osteon", workers=SETTINGS.workers, metrics={"enabled": False},
                 # Requests share the cores; threads of BLAS and OpenCV would spin waiting for one.
                 envs=[{"name": "OMP_NUM_THREADS", "value": "1"},
                       {"name": "OPENCV_FOR_THREADS_NUM", "value": "1"}],
                 logging={"access": {"enabled": False}},  # telemetry's quotes nobody
                 tracing={"excluded_urls": ".*"},  # nothing collects the spans
                 traffic={"timeout": 2 * SETTINGS.timeout_s + 60})  # the gate's comes first
@bentoml.asgi_app(APPLICATION)
class Radiographs:
    """Classifies bone radiographs. For research; not a medical device."""

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def check() -> None:
        """Find what is wrong once, in words, before workers start and start again."""
        try:
            with chdir(FOLDER):  # BentoML calls this where `bentoml serve` was called
                require_folders(SETTINGS)
            port.require_free()
        except UserError as error:
            raise SystemExit(f"osteon: {error}") from None
        if not SETTINGS.asks_for_keys:
            log.warning("no API key is asked for: everyone who reaches the port may ask")

    def __init__(self) -> None:
        discreet.silence()
        self._desk = Desk(SETTINGS)
        document = openapi.document(self._desk.labels, SETTINGS)
        APPLICATION.router.routes[:] = endpoints.routes(
            self._desk, document, at_once=len(os.sched_getaffinity(0)))

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def end(self) -> None:
        """Close the log."""
        self._desk.close()


for middleware, options in MIDDLEWARES:
    Radiographs.add_asgi_middleware(middleware, **options)  # type: ignore[attr-defined]
