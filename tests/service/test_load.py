"""Under load nobody meets a 5xx, memory stays, and a worker that dies comes back."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import cv2
import httpx
import numpy as np
import psutil
import pytest

from project import Project
from served import Server, await_ready, serving

CLIENTS, SECONDS = 64, 60
MOST_GROWTH_MIB = 40


class Load:
    """Clients that ask one after another until they are told to stop."""

    def __init__(self, server: Server, images: list[bytes], clients: int) -> None:
        self.statuses: Counter[int | str] = Counter()
        self.numbers: set[str] = set()  # of the requests that were answered
        self.failed: list[float] = []  # when there was no answer at all
        self._server, self._images, self._clients = server, images, clients
        self._over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask for as long as the block takes."""
        threads = [threading.Thread(target=self._ask, args=(number,), daemon=True)
                   for number in range(self._clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)
            assert not any(thread.is_alive() for thread in threads), "a request never ended"

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._server.client.base_url, timeout=60) as client:
            while not self._over.is_set():
                number += 1
                image = self._images[number % len(self._images)]
                try:
                    reply = client.post("/v1/predict", files={"image": ("x", image)})
                except httpx.TransportError:
                    self.failed.append(time.monotonic())
                    time.sleep(0.1)
                    continue
                self.statuses[reply.status_code] += 1
                if reply.status_code == 200:
                    self.numbers.add(reply.json()["request_id"])
                else:
                    time.sleep(0.02)


@pytest.fixture(scope="module")
def images(demo: Project) -> list[bytes]:
    files = sorted((demo.folder / "data/sample").rglob("*.png"))[:40]
    assert len(files) == 40
    return [file.read_bytes() for file in files]


MOST_START_S, MOST_MB = 6, 700


def test_it_is_soon_ready_and_stays_small(
        demo: Project, images: list[bytes], tmp_path: Path) -> None:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(tmp_path)) as server:
        # Of the processors, not of the clock, which on a busy machine says little.
        assert server.cpu_s() < MOST_START_S
        for image in images[:20]:
            reply = server.client.post("/v1/predict", files={"image": ("x", image)})
            assert reply.status_code == 200, reply.text
        assert server.pss_mib() * 2**20 < MOST_MB * 1e6


def _logged(monitoring: Path) -> list[str]:
    """Give the number of every request in the log; each line has to be whole."""
    return [json.loads(line)["request_id"] for file in monitoring.glob("*.jsonl")
            for line in file.read_text().splitlines()]


@pytest.mark.proof
def test_a_minute_of_64_clients(demo: Project, images: list[bytes], tmp_path: Path) -> None:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(tmp_path)) as server:
        load = Load(server, images, CLIENTS)
        memory = []
        with load.running():
            for _ in range(SECONDS):
                time.sleep(1)
                memory.append(server.pss_mib())
        assert load.failed == []
        assert set(load.statuses) == {200, 429}, load.statuses
        assert load.statuses[200] > SECONDS
        third = SECONDS // 3
        early, late = median(memory[third:2 * third]), median(memory[2 * third:])
        assert late - early < MOST_GROWTH_MIB, memory
        assert "Traceback" not in server.log.read_text()
    assert sorted(_logged(tmp_path)) == sorted(load.numbers)


def _await_requests(server: Server, count: int) -> None:
    """Wait until so many requests are under way, beside the one that asks for their number."""
    for _ in range(200):
        said = server.client.get("/metrics").text
        if f"osteon_requests_now {count + 1}.0" in said:
            return
        time.sleep(0.02)
    raise AssertionError(said)


@pytest.mark.proof
def test_a_killed_worker_comes_back(demo: Project, images: list[bytes], tmp_path: Path) -> None:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(tmp_path)) as server:
        load = Load(server, images, clients=8)
        with load.running():
            for _ in range(3):
                time.sleep(3)
                [worker] = _answering(server)
                worker.send_signal(signal.SIGKILL)
                worker.wait(10)
                await_ready(server)
                assert [other.pid for other in _answering(server)] != [worker.pid]
            back = time.monotonic()
            time.sleep(3)
        assert set(load.statuses) <= {200, 429}, load.statuses
        assert load.failed, "nothing was under way when the worker was killed"
        assert max(load.failed) < back, "requests went on failing once it was back"
    numbers = _logged(tmp_path)
    assert len(numbers) == len(set(numbers))
    assert load.numbers <= set(numbers), "an answer was given that the log does not know"


def _answering(server: Server) -> list[psutil.Process]:
    """Give the workers, without helpers that multiprocessing starts beside them."""
    return [worker for worker in server.workers
            if any("worker" in word for word in worker.cmdline())]


def test_a_stop_waits_for_what_is_under_way(demo: Project, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2_000, 1_900), np.uint8)
    large = cv2.imencode(".png", noise)[1].tobytes()
    views = [("images", ("x", large))] * 16
    with serving(demo, demo.folder, OSTEON_MONITORING=str(tmp_path)) as server:
        with ThreadPoolExecutor(2) as pool:
            under_way = [pool.submit(httpx.post, f"{server.client.base_url}/v1/study", files=views,
                                     timeout=60) for _ in range(2)]
            _await_requests(server, 2)
            assert not any(request.done() for request in under_way)
            os.kill(server.process.pid, signal.SIGTERM)
            assert [request.result().status_code for request in under_way] == [200, 200]
        assert server.process.wait(20) == 0
        with pytest.raises(httpx.TransportError):
            server.client.get("/livez")
    assert len(_logged(tmp_path)) == 2 * (len(views) + 1)
