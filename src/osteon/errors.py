"""One clear message for a user's mistake, instead of a traceback."""

import errno
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from osteon import memory

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class UserError(Exception):
    """Something the user can mend; the message says what is wrong, where, and what to do."""


class DivergedError(UserError):
    """A training's loss is no number any more."""


def run(stage: Callable[[], int | None], times: Path | None = Path("runs/stages.csv")
        ) -> None:
    """Run a stage's main function; a user's mistake ends it with one message and exit code 1.

    Errors of our own making keep their traceback: a bug must be seen whole. A stage that ends well
    adds to `times` how long it took, and how fast that was if it says how many images it did. A
    command that is no stage has no `times`.
    """
    speak()
    memory.keep_freed()
    started = time.perf_counter()
    try:
        images = stage()
        if times:
            _note(times, time.perf_counter() - started, images)
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


def _note(times: Path, seconds: float, images: int | None) -> None:
    """Add a line: when it ended, which stage, seconds of the wall's clock, and images if told.

    Of processes that train together the leading one does.
    """
    if any(os.environ.get(rank, "0") != "0" for rank in ("RANK", "LOCAL_RANK", "SLURM_PROCID")):
        return
    times.parent.mkdir(parents=True, exist_ok=True)
    head = "" if times.exists() else "ended,stage,seconds,images,images_per_s\n"
    name = " ".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    speed = "," if images is None else f"{images},{images / seconds:.1f}"
    with times.open("a", encoding="utf-8") as stream:
        stream.write(f"{head}{ended},{name},{seconds:.1f},{speed}\n")


def _no_room(failure: OSError) -> str:
    where = failure.filename or Path.cwd()
    return f"{where}: {failure.strerror}. Nothing half-written is left; free disk space, run again."
