"""One running service for all tests that only ask it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from project import Project
from served import serving


@pytest.fixture(scope="session")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("monitoring")


@pytest.fixture(scope="session")
def client(demo: Project, monitoring: Path) -> Iterator[httpx.Client]:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(monitoring)) as server:
        yield server.client
