"""What a check found: an expectation, its risk, and the rows that broke it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from osteon.words import shortened

Suite = Literal["index", "split"]  # before the cut, after it
Severity = Literal["stop", "warn"]
_NAMED = 10  # images named in a message; the page and the JSON beside it have all


@dataclass(frozen=True)
class Finding:
    """How an expectation fared, with the rows that broke it.

    A row is the image's path and the columns that explain it, as text. Where no single row is at
    fault, `observed` says what was found or missed.
    """

    name: str
    risk: str
    remedy: str
    severity: Severity
    expectation: str
    passed: bool
    rows: list[dict[str, str]]
    observed: list[str]

    @property
    def images(self) -> list[str]:
        """Name the images that broke it."""
        return [row["path"] for row in self.rows]

    @property
    def stops(self) -> bool:
        """Whether the pipeline must not go on."""
        return not self.passed and self.severity == "stop"

    @property
    def warns(self) -> bool:
        """Whether it goes on with a warning."""
        return not self.passed and self.severity == "warn"

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)

    def describe(self) -> str:
        """Say what was found, where, and what to do."""
        return f"{self.risk}: {shortened(self.images or self.observed, _NAMED)}. {self.remedy}"
