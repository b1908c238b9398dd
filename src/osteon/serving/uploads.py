"""What may come in: a body of bounded size and time, with the files and texts its path takes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osteon.serving import deadline
from osteon.serving.errors import SOON, RefusedError
from osteon.serving.form import Form, FormReader

JSON_PATH = "/v1/feedback"
_MOST_JSON_BYTES = 16 * 2**10
_MOST_HELD = 2  # times the largest body there can be: what all bodies together may take


class Uploads:
    """Middleware that reads what is sent, and refuses what should not be by a typed error.

    It hands on a form as `scope["state"]["sent"]`, a `form.Sent`, and other bodies as they came.
    """

    def __init__(self, app: ASGIApp, *, forms: Mapping[str, Form]) -> None:
        self._app = app
        self._forms = forms
        self._most_held = _MOST_HELD * max(form.most_bytes for form in forms.values())
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body once; where none is wanted, it is left unread."""
        posted = scope["path"] if scope["type"] == "http" and scope["method"] == "POST" else ""
        form = self._forms.get(posted)
        if not form and posted != JSON_PATH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity") != "identity":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                               "send the body as it is, without a content encoding")
        body = _Body(headers, form)
        try:
            await self._receive(body, receive)
            await self._app(scope, body.handed_on(scope, receive), send)
        finally:
            self._held -= body.size

    async def _receive(self, body: "_Body", receive: Receive) -> None:
        """Read a body, chunked or not, but no further than its limit, and not for ever."""
        left_s = deadline.left_s()
        try:
            async with asyncio.timeout(left_s if left_s < float("inf") else None):
                async for piece in _pieces(receive):
                    self._held += len(piece)
                    body.take(piece)
                    if self._held > self._most_held:
                        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "too many large uploads "
                                           "at once; try again in a moment", headers=SOON)
        except TimeoutError:
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT,
                               "the upload did not arrive in time") from None


class _Body:
    """A body as it arrives: a form where there is one to fill in, else JSON."""

    def __init__(self, headers: Headers, form: Form | None) -> None:
        self.size = 0
        self._most_bytes = form.most_bytes if form else _MOST_JSON_BYTES
        self._reader = _Json(headers) if form is None else FormReader(form, headers)
        if int(headers.get("content-length", 0)) > self._most_bytes:
            raise self._too_large()

    def take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._most_bytes:
            raise self._too_large()
        self._reader.feed(piece)

    def handed_on(self, scope: Scope, receive: Receive) -> Receive:
        """Put a form into the scope; gives from what the application may receive the rest."""
        if isinstance(self._reader, _Json):
            return _replay(self._reader.content(), receive)
        scope.setdefault("state", {})["sent"] = self._reader.sent()
        return receive

    def _too_large(self) -> RefusedError:
        return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                            f"the upload is larger than {self._most_bytes} bytes")


class _Json:
    """A small JSON object."""

    def __init__(self, headers: Headers) -> None:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
        self._pieces: list[bytes] = []
        self.feed: Callable[[bytes], None] = self._pieces.append

    def content(self) -> bytes:
        """Give it as it came, after its last piece.

        Raises:
            RefusedError: it is none.
        """
        found = b"".join(self._pieces)
        try:
            is_object = isinstance(json.loads(found), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is no JSON object")
        return found


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the upload broke off")
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body again, and after it whatever the client sends next: that it has gone."""
    left = [body]

    async def replayed() -> Message:
        if not left:
            return await receive()
        return {"type": "http.request", "body": left.pop(), "more_body": False}
    return replayed
