"""Asks the service over HTTP, and tells what may be tried again from what may not."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

# Another time may be better, whatever was asked.
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY,
          HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
# What was asked can never be answered.
_NEVER = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
          HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY}


class DownError(Exception):
    """Somebody else is not there or not ready; the study waits, however long."""


class RefusedError(Exception):
    """The study cannot be answered; the message says why, for a person."""


class BrokenError(Exception):
    """It went wrong over this study; tried again a few times."""


class Warned(BaseModel):
    """A warning of the service."""

    kind: str
    detail: str


class Verdict(BaseModel):
    """What the node needs of a reply on one image."""

    said: ClassVar = "probability"  # what the number is
    label: str
    probability: float
    probabilities: dict[str, float]
    threshold: float | None
    warnings: list[Warned] = []


class StudyVerdict(Verdict):
    """What the node needs of a reply on a study."""

    said: ClassVar = "score"  # its views pooled: nothing makes it the share of such studies
    model_version: str
    mark: str | None
    views: list[Verdict]


class Client:
    """The service at one address."""

    def __init__(self, address: str, key: SecretStr | None, reply_s: float) -> None:
        headers = {"X-API-Key": key.get_secret_value()} if key else {}
        # One at a time, and none kept open: a service that restarts is met anew.
        self._http = httpx.Client(
            base_url=address, headers=headers, timeout=reply_s,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=0))

    def study(self, images: Sequence[bytes], body_part: str) -> StudyVerdict:
        """Ask for the verdict on all views of a study.

        Raises:
            DownError, RefusedError, BrokenError: there is none; later, never, perhaps.
        """
        files = [("images", (f"{number}.dcm", image, "application/dicom"))
                 for number, image in enumerate(images, 1)]
        reply = self._post("/v1/study", files, {"body_part": body_part} if body_part else {})
        try:
            verdict = StudyVerdict.model_validate_json(reply.content)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise DownError(f"the service's reply to /v1/study is not understood at {where!r}; "
                            "is it of the same version?") from None
        if len(verdict.views) != len(images):
            raise BrokenError(f"the service told of {len(verdict.views)} views, not {len(images)}")
        return verdict

    def heatmap(self, image: bytes, body_part: str, label: str) -> bytes:
        """Ask for the picture of what speaks for a label; gives a PNG.

        Raises:
            DownError, RefusedError, BrokenError: there is none; later, never, perhaps.
        """
        about = {"label": label, **({"body_part": body_part} if body_part else {})}
        return self._post("/v1/explain", [("image", ("1.dcm", image, "application/dicom"))],
                          about).content

    def ready(self) -> None:
        """Ask whether it answers.

        Raises:
            DownError: it does not.
        """
        try:
            status = self._http.get("/readyz").status_code
        except httpx.HTTPError as error:
            raise DownError(f"the service cannot be reached: {type(error).__name__}") from None
        if status != HTTPStatus.OK:
            raise DownError(f"the service is not ready: it replies {status}")

    def _post(self, route: str, files: list[Any], about: dict[str, str]) -> httpx.Response:
        try:
            reply = self._http.post(route, files=files, data=about)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise DownError("the service cannot be reached") from None
        except httpx.HTTPError as error:
            raise BrokenError(
                f"the service broke off over {route}: {type(error).__name__}") from None
        if reply.status_code == HTTPStatus.OK:
            return reply
        raise _failure(route, reply)


def _failure(route: str, reply: httpx.Response) -> Exception:
    said = f"the service replies {reply.status_code} to {route}: {_detail(reply)}"
    if reply.status_code in _LATER:
        return DownError(said)
    if reply.status_code in _NEVER:
        return RefusedError(said)
    if reply.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return BrokenError(said)
    # No key, no such route: wrong for every study, so that none of them is to blame.
    return DownError(said)


def _detail(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "no details"
