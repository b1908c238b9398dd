"""What keeps patients out of the log: libraries quote the headers that they stumble over."""

import logging
import traceback
import warnings
from pathlib import Path
from typing import Any


def silence() -> None:
    """Let no library speak of a file: a value that breaks a rule may be a patient's name.

    It holds for the whole process, since what `warnings` does for a block is not safe in threads.
    """
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").disabled = True


def failure(error: BaseException | None) -> dict[str, Any]:
    """Say where an exception arose, but not what it says: its text may quote a header."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    return {"exception": type(error).__name__,
            "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]}
