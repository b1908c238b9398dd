"""What the service answers and what it takes as JSON, with an example of each."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from osteon.serving.predictor import Kind, Verdict

_ID = "5f0c2b6e9d8a4e1fb3a7c64d10e29f85"
_BY_LABEL = {"normal": 0.13, "abnormal": 0.87}
_MEMBERS = {"xception": {"normal": 0.09, "abnormal": 0.91},
            "mobilenetv2": {"normal": 0.17, "abnormal": 0.83}}

Probability = Annotated[float, Field(ge=0, le=1)]
RequestId = Annotated[str, Field(
    pattern="^[0-9a-f]{32}$", examples=[_ID],
    description="the service's own number of a request, which its log carries")]


class Caution(BaseModel):
    """A reason to trust the verdict less."""

    model_config = ConfigDict(from_attributes=True)

    kind: Kind = Field(description=(
        "`unfamiliar`: unlike the images that the model was chosen on; `low_quality`: too little "
        "in it to judge; `unknown_body_part`: the part named is none that the model knows"))
    detail: str = Field(examples=["sharpness 0.004 is below 0.021, the least usual"])


class Judged(BaseModel):
    """A verdict and what it rests on."""

    model_config = ConfigDict(from_attributes=True)

    label: str = Field(examples=["abnormal"], description="the verdict")
    probability: Probability = Field(
        examples=[0.87], description="of two labels that of the last, of more that of the verdict")
    probabilities: dict[str, Probability] = Field(
        examples=[_BY_LABEL], description="calibrated if the winner is; they add up to 1")
    threshold: Probability | None = Field(
        examples=[0.46], description=(
            "of two labels: the verdict is the last from here on; null for more, where the most "
            "probable is the verdict"))
    threshold_rule: str = Field(
        examples=["youden"], description="how the threshold was chosen on the validation part")
    members: dict[str, dict[str, Probability]] = Field(
        examples=[_MEMBERS], description="each member's own probabilities")
    warnings: list[Caution] = Field(examples=[[]])


class Reply(Judged):
    """A verdict, with the model that gave it and the number of the request."""

    model_version: str = Field(examples=["3f2a9c01b7de"])
    mark: str | None = Field(
        examples=[None], description="LEAKY: its figures come from a cut that shares patients")
    request_id: RequestId

    @classmethod
    def of(cls, verdict: Verdict, request_id: str) -> Self:
        """Say what the model said, without the numbers that only the log needs."""
        return cls.model_validate({**vars(verdict), "request_id": request_id})


class ImageReply(Reply):
    """The verdict on one image."""


class StudyReply(Reply):
    """The verdict on a study, pooled over its views, and the one on each view.

    What is pooled is a score: it is held against the study's threshold, but is no probability that
    can be read as a share of such studies.
    """

    views: list[Judged] = Field(min_length=1, description="in the order they were sent")


class Feedback(BaseModel):
    """The true label of an image or study that was judged before."""

    model_config = ConfigDict(extra="forbid", strict=True)

    request_id: RequestId
    label: str = Field(examples=["normal"], description="one of the model's labels")


class FeedbackReply(BaseModel):
    """What was noted."""

    request_id: RequestId = Field(description="of the feedback itself")
    prediction_id: RequestId = Field(description="the number that was sent: whom it is about")
    label: str = Field(examples=["normal"])


class ModelCard(BaseModel):
    """What the model is, on what it was measured, and what it is for; more fields may follow."""

    model_config = ConfigDict(extra="allow")

    version: str = Field(examples=["3f2a9c01b7de"])
    labels: list[str] = Field(examples=[["normal", "abnormal"]])
    body_parts: list[str] = Field(examples=[["elbow", "wrist"]])
    intended_use: str = Field(examples=["Research on bone radiographs. Not a medical device."])


class Refusal(BaseModel):
    """Why a request is not answered."""

    error: str = Field(examples=["Unprocessable Entity"], description="the status in words")
    detail: str = Field(examples=["not a PNG, JPEG, TIFF, BMP or DICOM file"])
    field: str | None = Field(examples=["image"], description="which field is meant")

