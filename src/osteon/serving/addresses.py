"""Which addresses there are: those that are described, whatever the framework would answer."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from osteon.serving.errors import RefusedError

_OF_THE_FRAMEWORK = frozenset({"/schema.json"})  # its own description, of none of our addresses


class Addresses:
    """Middleware that refuses what the framework answers beside them.

    A slash too many it would redirect, to a name that the client chose and without TLS.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by 404, or pass on."""
        if scope["type"] == "http":
            path = scope["path"]
            if path in _OF_THE_FRAMEWORK or (path.endswith("/") and path != "/"):
                raise RefusedError(HTTPStatus.NOT_FOUND, "no such address")
        await self._app(scope, receive, send)
