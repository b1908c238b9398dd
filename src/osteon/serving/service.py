"""The HTTP service: `bentoml serve` from the project's root, or from a bento."""

import os
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import bentoml
from pydantic import BaseModel, Field
from starlette.responses import Response

from osteon.imaging import ImageError
from osteon.serving.errors import OneErrorShape, refusal
from osteon.serving.predictor import Predictor
from osteon.serving.uploads import OneImage

PACKAGE = Path(os.environ.get("OSTEON_PACKAGE", "artifacts/package"))


class Verdict(BaseModel):
    """The reply to one image; probabilities are of the positive class."""

    label: str = Field(examples=["abnormal"])
    probability: float = Field(ge=0, le=1, examples=[0.87])
    threshold: float = Field(ge=0, le=1, examples=[0.46])
    members: dict[str, float] = Field(examples=[{"resnet_tiny": 0.91, "dla": 0.83}])
    model_version: str = Field(examples=["3f2a9c01b7de"])


@bentoml.service(name="osteon", traffic={"timeout": 30})
class Radiographs:
    """Classifies bone radiographs. For research; not a medical device."""

    def __init__(self) -> None:
        self._predictor = Predictor.load(PACKAGE)

    @bentoml.api(route="/v1/predict")  # type: ignore[untyped-decorator]
    def predict(self, image: Annotated[
            Path, Field(description="a PNG, JPEG, TIFF, BMP or DICOM file")]) -> Verdict:
        """Judge one radiograph, sent as the multipart field `image`."""
        return self._judge(image)  # type: ignore[return-value]  # or a refusal, passed through

    def _judge(self, image: Path) -> Verdict | Response:
        try:
            prediction = self._predictor.predict(image.read_bytes())
        except ImageError as error:
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "image")
        return Verdict(**vars(prediction))


for middleware in (OneErrorShape, OneImage):
    Radiographs.add_asgi_middleware(middleware)  # type: ignore[attr-defined]  # by the decorator
