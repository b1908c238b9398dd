"""The monitoring log: what the model saw and said, in numbers, and never whom it saw.

A line is a JSON object. It holds no pixels, no name of a file, and no text that a client chose
freely: the request's id is the service's own, a body part is written only if the model knows it.
"""

import json
import logging
import os
import platform
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from osteon import formats
from osteon.errors import UserError
from osteon.files import fresh_file
from osteon.serving.predictor import Prediction, StudyPrediction, Verdict

log = logging.getLogger("osteon.serving")

# Together 1 GiB, which is about a million images.
_LARGEST_BYTES = 16 * 2**20
_MOST_FILES = 64
_UNKNOWN = "unknown"


class Journal:
    """Writes a line for each image judged, each study, and each true label that comes later.

    What cannot be written, since the disk is full or gone, is missing from the log and is said
    once; the image is judged all the same.
    """

    def __init__(self, folder: Path, familiarity: str, body_parts: Collection[str], *,
                 largest_bytes: int = _LARGEST_BYTES, most_files: int = _MOST_FILES) -> None:
        """Choose the folder; `familiarity` names the reference that coordinates are relative to.

        Raises:
            UserError: nothing can be written there.
        """
        self._lines = _Lines(folder, largest_bytes, most_files)
        self._familiarity = familiarity
        self._body_parts = frozenset(body_parts)

    def predicted(self, request_id: str, body_part: str, prediction: Prediction) -> None:
        """Write what was said of one image."""
        self._write("prediction", request_id, self._about(body_part, prediction))

    def studied(self, request_id: str, body_part: str, study: StudyPrediction) -> None:
        """Write what was said of a study, and of each of its views."""
        for number, view in enumerate(study.views, 1):
            self._write("prediction", request_id, {
                **self._about(body_part, view), "view": number, "views": len(study.views)})
        self._write("study", request_id, {
            **self._verdict(body_part, study), "views": len(study.views)})

    def told(self, request_id: str, label: str) -> bool:
        """Write the true label of an earlier request; tell whether it is written."""
        return self._write("feedback", request_id, {"label": label})

    def close(self) -> None:
        """Close the file; the next line would begin another."""
        self._lines.close()

    def _about(self, body_part: str, prediction: Prediction) -> dict[str, Any]:
        return {**self._verdict(body_part, prediction),
                "statistics": _rounded(prediction.statistics, 6),
                "coordinates": [round(value, 4) for value in prediction.coordinates]}

    def _verdict(self, body_part: str, verdict: Verdict) -> dict[str, Any]:
        known = not body_part or body_part in self._body_parts
        return {"model_version": verdict.model_version, "familiarity": self._familiarity,
                "body_part": body_part if known else _UNKNOWN,
                "probabilities": _rounded(verdict.probabilities, 6), "label": verdict.label,
                "warnings": [warning.kind for warning in verdict.warnings]}

    def _write(self, kind: str, request_id: str, content: dict[str, Any]) -> bool:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return self._lines.append({"kind": kind, "time": now, "request_id": request_id, **content})


def require_writable(folder: Path, variable: str) -> None:
    """Make a folder, if it is not there.

    Raises:
        UserError: it cannot be made, or not be written to; the message names the variable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        why = "" if os.access(folder, os.W_OK | os.X_OK) else "cannot be written to"
    except OSError as error:
        why = str(error.strerror)
    if why:
        raise UserError(f"{variable}: {folder}: {why}; name a folder of the service's own, or "
                        "`off`")


def keep(folder: Path, request_id: str, contents: Sequence[bytes]) -> None:
    """Keep uploads as they came, patient data and all: FOLDER/REQUEST_ID/NUMBER.SUFFIX.

    Nobody but the service's own account may enter the folder of a request.
    """
    own = folder / request_id
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, content in enumerate(contents, 1):
            with fresh_file(own / f"{number}{_suffix(content)}") as aside:
                aside.write_bytes(content)
    except OSError as error:
        log.error("an upload is not kept: %s", error)  # noqa: TRY400  # the reason says it all


def _suffix(content: bytes) -> str:
    if formats.is_dicom(content):
        return ".dcm"
    try:
        return f".{formats.identify(content).name.lower()}"
    except formats.ImageError:
        return ".unreadable"


def _rounded(values: Mapping[str, float], digits: int) -> dict[str, float]:
    return {name: round(value, digits) for name, value in values.items()}


class _Lines:
    """Files of one process, of a bounded size; the folder holds a bounded number of them.

    A file is never renamed, so that it can be read and carried away at any time. Only the last
    line of a file can be cut, by a full disk or a killed process.
    """

    def __init__(self, folder: Path, largest_bytes: int, most_files: int) -> None:
        self._folder = folder
        self._largest_bytes = largest_bytes
        self._most_files = most_files
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._begun = 0
        self._failed = False
        require_writable(folder, "OSTEON_MONITORING")

    def append(self, line: dict[str, Any]) -> bool:
        data = json.dumps(line, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self._append(data)
            except OSError as error:
                self._forget()
                if not self._failed:
                    log.error("the monitoring log cannot be written: %s", error)  # noqa: TRY400
                self._failed = True
            else:
                self._failed = False
            return not self._failed

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _append(self, data: bytes) -> None:
        if self._file and self._file.tell() + len(data) > self._largest_bytes:
            self._forget()
        if not self._file:
            self._file = self._begin()
        if self._file.write(data) != len(data):
            raise OSError(f"{self._file.name}: no space left")

    def _begin(self) -> FileIO:
        """Begin a file, and delete those beyond the number that nobody wrote to for longest."""
        others = sorted(self._folder.glob("*.jsonl"), key=_last_written)
        for file in others[:max(0, len(others) - self._most_files + 1)]:
            file.unlink(missing_ok=True)
        self._begun += 1
        name = (f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{platform.node()}-{os.getpid()}-"
                f"{self._begun}.jsonl")
        return (self._folder / name).open("ab", buffering=0)

    def _forget(self) -> None:
        if self._file:
            empty = self._file.tell() == 0
            self._file.close()
            if empty:  # a full disk would have one for each try, and they push out older ones
                with suppress(OSError):
                    Path(str(self._file.name)).unlink()
        self._file = None


def _last_written(file: Path) -> tuple[float, str]:
    try:
        return file.stat().st_mtime, file.name
    except FileNotFoundError:  # another process has just deleted it
        return 0, file.name
