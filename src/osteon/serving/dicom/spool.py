"""The queue on disk: each study is a folder, and the folder it lies in is how far it has come.

`receiving` until no image came for a while, `answering` until its answer is delivered, `answered`
for as long as a late view may join, or `aside` with the reason in words. A study moves by one
rename, so a node that is killed finds it where it was. A person may move one as well: from
`aside` to `receiving` it is tried anew.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from osteon.errors import UserError
from osteon.files import fresh_file, read_json, write_json
from osteon.serving.dicom.log import hashed

REASON = "reason.txt"
_ATTEMPTS = "attempts.json"
_FORGOTTEN_S = 600  # no association lasts so long without a byte


class Spool:
    """A folder with all that the node must not lose; one node at a time may have it."""

    def __init__(self, folder: Path) -> None:
        self.arriving, self.receiving, self.answering, self.answered, self.aside = (
            folder / name for name in ("arriving", "receiving", "answering", "answered", "aside"))
        try:
            for place in (self.arriving, self.receiving, self.answering, self.answered, self.aside):
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = _hold(folder / "lock")
        except PermissionError:
            raise UserError(f"--spool: {folder} cannot be written; name a folder of your own, or "
                            "see to its permissions") from None
        self._moving = threading.Lock()
        self.sweep(older_than_s=0)

    def close(self) -> None:
        """Leave the queue to another node; a process that ends does so by itself."""
        self._held.close()

    def put(self, file: Path, study_uid: str, instance_uid: str) -> None:
        """Take over a file of `arriving`; once this returns, not even a power cut loses it."""
        _to_disk(file)
        folder = self.receiving / hashed(study_uid)
        with self._moving:
            folder.mkdir(exist_ok=True)
            file.replace(folder / f"{hashed(instance_uid)}.dcm")
            _to_disk(folder)
            _to_disk(self.receiving)

    def completed(self, quiet_s: float) -> list[str]:
        """Move studies that no image came to for so long on to `answering`; gives their names.

        One whose earlier images are still being answered waits. Images that were answered before
        join, so that a verdict is on all views there are.
        """
        moved = []
        for folder in _folders(self.receiving):
            with self._moving:
                target = self.answering / folder.name
                if time.time() - folder.stat().st_mtime < quiet_s or target.exists():
                    continue
                self._join(self.answered / folder.name, folder)
                (folder / REASON).unlink(missing_ok=True)
                _move(folder, target)
                moved.append(folder.name)
        return moved

    def waiting(self) -> list[Path]:
        """Give the folders of studies to be answered, the longest waiting first."""
        return sorted(_folders(self.answering), key=lambda folder: folder.stat().st_mtime)

    @staticmethod
    def attempts(study: Path) -> int:
        """Tell how often it was tried in vain to answer a study."""
        record = study / _ATTEMPTS
        return int(read_json(record)) if record.is_file() else 0

    @staticmethod
    def count(study: Path, attempts: int) -> None:
        """Note attempts; before one begins, so that one which ends the process counts as well."""
        write_json(study / _ATTEMPTS, attempts)

    def done(self, study: Path) -> None:
        """Move an answered study out of the queue."""
        for made in (_ATTEMPTS, "answer"):
            _remove(study / made)
        with self._moving:
            shutil.rmtree(self.answered / study.name, ignore_errors=True)
            _move(study, self.answered / study.name)

    def set_aside(self, study: Path, reason: str) -> None:
        """Move a study that cannot be answered out of the queue, with the reason beside it."""
        for made in (_ATTEMPTS, "answer"):
            _remove(study / made)
        with fresh_file(study / REASON) as aside:
            aside.write_text(reason + "\n", encoding="utf-8")
        with self._moving:
            self._join(self.aside / study.name, study)
            _move(study, self.aside / study.name)

    def forget(self, keep_min: float) -> None:
        """Delete images of studies that were answered so long ago."""
        for folder in _folders(self.answered):
            if time.time() - folder.stat().st_mtime >= 60 * keep_min:
                with self._moving:
                    shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, older_than_s: float = _FORGOTTEN_S) -> None:
        """Delete what a broken association left behind."""
        for file in self.arriving.iterdir():
            if time.time() - file.stat().st_mtime >= older_than_s:
                file.unlink(missing_ok=True)

    def free_mb(self) -> float:
        """Give the room that is left on the disk."""
        return shutil.disk_usage(self.arriving).free / 2**20

    @staticmethod
    def _join(earlier: Path, folder: Path) -> None:
        """Move images of a folder to another, unless newer ones with their names are there."""
        changed = folder.stat()
        for file in images(earlier):
            if not (folder / file.name).exists():
                file.replace(folder / file.name)
        shutil.rmtree(earlier, ignore_errors=True)
        os.utime(folder, ns=(changed.st_atime_ns, changed.st_mtime_ns))


def images(study: Path) -> list[Path]:
    """List the images of a study."""
    return sorted(study.glob("*.dcm"))


@contextmanager
def lasting(file: Path) -> Iterator[Path]:
    """Give a hidden sibling to write, and rename it once it is on the disk for good."""
    with fresh_file(file) as aside:
        yield aside
        _to_disk(aside)


def _folders(place: Path) -> list[Path]:
    return [folder for folder in place.iterdir() if folder.is_dir()]


def _move(folder: Path, target: Path) -> None:
    os.utime(folder)
    folder.rename(target)
    _to_disk(target.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hold(lock: Path) -> IO[str]:
    stream = lock.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.close()
        raise UserError(f"--spool: {lock.parent} is another running node's; stop that one, or name "
                        "another folder") from None
    return stream
