"""How many requests at once and how long each: what is refused, and what becomes of late work."""

import asyncio
import time

import anyio.to_thread
import httpx
import pytest

from osteon.serving import deadline
from osteon.serving.deadline import OutOfTimeError
from osteon.serving.errors import OneErrorShape
from osteon.serving.traffic import Traffic


def _behind(app, **options):
    return httpx.AsyncClient(transport=httpx.ASGITransport(OneErrorShape(Traffic(app, **options))),
                             base_url="http://service")


async def _answer(send, status=200, body=b"done"):
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


class _Held:
    """An application that answers when it is told to."""

    def __init__(self):
        self.now = 0
        self.go_on = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.now += 1
        await self.go_on.wait()
        self.now -= 1
        await _answer(send)


async def _until(happened):
    async with asyncio.timeout(2):
        while not happened():
            await asyncio.sleep(0.001)


def test_one_too_many_is_told_to_come_again():
    async def scenario():
        app = _Held()
        async with _behind(app, most=2, seconds=5) as client:
            first = [asyncio.create_task(client.post("/v1/predict")) for _ in range(2)]
            await _until(lambda: app.now == 2)
            refused = await client.post("/v1/predict")
            app.go_on.set()
            return refused, *await asyncio.gather(*first), await client.post("/v1/predict")

    refused, *answered = asyncio.run(scenario())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {
        "error": "Too Many Requests", "field": None,
        "detail": "2 requests are being answered; try again in a moment"}
    assert [reply.status_code for reply in answered] == [200, 200, 200]


@pytest.mark.parametrize(("method", "path"), [("GET", "/readyz"), ("GET", "/"), ("GET", "/v1/card"),
                                              ("GET", "/metrics")])
def test_what_costs_nothing_is_answered_under_full_load(method, path):
    async def scenario():
        app = _Held()
        async with _behind(app, most=1, seconds=5) as client:
            first = asyncio.create_task(client.post("/v1/predict"))
            await _until(lambda: app.now == 1)
            second = asyncio.create_task(client.request(method, path))
            await _until(lambda: app.now == 2)
            app.go_on.set()
            return [reply.status_code for reply in await asyncio.gather(first, second)]

    assert asyncio.run(scenario()) == [200, 200]


def test_a_place_is_free_again_after_an_error():
    async def scenario():
        async def broken(scope, receive, send):
            raise RuntimeError("a bug")

        replies = []
        transport = httpx.ASGITransport(OneErrorShape(Traffic(broken, most=1, seconds=5)),
                                        raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            replies += [await client.post("/v1/predict") for _ in range(3)]
        return replies

    for reply in asyncio.run(scenario()):
        assert reply.status_code == 500
        assert reply.json()["error"] == "Internal Server Error"


class _Steps:
    """An application that works in a thread, in steps of 20 ms, and asks between them."""

    def __init__(self, steps):
        self.left = steps
        self.working = False

    def _work(self):
        self.working = True
        try:
            while self.left:
                deadline.require_time()
                time.sleep(0.02)
                self.left -= 1
        finally:
            self.working = False

    async def __call__(self, scope, receive, send):
        await anyio.to_thread.run_sync(self._work)
        await _answer(send)


def test_late_work_is_answered_503_and_really_ends():
    async def scenario():
        app = _Steps(1000)
        async with _behind(app, most=1, seconds=0.1) as client:
            began = time.monotonic()
            reply = await client.post("/v1/predict")
            took_s = time.monotonic() - began
            await _until(lambda: not app.working)
            left = app.left
            await asyncio.sleep(0.1)
            return reply, took_s, left, app.left

    reply, took_s, left, later = asyncio.run(scenario())
    assert reply.status_code == 503
    assert reply.json()["detail"] == "not answered in time; try again later"
    assert reply.headers["retry-after"] == "1"
    assert 0.1 <= took_s < 1
    assert 980 <= left == later < 1000


def test_a_place_is_taken_until_late_work_has_ended():
    async def scenario():
        app = _Held()
        async with _behind(app, most=1, seconds=0.05) as client:
            held = asyncio.create_task(client.post("/v1/predict"))
            await asyncio.sleep(0.15)
            refused = await client.post("/v1/predict")
            app.go_on.set()
            late = await held
            await _until(lambda: app.now == 0)
            return late.status_code, refused.status_code, (await client.post("/v1/x")).status_code

    assert asyncio.run(scenario()) == (503, 429, 200)


def test_quick_work_may_use_the_time_that_is_left():
    async def scenario():
        async with _behind(_Steps(3), most=1, seconds=5) as client:
            return (await client.post("/v1/predict")).text

    assert asyncio.run(scenario()) == "done"


def test_without_a_limit_nothing_is_out_of_time():
    deadline.require_time()
    with deadline.allowed(-1), pytest.raises(OutOfTimeError):
        deadline.require_time()
    deadline.require_time()
