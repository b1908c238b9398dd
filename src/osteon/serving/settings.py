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
_KEYS = ("OSTEON_API_KEYS", "OSTEON_API_KEYS_FILE")
# The DICOM node's, the compose file's, and those of the project's tests.
_NODE = f"{_PREFIX}PACS_"
_OTHERS = {f"{_PREFIX}{name}" for name in ("VERSION", "REAL_DATA", "REAL_WEIGHTS")}

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
        return None if isinstance(value, str) and value.strip().lower() == _OFF else value

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

    @property
    def asks_for_keys(self) -> bool:
        """Whether anybody is asked for a key."""
        return bool(self.api_keys or self.api_keys_file)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables; one that is not there, or empty, leaves the default.

        Raises:
            UserError: a value is impossible; a name is unknown, or one for keys has none, which
                might leave the service open or unlimited. One line, with no value in it, since a
                value may be a key.
        """
        variables = {_PREFIX + name.upper(): name for name in cls.model_fields}
        _require_known(environment, list(variables))
        _require_keys(environment)
        given = {name: environment[variable] for variable, name in variables.items()
                 if environment.get(variable)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise UserError("; ".join(
                f"{_PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}"
                for problem in error.errors(include_input=False))) from None


def _require_known(environment: Mapping[str, str], known: list[str]) -> None:
    for name in sorted(environment):
        whole = name.upper()
        ours = whole.startswith(_PREFIX) and not whole.startswith(_NODE) and whole not in _OTHERS
        if ours and name not in known:
            near = get_close_matches(whole.removeprefix(_PREFIX),
                                     [variable.removeprefix(_PREFIX) for variable in known], 1)
            remedy = f"is {_PREFIX}{near[0]} meant?" if near else f"there are {', '.join(known)}"
            raise UserError(f"{name}: no such variable; {remedy}")


def _require_keys(environment: Mapping[str, str]) -> None:
    """Refuse a variable for keys that has none, as of a secret that did not arrive."""
    for name in _KEYS:
        if name in environment and not environment[name].strip(", \t\r\n"):
            raise UserError(f"{name}: holds no key; name one, or take the variable away if "
                            "everyone who reaches the port may ask")
