"""What may come in: a body of bounded size with one file in `image`, a text in `body_part`.

The framework would take a text in that field for an address and download from it, and answer a
malformed form with 500; so a request is looked at before the framework sees it.
"""

from http import HTTPStatus

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from osteon.serving.errors import refusal

_LARGEST_BODY_BYTES = 32 * 2**20  # four times a 16-bit radiograph of 2,000 x 2,000 pixels
_FIELD, _OPTION = "image", "body_part"


class OneImage:
    """Middleware that refuses any other request to `/v1/` by a typed error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body once, look at it, and hand it on as it came."""
        concerned = scope["type"] == "http" and scope["path"].startswith("/v1/")
        if not concerned or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _bounded(receive)
        refused = await _look(scope, body)
        if refused:
            await refused(scope, receive, send)
        else:
            await self._app(scope, _replay(body or b""), send)


async def _bounded(receive: Receive) -> bytes | None:
    """Read a body, chunked or not, but no further than the limit; none if it is larger."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY_BYTES:
            return None
        more = message.get("more_body", False)
    return bytes(body)


async def _look(scope: Scope, body: bytes | None) -> JSONResponse | None:
    if body is None:
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                       f"the upload is larger than {_LARGEST_BODY_BYTES} bytes")
    request = Request(scope, _replay(body))
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                       f"send multipart/form-data with one file in the field {_FIELD!r}")
    try:
        async with request.form(max_files=1, max_fields=1) as form:
            return _look_at(form)
    except (HTTPException, MultiPartException, KeyError) as error:
        reason = getattr(error, "detail", None) or getattr(error, "message", None) or "malformed"
        return refusal(HTTPStatus.BAD_REQUEST, f"the form cannot be read: {reason}")


def _look_at(form: FormData) -> JSONResponse | None:
    """Refuse other fields, a text where the file belongs, and a file where the text does."""
    for name, value in form.multi_items():
        if name not in (_FIELD, _OPTION):
            return refusal(HTTPStatus.BAD_REQUEST,
                           f"no such field; there are {_FIELD!r} and {_OPTION!r}", name)
        if isinstance(value, UploadFile) != (name == _FIELD):
            wanted = "a file" if name == _FIELD else "a text"
            return refusal(HTTPStatus.BAD_REQUEST, f"{wanted} is wanted here", name)
    if _FIELD not in form:
        return refusal(HTTPStatus.BAD_REQUEST, "the file is missing", _FIELD)
    return None


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}
    return receive
