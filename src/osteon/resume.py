"""Where a training that was cut off goes on, and who of several processes may write there."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from pytorch_lightning.plugins import TorchCheckpointIO
from pytorch_lightning.utilities import rank_zero_only

from osteon.errors import UserError
from osteon.files import fresh_file, sha256

log = logging.getLogger(__name__)


class WholeFiles(TorchCheckpointIO):
    """Writes checkpoints aside and renames them, so that a killed run leaves whole ones alone."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path,
                        storage_options: Any = None) -> None:  # noqa: ARG002
        """Write a file; the one before it stays until this one is whole."""
        content = BytesIO()  # torch's own writer hides from its caller that a disk is full
        torch.save(checkpoint, content)
        with fresh_file(Path(path)) as aside:
            aside.write_bytes(content.getbuffer())


def leads() -> bool:
    """Say whether this process is the one, of those that train together, that writes."""
    return bool(getattr(rank_zero_only, "rank", 0) == 0)


def of_turns(folder: Path, count: int) -> list[Path]:
    """Name a resume folder for each network of a member, beside `folder` if there are several."""
    if count == 1:
        return [folder]
    return [folder.with_name(f"{folder.name}-{number}") for number in range(count)]


@contextmanager
def resumable(where: Path, settings: dict[str, Any], inputs: list[Path], *,
              processes: int = 1) -> Iterator[Path]:
    """Give a folder for resume files, and clear it away once its member is saved.

    It is named after all that the training depends on: changed settings or inputs never take up
    a stale checkpoint. One training at a time has it; a second one says so and waits. Of several
    `processes` that train together the leading one holds it for all.

    Raises:
        UserError: another training has it, and this one is of several processes: those that do
            not hold it could not know when to begin.
    """
    facts = [json.dumps(settings, sort_keys=True), *(sha256(file) for file in inputs)]
    folder = where / hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    if not leads():
        yield folder
        return
    where.mkdir(parents=True, exist_ok=True)
    with _sole(where / "lock", waits=processes == 1):
        yield folder
        for left in where.glob(f"{folder.name}*"):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _sole(lock: Path, *, waits: bool) -> Iterator[None]:
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        if not waits:
            raise UserError(f"another process is training here and holds {lock}; run again when "
                            "it is done") from None
        log.warning("another process is training here; waiting for it to let go of %s", lock)
        held.acquire()
    with held:
        yield
