"""The benchmark of the service runs, too small to say anything, and prints what it promises."""

import re
import subprocess
import sys

from project import ROOT


def test_the_service_is_set_against_a_bare_loop() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "benchmarks.serving", "--arch", "scratch_cnn", "--side", "32",
         "--images", "24", "--rounds", "2"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert found.returncode == 0, found.stderr
    said = found.stdout
    spread = r"[\d.]+ \([\d.]+ to [\d.]+\)"
    assert "cores, Python 3" in said
    assert re.search(rf"^latency at 1 client: bare loop {spread} ms, service {spread} ms; "
                     r"ratio [\d.]+, [+-][\d.]+ ms; .*: (kept|MISSED)$", said, re.M)
    assert len(re.findall(rf"^throughput of .*: {spread} images/s$", said, re.M)) == 2
    assert re.search(rf"^throughput at 16 clients, 1 worker: service {spread} images/s; "
                     r"\d+% of the bare loop$", said, re.M)
    assert re.search(r"^at least 80%: (kept|MISSED)$", said, re.M)
