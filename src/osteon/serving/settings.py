"""What the service is told by its environment: variables OSTEON_…, read once, at its start."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from osteon.errors import UserError
from osteon.formats import MOST_PIXELS

_PREFIX = "OSTEON_"
_OFF = "off"

Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """All of them; each is the variable OSTEON_ with the name in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, validate_default=True)

    package: Path = Path("artifacts/package")  # the folder that the package stage wrote
    monitoring: Path | None = Path("runs/monitoring")  # where the journal lies; "off" keeps none
    keep_uploads: Path | None = None  # a folder: whatever is sent is kept there

    api_keys: tuple[str, ...] = Field(default=(), repr=False)  # divided by commas
    api_keys_file: Path | None = None  # one a line
    guard_metrics: bool = False  # whether /metrics asks for a key too

    max_body_mb: Count = 32  # four times a 16-bit radiograph of 2,000 x 2,000 pixels
    max_study_mb: Count = 64  # of /v1/study, all views together
    max_views: Count = 16  # of a study
    # An exposure of 35 x 43 cm at 0.1 mm has 15 million. Decoding takes up to 17 bytes for each.
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = 2**24
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30
    concurrency: Count = 32  # requests that a worker holds at once; more are answered 429
    workers: Count = 1  # each has the members in memory for itself

    @field_validator("monitoring", "keep_uploads", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        return None if value == _OFF else value

    @field_validator("package", "monitoring", "keep_uploads", "api_keys_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # BentoML goes to the bento's own files to read this, and comes back before it starts.
        return value and value.absolute()

    @field_validator("api_keys", mode="before")
    @classmethod
    def _divided(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(key.strip() for key in value.split(",") if key.strip())

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables; one that is not there, or empty, leaves the default.

        Raises:
            UserError: a value is impossible, or a name misspelt, which might leave the service
                open or unlimited. One line, with no value in it, since a value may be a key.
        """
        variables = {_PREFIX + name.upper(): name for name in cls.model_fields}
        _require_no_slip(environment, list(variables))
        given = {name: environment[variable] for variable, name in variables.items()
                 if environment.get(variable)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise UserError("; ".join(
                f"{_PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}"
                for problem in error.errors(include_input=False))) from None


def _require_no_slip(environment: Mapping[str, str], known: list[str]) -> None:
    """Refuse names close to one of ours; others that begin alike may belong to somebody else."""
    for name in sorted(environment):
        meant = get_close_matches(name, known, 1, cutoff=0.85)
        if name.startswith(_PREFIX) and name not in known and meant:
            raise UserError(f"{name}: no such variable; is {meant[0]} meant?")
