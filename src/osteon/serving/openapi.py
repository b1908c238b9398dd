"""The description of the service for programs: OpenAPI 3.1, with this model's own labels.

The shapes come from the models of `replies`, so that what is described is what is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from osteon.serving import replies
from osteon.serving.desk import LAYERS
from osteon.serving.form import LONGEST_TEXT
from osteon.serving.request_id import HEADER
from osteon.serving.settings import Settings

_REFERENCE = "#/components/schemas/{model}"
_ABOUT = """Classifies bone radiographs by an ensemble of networks.
For research; not a medical device.

Whatever is refused is refused in one shape: `error`, `detail` and `field`."""

MODELS: tuple[type[BaseModel], ...] = (
    replies.ImageReply, replies.StudyReply, replies.ModelCard, replies.Feedback,
    replies.FeedbackReply, replies.Refusal)

_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read, or has other fields than these",
    HTTPStatus.UNAUTHORIZED: "A key is asked for, and none that is valid was sent",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of another content type, or encoded",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field holds what cannot be answered",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests are being answered",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not answered in time, or not ready to",
}
_WITHOUT_BODY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS,
                 HTTPStatus.SERVICE_UNAVAILABLE)

_FILE = {"type": "string", "format": "binary"}
_IMAGE = {**_FILE, "description": "a PNG, JPEG, TIFF, BMP or DICOM file (CR or DX)"}
_BODY_PART = {"type": "string", "maxLength": LONGEST_TEXT, "examples": ["wrist"],
              "description": "what it shows, as the data set names it"}
_NUMBER = {HEADER: {"description": "the request's number",
                    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}}
_WAIT = {"Retry-After": {"description": "seconds", "schema": {"type": "string"}}}
_WHO = {"WWW-Authenticate": {"schema": {"type": "string"}}}
_HEADERS: dict[HTTPStatus, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: _WHO, HTTPStatus.TOO_MANY_REQUESTS: _WAIT,
    HTTPStatus.SERVICE_UNAVAILABLE: _WAIT}


def document(labels: Sequence[str], settings: Settings) -> dict[str, Any]:
    """Describe the service as it runs: its labels, its limits, and whether it asks for a key."""
    _, shapes = models_json_schema([(model, "serialization") for model in MODELS],
                                   ref_template=_REFERENCE)
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "osteon", "version": "1", "description": _ABOUT},
        "servers": [{"url": "."}],
        "tags": [{"name": "model", "description": "Verdicts, and what they rest on"},
                 {"name": "operation", "description": "Whether it is up, and what it counts"}],
        "paths": {**_posts(labels, settings), **_gets()},
        "components": {"schemas": shapes["$defs"], "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}}}
    if settings.asks_for_keys:
        for path, operations in described["paths"].items():
            if path.startswith("/v1/") or (path == "/metrics" and settings.guard_metrics):
                for operation in operations.values():
                    operation["security"] = [{"bearer": []}, {"header": []}]
    return described


def example(model: type[BaseModel]) -> dict[str, Any]:
    """Make an example of a model from those of its fields."""
    found = {}
    for name, field in model.model_fields.items():
        if field.examples:
            found[name] = field.examples[0]
        else:  # a list of models of its own
            found[name] = [example(replies.Judged)]
    return found


def _posts(labels: Sequence[str], settings: Settings) -> dict[str, Any]:
    several = {"type": "array", "items": _IMAGE, "minItems": 1, "maxItems": settings.max_views,
               "description": "the views of one study"}
    label = {"type": "string", "enum": list(labels),
             "description": "what to explain; by default the verdict"}
    layer = {"type": "string", "enum": list(LAYERS), "default": LAYERS[0],
             "description": "the heat over the picture; by itself, with its opacity; or the "
                            "picture that it lies over, as the service reads it"}
    return {
        "/v1/predict": _post(
            "Judge one radiograph", "The verdict", _shown(replies.ImageReply),
            _form({"image": _IMAGE, "body_part": _BODY_PART})),
        "/v1/study": _post(
            "Judge several views of one study", "The verdict on the study and on each view",
            _shown(replies.StudyReply), _form({"images": several, "body_part": _BODY_PART})),
        "/v1/explain": _post(
            "Show where a radiograph speaks for a label",
            "A picture of the radiograph's proportions, at most 1,024 pixels a side",
            {"image/png": {"schema": _FILE}},
            _form({"image": _IMAGE, "body_part": _BODY_PART, "label": label, "layer": layer})),
        "/v1/feedback": _post(
            "Tell the true label of what was judged before", "It is noted",
            _shown(replies.FeedbackReply), _shown(replies.Feedback)),
    }


def _gets() -> dict[str, Any]:
    text = {"text/plain": {"schema": {"type": "string"}}}
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "/v1/card": {"get": {
            "summary": "The model card", "tags": ["model"], "responses": {
                "200": {"description": "The card", "headers": _NUMBER,
                        "content": _shown(replies.ModelCard)},
                **_refused(_WITHOUT_BODY)}}},
        "/card": _get("The model card as a page", "model", page),
        "/livez": _get("Whether the service runs", "operation", text),
        "/readyz": _get("Whether it can answer", "operation", text),
        "/metrics": _get("What Prometheus asks for", "operation", text)}


def _get(summary: str, tag: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "tags": [tag],
                    "responses": {"200": {"description": summary, "content": content}}}}


def _post(summary: str, answer: str, content: Mapping[str, Any],
          body: Mapping[str, Any]) -> dict[str, Any]:
    return {"post": {
        "summary": summary, "tags": ["model"], "requestBody": {"required": True, "content": body},
        "responses": {"200": {"description": answer, "headers": _NUMBER, "content": content},
                      **_refused(_REFUSALS)}}}


def _form(fields: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": fields, "required": [next(iter(fields))],
              "additionalProperties": False}
    return {"multipart/form-data": {"schema": schema}}


def _shown(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)},
                                 "example": example(model)}}


def _refused(statuses: Iterable[HTTPStatus]) -> dict[str, Any]:
    return {str(status.value): {
        "description": _REFUSALS[status], "headers": {**_NUMBER, **_HEADERS.get(status, {})},
        "content": _shown(replies.Refusal)} for status in statuses}
