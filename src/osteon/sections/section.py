"""What a section of params.yaml is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class Section(BaseModel):
    """Settings are frozen, strictly typed, and know every key they may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

