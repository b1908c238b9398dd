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
    # By force, since some libraries set up logging of their own as they are imported.
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout, force=True)
    logging.getLogger("osteon").setLevel(logging.INFO)  # ours; libraries speak when it matters
    try:
        stage()
    except UserError as mistake:
        sys.exit(f"error: {mistake}")
    except OSError as failure:
        if failure.errno not in _NO_ROOM:
            raise
        sys.exit(f"error: {_no_room(failure)}")


def _no_room(failure: OSError) -> str:
    where = failure.filename or Path.cwd()
    return f"{where}: {failure.strerror}. Nothing half-written is left; free disk space, run again."
