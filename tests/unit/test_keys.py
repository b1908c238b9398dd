"""API keys: who is let in, when the file is read anew, and what is free of them."""

import os

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from osteon.errors import UserError
from osteon.serving.errors import OneErrorShape
from osteon.serving.keys import ApiKeys, Keys

ONE, TWO, THREE = "1111111111111111", "2222222222222222", "3333333333333333"


def _client(keys):
    async def answer(request):
        return PlainTextResponse(await request.body() or "answered")

    paths = ("/", "/readyz", "/metrics", "/v1/predict", "/v1/card")
    routes = [Route(path, answer, methods=["GET", "POST"]) for path in paths]
    return TestClient(Starlette(routes=routes, middleware=[
        Middleware(OneErrorShape), Middleware(ApiKeys, keys=keys, guarded=("/v1/",))]))


@pytest.mark.parametrize(("headers", "status"), [
    pytest.param({"Authorization": f"Bearer {ONE}"}, 200, id="bearer"),
    pytest.param({"authorization": f"bearer  {TWO}"}, 200, id="bearer in small letters"),
    pytest.param({"X-API-Key": TWO}, 200, id="header of its own"),
    pytest.param({}, 401, id="none"),
    pytest.param({"X-API-Key": ""}, 401, id="empty"),
    pytest.param({"X-API-Key": THREE}, 401, id="unknown"),
    pytest.param({"X-API-Key": ONE[:-1]}, 401, id="cut short"),
    pytest.param({"X-API-Key": f"{ONE},{TWO}"}, 401, id="both in one"),
    pytest.param({"X-API-Key": "é".encode("latin-1") * 16}, 401, id="not ASCII"),
    pytest.param({"Authorization": f"Basic {ONE}"}, 401, id="another scheme"),
    pytest.param({"Authorization": f"Bearer {THREE}", "X-API-Key": ONE}, 401,
                 id="a wrong one goes before a right one"),
])
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/card"])
def test_a_key_is_asked_for(path, headers, status):
    reply = _client(Keys([ONE, TWO], None)).get(path, headers=headers)
    assert reply.status_code == status
    if status == 401:
        assert reply.headers["www-authenticate"] == 'Bearer realm="osteon"'
        assert reply.json().keys() == {"error", "detail", "field"}


@pytest.mark.parametrize("path", ["/", "/readyz", "/metrics"])
def test_health_and_the_page_are_free(path):
    assert _client(Keys([ONE], None)).get(path).text == "answered"


def test_without_keys_all_is_free():
    keys = Keys([], None)
    assert not keys.required
    assert _client(keys).get("/v1/predict").status_code == 200


def test_every_line_of_the_file_is_a_key(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"# radiology\n{ONE}\n\n  {TWO}  \n# {THREE}\n")
    keys = Keys([], file)
    assert [keys.admit(key) for key in (ONE, TWO, THREE, "# radiology", "")] == [
        True, True, False, False, False]


def _write(file, text, moment):
    file.write_text(text)
    os.utime(file, (moment, moment))


def test_a_changed_file_counts_at_once(tmp_path):
    file = tmp_path / "keys"
    _write(file, ONE, 1)
    keys = Keys([THREE], file)
    _write(file, TWO, 2)
    assert [keys.admit(key) for key in (ONE, TWO, THREE)] == [False, True, True]


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda file: file.unlink(), id="gone"),
    pytest.param(lambda file: _write(file, "", 2), id="emptied"),
    pytest.param(lambda file: _write(file, "short", 2), id="a key too short"),
    pytest.param(lambda file: file.write_bytes(b"\xff\xfe" * 20), id="no text"),
])
def test_a_spoilt_file_lets_nobody_in_until_it_is_mended(tmp_path, spoil, caplog):
    file = tmp_path / "keys"
    _write(file, ONE, 1)
    keys = Keys([THREE], file)
    spoil(file)
    assert [keys.admit(key) for key in (ONE, "", "short", THREE)] == [False, False, False, True]
    assert keys.required
    assert len(caplog.messages) == 1  # not once a request
    assert ONE not in caplog.text
    _write(file, TWO, 3)
    assert keys.admit(TWO)


@pytest.mark.parametrize(("content", "said"), [
    pytest.param(None, "No such file", id="missing"),
    pytest.param("", "holds no key", id="empty"),
    pytest.param("# later\n", "holds no key", id="remarks alone"),
    pytest.param("123456789012345", "key 1 is none of 16", id="15 characters"),
    pytest.param(f"{ONE}\ntwo words are no key", "key 2 is none of 16", id="a space"),
    pytest.param("schlüssel-schlüssel", "key 1 is none of 16", id="not ASCII"),
])
def test_the_service_does_not_start_with_such_a_file(tmp_path, content, said):
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=said) as refused:
        Keys([], file)
    assert ONE not in str(refused.value)
