"""Every refusal has one shape: `{"error", "detail", "field"}`."""

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def refusal(status: HTTPStatus, detail: str, field: str | None = None) -> JSONResponse:
    """Make the reply to a request that cannot be answered."""
    return JSONResponse({"error": status.phrase, "detail": detail, "field": field}, status)


class OneErrorShape:
    """Middleware that brings the framework's own refusals into the shape of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass answers through; gather a refusal's body and send it in our shape."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        refused: list[Message] = []

        async def shape(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused.append(message)
            elif not refused:
                await send(message)
            else:
                refused.append(message)
                if not message.get("more_body"):
                    await _reshaped(refused)(scope, receive, send)

        await self._app(scope, receive, shape)


def _reshaped(messages: list[Message]) -> JSONResponse:
    status = HTTPStatus(messages[0]["status"])
    body = b"".join(message.get("body", b"") for message in messages[1:])
    try:
        content = json.loads(body)
    except ValueError:
        return refusal(status, body.decode(errors="replace"))
    if isinstance(content, dict) and content.keys() == {"error", "detail", "field"}:
        return JSONResponse(content, status)
    return refusal(status, *_first_problem(content))


def _first_problem(content: Any) -> tuple[str, str | None]:
    """Find what the framework says is wrong, and with which field."""
    problems = content.get("detail") if isinstance(content, dict) else content
    if isinstance(problems, list) and problems:
        first = problems[0]
        where = [str(step) for step in first.get("loc", ())]
        return str(first.get("msg") or first.get("error")), ".".join(where) or None
    return str(problems or content.get("error", content)), None
