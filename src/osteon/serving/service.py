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
from osteon.serving.predictor import Predictor, UnknownBodyPartError
from osteon.serving.uploads import OneImage

PACKAGE = Path(os.environ.get("OSTEON_PACKAGE", "artifacts/package"))


class Verdict(BaseModel):
    """The reply to one image."""

    label: str = Field(examples=["abnormal"])
    probability: float = Field(
        ge=0, le=1, examples=[0.87],
        description="of two labels that of the last, of more that of the verdict")
    probabilities: dict[str, float] = Field(examples=[{"normal": 0.13, "abnormal": 0.87}])
    threshold: float | None = Field(
        ge=0, le=1, examples=[0.46],
        description="of two labels: the verdict is the last from here on; null for more")
    members: dict[str, dict[str, float]] = Field(
        examples=[{"dla": {"normal": 0.17, "abnormal": 0.83}}])
    model_version: str = Field(examples=["3f2a9c01b7de"])
    mark: str | None = Field(
        examples=[None], description="LEAKY: its figures come from a cut that shares patients")


@bentoml.service(name="osteon", traffic={"timeout": 30})
class Radiographs:
    """Classifies bone radiographs. For research; not a medical device."""

    def __init__(self) -> None:
        self._predictor = Predictor.load(PACKAGE)

    @bentoml.api(route="/v1/predict")  # type: ignore[untyped-decorator]
    def predict(self, image: Annotated[
            Path, Field(description="a PNG, JPEG, TIFF, BMP or DICOM file")],
                body_part: Annotated[str, Field(
                    description="what the image shows, as the data set names it")] = "") -> Verdict:
        """Judge one radiograph, sent as the multipart field `image`."""
        return self._judge(image, body_part)  # type: ignore[return-value]  # or a refusal

    def _judge(self, image: Path, body_part: str) -> Verdict | Response:
        try:
            prediction = self._predictor.predict(image.read_bytes(), body_part)
        except ImageError as error:
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "image")
        except UnknownBodyPartError as error:
            return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "body_part")
        return Verdict(**vars(prediction))


for middleware in (OneErrorShape, OneImage):
    Radiographs.add_asgi_middleware(middleware)  # type: ignore[attr-defined]  # by the decorator
