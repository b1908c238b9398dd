"""Where the trials of a search are kept, for one process or for several."""

import json
import time
import uuid
from pathlib import Path

from filelock import FileLock
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

from osteon.errors import UserError
from osteon.files import fresh_file

_TABLES_S = 2.0


def opened(storage: str) -> BaseStorage:
    """Open a journal file by its path, or a database by its URL.

    Raises:
        UserError: it cannot be opened, or is something else.
    """
    try:
        if "://" in storage:
            return _database(storage)
        journal = Path(storage).resolve()
        journal.parent.mkdir(parents=True, exist_ok=True)
        _require_journal(journal)
        return JournalStorage(JournalFileBackend(str(journal), lock_obj=_JournalLock(journal)))
    except Exception as error:  # each database fails in its own way; all mean "cannot be opened"
        reason = str(error).strip().splitlines()[:1]
        shown = storage.split("://")[0] + "://..." if "://" in storage else storage  # no password
        raise UserError(f"tune.storage: {shown}: {type(error).__name__}: {' '.join(reason)}; give "
                        "the URL of a database, the path of a journal file, or null") from None


def _require_journal(file: Path) -> None:
    """Refuse to write trials into a file that holds something else."""
    if file.exists():
        with file.open("rb") as lines:
            json.loads(lines.readline() or b"{}")


def _database(url: str) -> RDBStorage:
    """Open a database; of two processes that find it empty and make its tables, one must wait."""
    from sqlalchemy.exc import DBAPIError  # a second to import, and a journal does without

    try:
        return RDBStorage(url)
    except DBAPIError:
        time.sleep(_TABLES_S)
        return RDBStorage(url)


def name_of(folder: Path) -> str:
    """Name a folder of locks, so that a trial can tell which locks are its own."""
    file = folder / "place"
    if not file.is_file():
        with fresh_file(file) as aside:
            aside.write_text(uuid.uuid4().hex, encoding="utf-8")
    return file.read_text(encoding="utf-8")


class _JournalLock(JournalFileOpenLock):
    """Guards a journal by a lock that a killed process lets go of at once."""

    def __init__(self, journal: Path) -> None:
        self._held = FileLock(journal.with_name(f"{journal.name}.lock"))

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._held.acquire()
        return True

    def release(self) -> None:
        """Let go of it."""
        self._held.release()
