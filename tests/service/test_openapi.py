"""The service does what its description says: schemathesis tries, and finds nothing."""

import json
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from project import BIN, ROOT

# No schema can say which bytes are a radiograph, so what fits it may be refused by 422.
SETTINGS = """
hooks = "generated"
seed = 6
[generation]
max-examples = 15
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "422"]
"""


def _tried(client: httpx.Client, description: dict, folder: Path, *options: str) -> tuple[int, str]:
    """Let schemathesis try what a description says; give its status and what it says."""
    (folder / "openapi.json").write_text(json.dumps(description))
    (folder / "schemathesis.toml").write_text(SETTINGS)
    found = subprocess.run(
        [BIN / "schemathesis", "--config-file", "schemathesis.toml", "run", "openapi.json",
         "--url", str(client.base_url), "--no-color", *options],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")}, text=True,
        capture_output=True, check=False, timeout=300)
    return found.returncode, found.stdout + found.stderr


@pytest.fixture(scope="module")
def description(client: httpx.Client) -> dict:
    return client.get("/docs.json").raise_for_status().json()


def test_schemathesis_finds_nothing(
        client: httpx.Client, description: dict, tmp_path: Path) -> None:
    status, said = _tried(client, description, tmp_path)
    assert status == 0, said
    operations = sum(map(len, description["paths"].values()))
    assert operations >= 8
    assert re.search(rf"Operations: +{operations} selected / {operations} total", said), said


def _without_a_refusal(description: dict) -> None:
    del description["paths"]["/v1/predict"]["post"]["responses"]["422"]


def _with_another_type(description: dict) -> None:
    description["components"]["schemas"]["ModelCard"]["properties"]["labels"] = {"type": "string"}


@pytest.mark.parametrize(("change", "path", "found"), [
    pytest.param(_without_a_refusal, "/v1/predict", "Undocumented status code",
                 id="a refusal that is not described"),
    pytest.param(_with_another_type, "/v1/card", "Response violates schema",
                 id="a reply of another type"),
])
def test_it_would_find_what_is_wrong(client: httpx.Client, description: dict, tmp_path: Path,
                                     change: object, path: str, found: str) -> None:
    wrong = json.loads(json.dumps(description))
    change(wrong)
    status, said = _tried(client, wrong, tmp_path, "--include-path", path, "--max-examples", "5")
    assert status == 1, said
    assert found in said
