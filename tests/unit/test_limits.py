"""What an upload may be: its form, its size, and what its header declares."""

import asyncio
import struct
import zlib

import httpx
import numpy as np
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

import dicoms
from osteon import imaging
from osteon.imaging import ImageError
from osteon.serving import deadline
from osteon.serving.errors import OneErrorShape
from osteon.serving.form import Form
from osteon.serving.uploads import Uploads

ONE = Form("image", 1, frozenset({"body_part", "label"}), 10_000)
SEVERAL = Form("images", 3, frozenset(), 20_000)
FILE = ("x.png", b"\x89PNG" + bytes(300))
KIND = "multipart/form-data; boundary=x"


async def _echo(scope, receive, send):
    request = Request(scope, receive)
    if hasattr(request.state, "sent"):
        files, texts = request.state.sent.files, request.state.sent.texts
        said = " ".join([*(str(len(file)) for file in files), *map("=".join, texts.items())])
    else:
        said = (await request.body()).decode()
    await PlainTextResponse(said)(scope, receive, send)


def _client(forms):
    return httpx.AsyncClient(transport=httpx.ASGITransport(OneErrorShape(Uploads(
        _echo, forms=forms))), base_url="http://service")


def _post(path="/v1/predict", **sent):
    async def ask():
        async with _client({"/v1/predict": ONE, "/v1/study": SEVERAL}) as client:
            return await client.post(path, **sent)
    return asyncio.run(ask())


def _form(*parts, end=b"--x--\r\n"):
    """Write a form by hand, from the options of each part's disposition and its content."""
    return b"".join(b"--x\r\nContent-Disposition: form-data" + options + b"\r\n\r\n" + content
                    + b"\r\n" for options, content in parts) + end


async def _in_pieces(body, size):
    for at in range(0, len(body), size):
        yield body[at:at + size]


IMAGE = (b'; name="image"; filename="a"', b"12345")
GOOD = [
    pytest.param("/v1/predict", {"files": {"image": FILE}}, "304", id="a file"),
    pytest.param("/v1/predict", {"files": {"image": FILE}, "data": {"body_part": "hand"}},
                 "304 body_part=hand", id="with a text"),
    pytest.param("/v1/study", {"files": [("images", FILE)] * 3}, "304 304 304",
                 id="as many views as may be"),
    pytest.param("/v1/predict", {"content": _form(IMAGE), "headers": {"content-type": KIND}},
                 "5", id="by hand"),
    pytest.param("/v1/predict", {"content": _form((b'; name="image"; filename=""', b"")),
                                 "headers": {"content-type": KIND}}, "0", id="an empty file"),
    pytest.param("/v1/predict", {"files": {"image": FILE}, "data": {"label": "é" * 100}},
                 "304 label=" + "é" * 100, id="a text of 100 characters in 200 bytes"),
    pytest.param("/v1/elsewhere", {"content": b"{"}, "{", id="what no path takes is left unread"),
    pytest.param("/v1/feedback", {"json": {"label": "normal"}}, '{"label":"normal"}', id="JSON"),
]


@pytest.mark.parametrize(("path", "sent", "arrives"), GOOD)
def test_what_is_wanted_arrives_as_it_was_sent(path, sent, arrives):
    reply = _post(path, **sent)
    assert (reply.status_code, reply.text) == (200, arrives)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_form_is_the_same_in_pieces(size):
    body = _form((b'; name="label"', b"normal"), IMAGE)
    reply = _post(content=_in_pieces(body, size), headers={"content-type": KIND})
    assert (reply.status_code, reply.text) == (200, "5 label=normal")


def _raw(*parts, kind=KIND, **more):
    return {"content": _form(*parts, **more), "headers": {"content-type": kind}}


TEXT = (b'; name="label"', b"normal")
BAD = [
    pytest.param(_raw(TEXT), 400, "image", "missing", id="no file"),
    pytest.param(_raw(), 400, "image", "missing", id="no part"),
    pytest.param({"files": [("image", FILE)] * 2}, 400, "image", "too many", id="two files"),
    pytest.param({"files": {"picture": FILE}}, 400, "picture", "no such field", id="other field"),
    pytest.param(_raw(IMAGE, TEXT, TEXT), 400, "label", "two of", id="a text twice"),
    pytest.param(_raw((b'; name="image"', b"http://example.com/x.png")), 400, "image", "a file is",
                 id="an address, which the framework would follow"),
    pytest.param({"files": {"image": FILE, "label": FILE}}, 400, "label", "a text is",
                 id="a file as a text"),
    pytest.param(_raw(IMAGE, (b'; name="label"', b"[" * 101)), 422, "label", "longer than 100",
                 id="a text too long"),
    pytest.param(_raw(IMAGE, (b'; name="label"', b"[" * 9000), end=b""), 422, "label",
                 "longer than 100", id="a text too long to be read to its end"),
    pytest.param(_raw(IMAGE, (b'; name="label"', b"\xff\xfe")), 422, "label", "UTF-8",
                 id="no text"),
    pytest.param(_raw((b"", b"x")), 400, None, "no name", id="a part without a name"),
    pytest.param(_raw(IMAGE, end=b""), 400, None, "cut short", id="no end"),
    pytest.param({"content": _form(IMAGE)[:70], "headers": {"content-type": KIND}}, 400, None,
                 "cut short", id="cut short"),
    pytest.param({"content": b"garbage", "headers": {"content-type": KIND}}, 400, None,
                 "cannot be read", id="no form"),
    pytest.param(_raw(IMAGE, kind="multipart/form-data"), 400, None, "boundary", id="no boundary"),
    pytest.param(_raw(IMAGE, kind=f"multipart/form-data; boundary={'x' * 400}"), 400, None,
                 "cannot be read", id="a boundary too long"),
    pytest.param(_raw(IMAGE, kind=f"{KIND}; charset=utf-16"), 415, None, "UTF-8",
                 id="names in a character set that hides them"),
    pytest.param({"json": {"image": "x"}}, 415, None, "multipart/form-data", id="JSON"),
    pytest.param({"content": b""}, 415, None, "multipart/form-data", id="nothing"),
    pytest.param({"content": zlib.compress(bytes(10**7)), "headers": {
        "content-type": KIND, "content-encoding": "deflate"}}, 415, None, "encoding",
        id="10 MB deflated to 10 KB"),
    pytest.param({"files": {"image": ("x", bytes(10_001))}}, 413, None, "10000 bytes",
                 id="too large by what it declares"),
    pytest.param({"content": _in_pieces(_form((IMAGE[0], bytes(10_001))), 1000), "headers": {
        "content-type": KIND}}, 413, None, "10000 bytes", id="too large in pieces"),
]


@pytest.mark.parametrize(("sent", "status", "field", "said"), BAD)
def test_anything_else_is_refused_by_name(sent, status, field, said):
    reply = _post(**sent)
    body = reply.json()
    assert (reply.status_code, body["field"]) == (status, field)
    assert said in body["detail"]
    assert body.keys() == {"error", "detail", "field"}


@pytest.mark.parametrize(("sent", "status"), [
    pytest.param({"content": b"{"}, 400, id="cut short"),
    pytest.param({"content": b"[1]"}, 400, id="no object"),
    pytest.param({"content": b"[" * 16_000}, 400, id="nested"),
    pytest.param({"content": b'{"a":' + b"9" * 9999 + b"}"}, 400, id="a number without end"),
    pytest.param({"content": b"\xff\xfe{}"}, 400, id="no UTF-8"),
    pytest.param({"content": b" " * 16_385}, 413, id="too large"),
    pytest.param({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, id="text"),
])
def test_feedback_is_a_small_json_object(sent, status):
    headers = {"content-type": "application/json", **sent.pop("headers", {})}
    assert _post("/v1/feedback", headers=headers, **sent).status_code == status


def test_all_uploads_together_are_bounded():
    body = _form((IMAGE[0], bytes(9_000)))  # two forms of the largest size may be held: 20,000

    async def scenario():
        go_on = asyncio.Event()

        async def held():
            yield body[:-10]
            await go_on.wait()
            yield body[-10:]

        async def ask(client, content):
            return await client.post("/v1/predict", content=content, headers={"content-type": KIND})

        async with _client({"/v1/predict": ONE}) as client:
            first = [asyncio.create_task(ask(client, held())) for _ in range(2)]
            await asyncio.sleep(0.05)
            third = await ask(client, body)
            go_on.set()
            replies = [third, *await asyncio.gather(*first), await ask(client, body)]
            return [reply.status_code for reply in replies]

    assert asyncio.run(scenario()) == [429, 200, 200, 200]


def test_an_upload_that_does_not_arrive_is_given_up():
    async def never():
        yield b"--x\r\n"
        await asyncio.sleep(60)
        yield b""

    with deadline.allowed(0.1):
        reply = _post(content=never(), headers={"content-type": KIND})
    assert reply.status_code == 408
    assert reply.json()["detail"] == "the upload did not arrive in time"


def _png(width, height, bits=8, kind=0):
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pixels = zlib.compress(bytes(height * (width + 1)))
    chunks = [chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _tiff(bits, samples, side=100):
    """Write the head of a grey or coloured TIFF of any depth, without pixels."""
    entries = [(256, side), (257, side), (258, bits), (262, 1), (277, samples)]
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + b"".join(
        struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries) + bytes(4)


@pytest.mark.parametrize(("content", "most", "read"), [
    pytest.param(_png(100, 100), 10_000, True, id="PNG"),
    pytest.param(_png(101, 100), 10_000, False, id="PNG, one row more"),
    pytest.param(dicoms.dicom_file(np.zeros((100, 100), np.uint8)), 10_000, True,
                 id="DICOM"),
    pytest.param(dicoms.dicom_file(np.zeros((100, 101), np.uint8)), 10_000, False,
                 id="DICOM, one column more"),
])
def test_no_more_pixels_are_read_than_wanted(content, most, read):
    if read:
        assert imaging.decode(content, most_pixels=most).picture.size == most
    else:
        with pytest.raises(ImageError, match="no more than 10,000 are read"):
            imaging.decode(content, most_pixels=most)


@pytest.mark.parametrize(("bits", "samples", "most"), [
    pytest.param(8, 1, "9,999", id="8-bit grey"),
    pytest.param(16, 1, "9,999", id="16-bit grey"),
    pytest.param(8, 3, "9,999", id="8-bit colours"),
    pytest.param(16, 3, "4,999", id="16-bit colours"),
    pytest.param(16, 4, "3,333", id="with transparency"),
    pytest.param(32, 3, "2,499", id="float colours"),
])
def test_deep_pixels_count_as_several(bits, samples, most):
    with pytest.raises(ImageError, match=f"no more than {most} are read"):
        imaging.decode(_tiff(bits, samples), most_pixels=9_999)
    if bits <= 16:
        kind = {1: 0, 3: 2, 4: 6}[samples]
        with pytest.raises(ImageError, match=f"no more than {most} are read"):
            imaging.decode(_png(100, 100, bits, kind), most_pixels=9_999)


def test_a_bomb_is_refused_from_its_header():
    bomb = _png(60_000, 400)
    assert len(bomb) < 30_000
    with pytest.raises(ImageError, match="60000 x 400"):
        imaging.decode(bomb, most_pixels=20_000_000)
