"""One line of JSON for each event, without anything that names a patient."""

import hashlib
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from osteon.serving import discreet

_log = logging.getLogger("osteon.dicom")
_DIGITS = 12


def event(what: str, level: int = logging.INFO, **details: Any) -> None:
    """Note that something happened; `details` are numbers, hashed names and our own words."""
    _log.log(level, what, extra={"details": details})


def hashed(uid: str) -> str:
    """Give a name for a UID that leads back to a patient only for who has the UID.

    It is the start of its SHA-256, so that `printf UID | sha256sum` finds a study's lines.
    """
    return hashlib.sha256(uid.encode()).hexdigest()[:_DIGITS]


def start() -> None:
    """Let every logger of the process speak in lines of JSON on the standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)
    discreet.silence()


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": datetime.fromtimestamp(record.created, UTC).isoformat("T", "milliseconds"),
                "level": record.levelname.lower(), "event": record.getMessage(),
                **getattr(record, "details", {})}
        if record.exc_info and record.exc_info[0]:
            line |= discreet.failure(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)
