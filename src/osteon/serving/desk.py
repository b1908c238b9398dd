"""What is done for a request once its parts are there: judge, count, log, write the reply.

All of it blocks, so the endpoints call it in threads.
"""

from http import HTTPStatus
from typing import Any, get_args

from pydantic import ValidationError

from osteon import memory
from osteon.files import read_json
from osteon.serving import deadline, telemetry
from osteon.serving.errors import RefusedError
from osteon.serving.journal import Journal, keep, require_writable
from osteon.serving.predictor import Layer, Prediction, Predictor
from osteon.serving.replies import Feedback, FeedbackReply, ImageReply, StudyReply
from osteon.serving.settings import Settings

LAYERS: tuple[Layer, ...] = get_args(Layer)


class Desk:
    """The model, with the log and the kept uploads beside it."""

    def __init__(self, settings: Settings) -> None:
        """Load the model and begin the log.

        Raises:
            UserError: the folder of one of them is not as it must be.
        """
        self.card: dict[str, Any] = read_json(settings.package / "card.json")
        self.card_page = settings.package / "card.html"
        self._predictor = Predictor.load(settings.package, settings.max_pixels)
        self._keep_in = settings.keep_uploads
        self._journal = settings.monitoring and Journal(
            settings.monitoring, self._predictor.familiarity, self._predictor.body_parts)

    @property
    def labels(self) -> tuple[str, ...]:
        """Name what an image can be."""
        return self._predictor.labels

    def predict(self, request_id: str, images: list[bytes], texts: dict[str, str]) -> bytes:
        """Judge one image; gives the reply as JSON.

        Raises:
            ImageError: it is no readable image.
        """
        self._receive(request_id, images)
        body_part = texts.get("body_part", "")
        found = self._predictor.predict(images[0], body_part)
        _count(found)
        if self._journal:
            self._journal.predicted(request_id, body_part, found)
        return ImageReply.of(found, request_id).model_dump_json().encode()

    def study(self, request_id: str, images: list[bytes], texts: dict[str, str]) -> bytes:
        """Judge the views of a study; gives the reply as JSON.

        Raises:
            ImageError: one of them is no readable image.
        """
        self._receive(request_id, images)
        body_part = texts.get("body_part", "")
        found = self._predictor.study(images, body_part)
        for view in found.views:
            _count(view)
        if self._journal:
            self._journal.studied(request_id, body_part, found)
        return StudyReply.of(found, request_id).model_dump_json().encode()

    def explain(self, request_id: str, images: list[bytes], texts: dict[str, str]) -> bytes:
        """Draw what speaks for a label, by default for the verdict; gives a PNG.

        Nothing is logged: the image has been judged by another request, or will be.

        Raises:
            ImageError: it is no readable image.
            RefusedError: there is no such label or layer.
        """
        label, layer = texts.get("label", ""), texts.get("layer", LAYERS[0])
        if label:
            self._require_label(label)
        if layer not in LAYERS:
            raise _not_one_of("layer", LAYERS)
        self._receive(request_id, images)
        return self._predictor.explain(images[0], texts.get("body_part", ""), label, layer)

    def feedback(self, request_id: str, body: bytes) -> bytes:
        """Log the true label of an earlier request; gives the reply as JSON.

        Raises:
            RefusedError: the body says something else, or there is no log.
        """
        try:
            said = Feedback.model_validate_json(body)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(map(str, problem["loc"])) or None
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, problem["msg"], where) from None
        self._require_label(said.label)
        if not self._journal or not self._journal.told(said.request_id, said.label):
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE,
                               "not noted: this service keeps no log, or cannot write it now")
        return FeedbackReply(request_id=request_id, prediction_id=said.request_id,
                             label=said.label).model_dump_json().encode()

    def close(self) -> None:
        """End the log."""
        if self._journal:
            self._journal.close()

    def _receive(self, request_id: str, images: list[bytes]) -> None:
        """Begin the work, unless the request has waited too long for it."""
        deadline.require_time()
        if self._keep_in:
            keep(self._keep_in, request_id, images)

    def _require_label(self, label: str) -> None:
        if label not in self.labels:
            raise _not_one_of("label", self.labels)


def require_folders(settings: Settings) -> None:
    """Check what can be checked before any process is started for it; the model is loaded once.

    Raises:
        UserError: the model cannot be served, or nothing can be written where something is to be
            kept.
    """
    Predictor.load(settings.package, settings.max_pixels)
    memory.give_back_freed()  # whoever asks this answers nothing itself
    for folder, variable in ((settings.monitoring, "OSTEON_MONITORING"),
                             (settings.keep_uploads, "OSTEON_KEEP_UPLOADS")):
        if folder:
            require_writable(folder, variable)


def _count(prediction: Prediction) -> None:
    telemetry.count(prediction.label, [warning.kind for warning in prediction.warnings])


def _not_one_of(field: str, known: tuple[str, ...]) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, f"none of {', '.join(known)}", field)
