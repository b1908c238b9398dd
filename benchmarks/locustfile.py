"""Load on a running service; it needs a folder of radiographs and locust, nothing else of ours.

uvx locust -f benchmarks/locustfile.py --host http://localhost:3000 --users 64 --run-time 60s \
    --headless --images data/sample
"""

import os
import random
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from locust import HttpUser, between, events, task
from locust.env import Environment

_KINDS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm"}
_VIEWS = 3
_FILES: list[Path] = []


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    """Take the folder, and the key where the service asks for one."""
    parser.add_argument("--images", default="data/sample", help="folder of radiographs")
    parser.add_argument("--key", default=os.environ.get("OSTEON_API_KEY", ""), help="API key")


@events.init.add_listener
def find_files(environment: Environment, **_: Any) -> None:
    """List the radiographs once."""
    folder = Path(environment.parsed_options.images)
    _FILES.extend(sorted(file for file in folder.rglob("*") if file.suffix.lower() in _KINDS))
    if not _FILES:
        raise SystemExit(f"{folder} holds no radiographs; name a folder by --images")


class Reader(HttpUser):
    """Sends radiographs one after another, most by themselves, some as studies."""

    wait_time = between(0, 0.2)

    def on_start(self) -> None:
        """Show the key, if there is one."""
        key = self.environment.parsed_options.key
        if key:
            self.client.headers["Authorization"] = f"Bearer {key}"

    @task(8)
    def predict(self) -> None:
        """Ask about one image."""
        self._send("/v1/predict", "image", 1)

    @task(1)
    def study(self) -> None:
        """Ask about several views."""
        self._send("/v1/study", "images", _VIEWS)

    @task(1)
    def explain(self) -> None:
        """Ask where the network looks."""
        self._send("/v1/explain", "image", 1)

    def _send(self, path: str, field: str, count: int) -> None:
        """Send images; being told to wait is an answer too, and counted beside the others."""
        files = [(field, (file.name, file.read_bytes()))
                 for file in random.choices(_FILES, k=count)]  # noqa: S311
        with self.client.post(path, files=files, catch_response=True) as reply:
            if reply.status_code == 429:
                reply.request_meta["name"] = f"{path} (told to wait)"
                reply.success()
