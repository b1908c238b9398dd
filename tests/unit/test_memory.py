"""Freed memory stays with the process, or goes when it is told to."""

import subprocess
import sys

import pytest

# Each thread frees and needs 64 MiB ten times; the system is asked for pages of 4 KiB.
_PROGRAM = """
import resource, threading
from osteon import memory

{first}
def need():
    for _ in range(10):
        b"x" * (64 << 20)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    threads = [threading.Thread(target=need) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""


def _faults(first: str) -> int:
    """Count how often a process asks for a page once it has had all that it needs."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM.format(first=first)],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc of glibc is set")
def test_what_was_freed_is_not_asked_for_again() -> None:
    assert _faults("") > 10_000
    assert _faults("memory.keep_freed()") < 1_000


# The last block lies above the freed ones, without which the C library would give them back itself.
_HELD = """
import psutil
from osteon import memory

blocks = [b"x" * (64 << 10) for _ in range(1600)]
pin = b"x" * (64 << 10)
del blocks
before = psutil.Process().memory_info().rss
memory.give_back_freed()
print((before - psutil.Process().memory_info().rss) >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="malloc of glibc is asked")
def test_what_is_free_is_given_back_when_told() -> None:
    done = subprocess.run([sys.executable, "-c", _HELD], capture_output=True, text=True, check=True)
    assert 90 <= int(done.stdout) <= 110
