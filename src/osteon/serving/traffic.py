"""How many requests at once, and how long each: 429 for one too many, 503 for one too long."""

import asyncio
from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osteon.serving import deadline
from osteon.serving.errors import SOON, RefusedError

_OWN_WORDS_S = 0.05  # in which whoever looks at the deadline says what was late: an upload, by 408


class Traffic:
    """Middleware that bounds what a worker has to do at any time."""

    def __init__(self, app: ASGIApp, *, most: int, seconds: float) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds
        self._now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, if there is room; what costs nothing, as health and pages, always."""
        if (scope["type"] != "http" or scope["method"] != "POST"
                or not scope["path"].startswith("/v1/")):
            await self._app(scope, receive, send)
            return
        if self._now >= self._most:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS,
                               f"{self._most} requests are being answered; try again in a moment",
                               headers=SOON)
        self._now += 1
        try:
            await self._in_time(scope, receive, _Reply(send))
        finally:
            self._now -= 1

    async def _in_time(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        """Answer late requests at once; their place is free only when the work on them has ended.

        The work is not cancelled, since a thread would go on unseen: it ends by the deadline.
        """
        with deadline.allowed(self._seconds):
            work: asyncio.Task[None] = asyncio.create_task(
                self._app(scope, receive, reply.send))  # type: ignore[arg-type]
        done, _ = await asyncio.wait({work}, timeout=self._seconds + _OWN_WORDS_S)
        if done:
            work.result()  # or what it raised, if only that time was over
            return
        if reply.begun:
            with suppress(TimeoutError):  # whoever does not read is not waited for any longer
                await asyncio.wait_for(work, self._seconds)
            return
        reply.late = True
        await deadline.OutOfTimeError().reply(scope, receive, reply.out)
        with suppress(RefusedError):
            await work


class _Reply:
    """Who sends first answers; what comes after the time is over goes nowhere."""

    def __init__(self, out: Send) -> None:
        self.out = out
        self.begun = False
        self.late = False

    async def send(self, message: Message) -> None:
        if not self.late:
            self.begun = True
            await self.out(message)
