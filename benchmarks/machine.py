"""What every figure needs beside it: the machine, the spread, the memory of a process tree."""

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch


def machine() -> str:
    """Name processor, cores, graphics card and Python."""
    models = [line.partition(":")[2].strip() for line in
              Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    card = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    return f"{models[0]}, {os.cpu_count()} cores, {card}Python {platform.python_version()}"


def spread(values: list[float], decimals: int = 0) -> str:
    """Give the median and both ends."""
    middle, least, most = (f"{value:,.{decimals}f}" for value in (
        median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


class Peak:
    """The largest memory of this process and its children, in MiB (proportional set size)."""

    mib = 0.0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Watch the memory of the process tree from a thread."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            peak.mib = max(peak.mib, sum(map(_pss_mib, _tree(os.getpid()))))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


@contextmanager
def timed(found: list[float]) -> Iterator[None]:
    """Append the seconds that the block took."""
    started = time.perf_counter()
    yield
    found.append(time.perf_counter() - started)


def _tree(process: int) -> list[int]:
    found = [process]
    for child in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += [own for number in child.read_text().split() for own in _tree(int(number))]
        except OSError:  # it ended in the meantime
            continue
    return found


def _pss_mib(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
