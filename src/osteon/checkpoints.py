"""A trained member on disk: its weights, its card, its curves."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock, Timeout
from safetensors.torch import load_file, save_file

from osteon.backbone import Network
from osteon.files import read_json, sha256, write_json
from osteon.records import write_table
from osteon.sections import Backbone, Head

log = logging.getLogger(__name__)

_WEIGHTS, _CARD, _CURVES = "model.safetensors", "card.json", "curves.csv"


@dataclass(frozen=True)
class Fit:
    """What a phase of training left behind, beside the network itself."""

    curves: pd.DataFrame  # one row an epoch
    best_epoch: int
    best: float  # of the monitored metric, on validation


def save(folder: Path, network: Network, card: dict[str, Any], fit: Fit) -> None:
    """Write a member; the same weights give the same bytes."""
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, folder / _WEIGHTS)
    write_json(folder / _CARD, {**card, "head": network.head.settings.model_dump(),
                                "best_epoch": fit.best_epoch, "best": fit.best})
    write_table(folder / _CURVES, fit.curves)


def load(folder: Path, backbone: Backbone, classes: int) -> Network:
    """Read a member, ready to infer in float32."""
    network = Network(backbone, classes, Head.model_validate(read_card(folder)["head"]))
    network.load_state_dict(load_file(folder / _WEIGHTS), strict=True)
    return network.to(memory_format=torch.channels_last).eval()


def read_card(folder: Path) -> dict[str, Any]:
    """Read a member's card."""
    card: dict[str, Any] = read_json(folder / _CARD)
    return card


@contextmanager
def resumable(where: Path, settings: dict[str, Any], inputs: list[Path]) -> Iterator[Path]:
    """Give a folder for resume files, and clear it away once its member is saved.

    It is named after all that the training depends on: changed settings or inputs never take up
    a stale checkpoint. One process at a time has it; a second one says so and waits.
    """
    facts = [json.dumps(settings, sort_keys=True), *(sha256(file) for file in inputs)]
    folder = where / hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    where.mkdir(parents=True, exist_ok=True)
    with _sole(where / "lock"):
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sole(lock: Path) -> Iterator[None]:
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        log.warning("another process is training here; waiting for it to let go of %s", lock)
        held.acquire()
    with held:
        yield
