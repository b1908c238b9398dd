"""What runs the service agrees with its settings, and gives it no more than it needs."""

import re
import shutil
import subprocess
from collections import defaultdict

import pytest
from ruamel.yaml import YAML

from house import ROOT
from osteon.serving.dicom import settings as node
from osteon.serving.settings import Settings

DEPLOY = ROOT / "deploy"
UNITS = ["osteon", "osteon-pacs"]
DEFAULTS = Settings()
COMPOSE = YAML(typ="safe", pure=True).load(DEPLOY / "compose.yaml")
UNIT_OF_BYTES = {"MB": 10**6, "MiB": 2**20}  # as Caddy reads them


def _unit(name):
    """Give the values of each key of a unit, in their order, and its environment."""
    found = defaultdict(list)
    for line in (DEPLOY / f"{name}.service").read_text().splitlines():
        if re.match(r"[A-Z]\w*=", line):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found, dict(entry.split("=", 1) for entry in found["Environment"])


def _mounts(service):
    return {entry.partition(":")[0] for entry in service["tmpfs"]}


def _journal(service):
    return {volume.split(":")[1] for volume in service["volumes"] if not volume.endswith(":ro")}


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_has_an_account_of_its_own_and_writes_in_its_own_folders_alone(name):
    unit, environment = _unit(name)
    assert unit["User"] == [name]
    for key in ("PrivateTmp", "ProtectHome", "PrivateDevices", "NoNewPrivileges",
                "ProtectKernelTunables", "ProtectControlGroups"):
        assert unit[key] == ["yes"], key
    assert (unit["ProtectSystem"], unit["CapabilityBoundingSet"]) == (["strict"], [""])
    assert "ReadWritePaths" not in unit
    assert (unit["StateDirectoryMode"], unit["UMask"]) == (["0700"], ["0077"])
    own = [*(f"/var/lib/{folder}" for folder in unit["StateDirectory"]),
           *(f"/run/{folder}" for folder in unit["RuntimeDirectory"])]
    for variable in {"BENTOML_HOME", "TMPDIR", "OSTEON_MONITORING", "OSTEON_PACS_SPOOL"}:
        value = environment.get(variable, own[0])
        assert any(value == folder or value.startswith(f"{folder}/") for folder in own), variable


def test_the_counters_do_not_lie_on_the_disk_that_the_log_may_fill():
    unit, environment = _unit("osteon")
    assert environment["BENTOML_HOME"] == f"/run/{unit['RuntimeDirectory'][0]}"
    assert environment["OSTEON_MONITORING"].startswith("/var/lib/")
    service = COMPOSE["services"]["osteon"]
    assert service["environment"]["BENTOML_HOME"] in _mounts(service) - {"/tmp"}
    assert service["environment"]["OSTEON_MONITORING"] in _journal(service)
    assert not _mounts(service) & _journal(service)


def test_the_container_can_write_its_own_folders_alone_and_keeps_few_lines():
    service = COMPOSE["services"]["osteon"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert _journal(service) == {"/journal"}
    assert "ports" not in service  # it is asked through the proxy
    for one in COMPOSE["services"].values():
        assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_both_ways_end_it_at_the_same_memory():
    assert _unit("osteon")[0]["MemoryMax"] == ["1500M"]
    assert COMPOSE["services"]["osteon"]["mem_limit"] == "1500m"


def test_every_variable_is_one_that_is_read():
    for environment in (_unit("osteon")[1], COMPOSE["services"]["osteon"]["environment"]):
        assert Settings.read(environment).monitoring.is_absolute()
    read = node.Settings.read([], {**_unit("osteon-pacs")[1],
                                   "OSTEON_PACS_TARGET": "ARCHIVE@10.0.0.5:4242"})
    assert read.spool.is_absolute()


def test_a_request_that_has_begun_may_end():
    seconds = int(_unit("osteon")[0]["TimeoutStopSec"][0])
    assert COMPOSE["services"]["osteon"]["stop_grace_period"] == f"{seconds}s"
    assert seconds == 2 * DEFAULTS.timeout_s


def test_the_proxy_lets_pass_what_the_service_takes_and_little_more():
    size, unit = re.search(r"max_size (\d+)(MB|MiB)", (DEPLOY / "Caddyfile").read_text()).groups()
    largest = max(DEFAULTS.max_body_mb, DEFAULTS.max_study_mb) * 2**20
    assert largest < int(size) * UNIT_OF_BYTES[unit] <= largest * 1.05
    assert f"{size} {unit}" in (ROOT / "docs/deployment.md").read_text()


def test_the_documented_defaults_are_the_settings():
    told = {}
    for line in (ROOT / "docs/serving.md").read_text().splitlines():
        if line.startswith("| `OSTEON_"):
            names, values = line.split("|")[1:3]
            values = re.findall(r"[\d,]*\d|[^\s,`]+", values)
            told.update(zip(re.findall(r"OSTEON_(\w+)", names), values, strict=False))
    numbers = {name: value for name, value in DEFAULTS if isinstance(value, int | float)
               and not isinstance(value, bool)}
    assert len(numbers) == 7
    assert {name: float(told[name.upper()].replace(",", "")) for name in numbers} == numbers


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="NOT TESTED: wants systemd")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_unit(tmp_path, name):
    file = tmp_path / f"{name}.service"
    file.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true",
                           (DEPLOY / file.name).read_text()))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", str(file)], check=False,
                          capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    file.write_text(file.read_text().replace("=strict", "=a planted slip"))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", str(file)], check=False,
                          capture_output=True, text=True)
    assert "a planted slip" in said.stderr
