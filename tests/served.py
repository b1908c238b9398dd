"""The packaged ensemble behind a `bentoml serve` of a test's own, and the memory that it takes."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from project import Project

_START_S, _STOP_S = 60, 20


@dataclass(frozen=True)
class Server:
    """A running service: a client of it, its first process, and what it says."""

    client: httpx.Client
    process: subprocess.Popen[str]
    log: Path

    @property
    def workers(self) -> list[psutil.Process]:
        """Give the processes that answer, which the first one watches."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def pss_mib(self) -> float:
        """Give the memory of all its processes; what several share counts once."""
        everyone = [psutil.Process(self.process.pid), *self.workers]
        return sum(process.memory_full_info().pss for process in everyone) / 2**20

    def cpu_s(self) -> float:
        """Give the processors' time that all its processes have taken, ended helpers too."""
        everyone = [psutil.Process(self.process.pid), *self.workers]
        return sum(sum(process.cpu_times()[:4]) for process in everyone)

    def stop(self) -> None:
        """Ask it to end, as systemd or Docker would, and wait until it has."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(_STOP_S)


@contextmanager
def serving(project: Project, folder: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    """Run `bentoml serve` in a folder, with environment variables beside the usual ones."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        process = project.start(
            "bentoml", "serve", *arguments, "--port", str(port), cwd=folder, stdout=log,
            stderr=subprocess.STDOUT, env={**project.environment, **variables})
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                server = Server(client, process, Path(log.name))
                await_ready(server)
                yield server
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(_STOP_S)


def await_ready(server: Server) -> None:
    """Wait until it answers, which takes seconds after its start or a worker's end."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log.read_text()
        try:
            if server.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(server.log.read_text())
