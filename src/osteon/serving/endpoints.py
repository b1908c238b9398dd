"""What is answered at which address: a request's parts in, the model's answer out."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from osteon.imaging import ImageError
from osteon.serving.desk import Desk
from osteon.serving.errors import RefusedError
from osteon.serving.form import Sent

_HERE = Path(__file__).parent
_PAGE = _HERE / "page"

Answer = Callable[[Request], Awaitable[Response]]
Work = Callable[[str, list[bytes], dict[str, str]], bytes]


def application() -> Starlette:
    """Make the application, to which `routes` are added once the model is there."""
    return Starlette(exception_handlers={RefusedError: _refused})


def routes(desk: Desk, document: dict[str, Any], at_once: int) -> list[Route]:
    """Give every address that is answered here.

    `document` describes them. No more than `at_once` requests are worked for at a time; the
    others wait in a queue from which the threads help themselves: were they handed out by the event
    loop, a core would idle until that gets its turn.
    """
    workers = ThreadPoolExecutor(at_once)
    page = StaticFiles(directory=_PAGE)
    return [
        _post("/v1/predict", _form("image", "application/json", desk.predict, workers)),
        _post("/v1/study", _form("images", "application/json", desk.study, workers)),
        _post("/v1/explain", _form("image", "image/png", desk.explain, workers)),
        _post("/v1/feedback", _feedback(desk)),
        Route("/v1/card", _always(lambda: JSONResponse(desk.card))),
        Route("/card", _always(lambda: FileResponse(desk.card_page))),
        Route("/docs", _always(lambda: FileResponse(_HERE / "docs.html"))),
        Route("/docs.json", _always(lambda: JSONResponse(document))),
        Route("/", _page_file(page, "index.html")),
        *(Route(f"/{file.name}", _page_file(page, file.name)) for file in sorted(_PAGE.iterdir()))]


def _post(path: str, answer: Answer) -> Route:
    return Route(path, answer, methods=["POST"])


def _form(field: str, media_type: str, work: Work, workers: Executor) -> Answer:
    """Give what answers a form with images in a field, the work on it done in a thread."""
    async def answer(request: Request) -> Response:
        sent: Sent = request.state.sent  # by the middleware `Uploads`
        try:
            content = await asyncio.get_running_loop().run_in_executor(
                workers, copy_context().run,  # the deadline is part of it
                work, request.state.request_id, sent.files, sent.texts)
        except ImageError as error:
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field) from None
        return Response(content, media_type=media_type)
    return answer


def _feedback(desk: Desk) -> Answer:
    async def answer(request: Request) -> Response:
        content = await anyio.to_thread.run_sync(
            desk.feedback, request.state.request_id, await request.body())
        return Response(content, media_type="application/json")
    return answer


def _always(make: Callable[[], Response]) -> Answer:
    async def answer(_request: Request) -> Response:
        return make()
    return answer


def _page_file(page: StaticFiles, name: str) -> Answer:
    async def answer(request: Request) -> Response:
        return await page.get_response(name, request.scope)
    return answer


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return error.reply
