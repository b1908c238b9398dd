"""One clear message for a user's mistake, instead of a traceback."""

import errno
import logging
import sys
from collections.abc import Callable
from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class UserError(Exception):
    """Something the user can mend; the message says what is wrong, where, and what to do."""


def run(stage: Callable[[], None]) -> None:
    """Run a stage's main function; a user's mistake ends it with one message and exit code 1.

    Errors of our own making keep their traceback: a bug must be seen whole.
    """
    speak()
    try:
        stage()
    except (UserError, OSError) as failure:
        sys.exit(f"error: {said(failure)}")


def speak() -> None:
    """Let our own log be read on the standard output, and libraries' where it matters."""
    # By force, since some libraries set up logging of their own as they are imported.
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout, force=True)
    logging.getLogger("osteon").setLevel(logging.INFO)


def said(failure: UserError | OSError) -> str:
    """Say in one message what the user can mend; raise what is not theirs to mend."""
    if isinstance(failure, UserError):
        return str(failure)
    if failure.errno in _NO_ROOM:
        return _no_room(failure)
    raise failure


def _no_room(failure: OSError) -> str:
    where = failure.filename or Path.cwd()
    return f"{where}: {failure.strerror}. Nothing half-written is left; free disk space, run again."
