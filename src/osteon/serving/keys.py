"""Who may ask: API keys from the environment, and from a file that is read anew when it changes."""

import hashlib
import hmac
import logging
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from osteon.errors import UserError
from osteon.serving.errors import RefusedError

log = logging.getLogger("osteon.serving")

_SHORTEST = 16  # characters; fewer can be found by trying
_ASKS = {"WWW-Authenticate": 'Bearer realm="osteon"'}


class Keys:
    """The keys that are valid now; only their digests are kept."""

    def __init__(self, fixed: Iterable[str], file: Path | None) -> None:
        """Read them.

        Raises:
            UserError: the file cannot be read or holds none, or a key is too short or no plain
                text. The message holds no key.
        """
        self._fixed = _digests(fixed, "OSTEON_API_KEYS")
        self._file = file
        self._seen: tuple[int, ...] = ()
        self._from_file: frozenset[bytes] = frozenset()
        if file:
            self._from_file, self._seen = _read(file), _state(file)

    @property
    def required(self) -> bool:
        """Whether anybody is asked for a key."""
        return bool(self._fixed or self._file)

    def admit(self, offered: str) -> bool:
        """Tell whether a key is valid; it takes as long for a wrong one as for a right one."""
        if self._file and _state(self._file) != self._seen:
            self._read_anew(self._file)
        digest = _digest(offered)
        found = [hmac.compare_digest(digest, known) for known in self._fixed | self._from_file]
        return any(found)

    def _read_anew(self, file: Path) -> None:
        """Take the file as it is now; one with a fault holds no valid key."""
        self._seen = _state(file)
        try:
            self._from_file = _read(file)
        except UserError as error:
            self._from_file = frozenset()
            log.error("%s; until that is mended no key from it is valid", error)  # noqa: TRY400


class ApiKeys:
    """Middleware that asks for a key wherever the model answers."""

    def __init__(self, app: ASGIApp, *, keys: Keys, guarded: tuple[str, ...]) -> None:
        self._app = app
        self._keys = keys
        self._guarded = guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by 401, before anything of the body is read."""
        asked = scope["type"] == "http" and scope["path"].startswith(self._guarded)
        if asked and self._keys.required and not self._keys.admit(_offered(Headers(scope=scope))):
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "send a valid key, as `Authorization: Bearer KEY` or as "
                "`X-API-Key: KEY`", headers=_ASKS)
        await self._app(scope, receive, send)


def _offered(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()  # of equal length, so that comparing tells none


def _digests(keys: Iterable[str], where: str) -> frozenset[bytes]:
    found = list(keys)
    for number, key in enumerate(found, 1):
        if len(key) < _SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
            raise UserError(f"{where}: key {number} is none of {_SHORTEST} or more plain "
                            "characters; `openssl rand -hex 24` makes one")
    return frozenset(_digest(key) for key in found)


def _read(file: Path) -> frozenset[bytes]:
    """Read the keys of a file, one a line; what begins with # is a remark."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no text"
        raise UserError(f"OSTEON_API_KEYS_FILE: {file}: {said}") from None
    found = _digests((line for line in lines if line and not line.startswith("#")),
                     f"OSTEON_API_KEYS_FILE: {file}")
    if not found:
        raise UserError(f"OSTEON_API_KEYS_FILE: {file}: holds no key; write one a line")
    return found


def _state(file: Path) -> tuple[int, ...]:
    """Give what changes with a file; nothing of it while it is away."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
