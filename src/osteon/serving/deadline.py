"""How long a request may still take: whoever works for it asks, and gives up when time is over.

A thread cannot be ended from outside. So what works for a request in one asks between its steps,
each of which is bounded by the limits on size.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus

from osteon.serving.errors import SOON, RefusedError

_END: ContextVar[float] = ContextVar("end", default=math.inf)  # of the monotonic clock


class OutOfTimeError(RefusedError):
    """The time of this request is over; nobody waits for its answer any more."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, "not answered in time; try again later",
                         headers=SOON)


@contextmanager
def allowed(seconds: float) -> Iterator[None]:
    """Give what is started within so many seconds from now, tasks and threads included."""
    token = _END.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def left_s() -> float:
    """Give the seconds left: negative once time is over, infinite where none was set."""
    return _END.get() - time.monotonic()


def require_time() -> None:
    """Ask before each step of the work.

    Raises:
        OutOfTimeError: the time of this request is over.
    """
    if left_s() <= 0:
        raise OutOfTimeError
