"""Every refusal has one shape: `{"error", "detail", "field"}`."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osteon.serving.discreet import failure

log = logging.getLogger("osteon.serving")

SOON = {"Retry-After": "1"}  # seconds; most requests are done within one
_OF_THE_BODY = {"content-length", "content-type"}


class RefusedError(Exception):
    """A request that is not answered; `OneErrorShape` makes the reply of it."""

    def __init__(self, status: HTTPStatus, detail: str, field: str | None = None,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.reply = refusal(status, detail, field, headers)


def refusal(status: HTTPStatus, detail: str, field: str | None = None,
            headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the reply to a request that cannot be answered."""
    content = {"error": status.phrase, "detail": detail, "field": field}
    return JSONResponse(content, status, headers)


class OneErrorShape:
    """Middleware that answers refusals, and brings the framework's own into the same shape."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass answers through; gather a refusal's body and send it in our shape.

        Of a bug the log says where it is, not the exception's text, which may quote a header.
        """
        shaped = _Shaped(scope, receive, send)
        try:
            await self._app(scope, receive, shaped.send if shaped.concerned else send)
        except RefusedError as refused:
            await refused.reply(scope, receive, send)
        except Exception as error:
            if not shaped.concerned:
                raise
            log.error("an unexpected error: %s", failure(error))  # noqa: TRY400  # see above
            if not shaped.begun:
                await refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error; the "
                              "server's log says more")(scope, receive, send)


class _Shaped:
    """One reply, held back and shaped anew if it is a refusal."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.concerned = scope["type"] == "http" and scope["path"].startswith("/v1/")
        self.begun = False
        self._to = (scope, receive, send)
        self._refused: list[Message] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._refused.append(message)
            return
        if self._refused:
            self._refused.append(message)
            if message.get("more_body"):
                return
            self.begun = True
            await _reshaped(self._refused)(*self._to)
            return
        self.begun = True
        await self._to[2](message)


def _reshaped(messages: list[Message]) -> JSONResponse:
    status = HTTPStatus(messages[0]["status"])
    headers = {name: value for name, value in Headers(raw=messages[0].get("headers", [])).items()
               if name not in _OF_THE_BODY}
    body = b"".join(message.get("body", b"") for message in messages[1:])
    try:
        content = json.loads(body)
    except ValueError:
        return refusal(status, body.decode(errors="replace"), headers=headers)
    if isinstance(content, dict) and content.keys() == {"error", "detail", "field"}:
        return JSONResponse(content, status, headers)
    return refusal(status, *_first_problem(content), headers)


def _first_problem(content: Any) -> tuple[str, str | None]:
    """Find what the framework says is wrong, and with which field."""
    problems = content.get("detail") if isinstance(content, dict) else content
    if isinstance(problems, list) and problems:
        first = problems[0]
        where = [str(step) for step in first.get("loc", ())]
        return str(first.get("msg") or first.get("error")), ".".join(where) or None
    return str(problems or content.get("error", content)), None
