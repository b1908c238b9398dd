"""What browsers are told beside each answer: where scripts may come from, and to keep nothing."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOWHERE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The page brings its own script and style, and shows pictures that it has in memory.
_PAGE = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
         f"connect-src 'self'; {_NOWHERE}")
_OTHERS = {
    # One file with everything in it, and without scripts.
    "/card": f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; {_NOWHERE}",
    # Swagger UI sets styles from its script.
    "/docs": ("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
              f"img-src 'self' data:; connect-src 'self'; {_NOWHERE}"),
}
_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
           "Cross-Origin-Opener-Policy": "same-origin",
           "Cross-Origin-Resource-Policy": "same-origin"}


class SecurityHeaders:
    """Middleware that adds them; TLS, and what goes with it, is the proxy's part."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them to every reply; those about patients are kept by nobody on the way."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        added = {**_ALWAYS, "Content-Security-Policy": _OTHERS.get(path.rstrip("/"), _PAGE)}
        if path.startswith("/v1/"):
            added["Cache-Control"] = "no-store"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
