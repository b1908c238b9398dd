"""What a report says, apart from how it looks: the page and the Markdown are made of the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from osteon.intervals import Estimate

Tone = Literal["plain", "lead", "faint", "good", "warn"]
_WIDE = 1.5  # times its height
Cell = str | int | float | Estimate | None


@dataclass(frozen=True)
class Say:
    """A paragraph."""

    kind: ClassVar[str] = "say"
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Items:
    """A list of short statements."""

    kind: ClassVar[str] = "items"
    items: Sequence[str]


@dataclass(frozen=True)
class Gauge:
    """A figure on a scale from 0 to 1, with its interval; `beside` is what to compare it with."""

    name: str
    estimate: Estimate
    note: str = ""
    beside: float | None = None


@dataclass(frozen=True)
class Gauges:
    """The figures that are looked at first."""

    kind: ClassVar[str] = "gauges"
    title: str
    gauges: Sequence[Gauge]


@dataclass(frozen=True)
class Table:
    """Rows below a head; `strong` are the numbers of the rows that matter most.

    With `bars`, an estimate is also drawn, on a scale from 0 to 1.
    """

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    strong: Sequence[int] = ()
    bars: bool = False


@dataclass(frozen=True)
class Plot:
    """A PNG file; a photograph keeps its tones where a page is dark."""

    title: str
    file: Path
    photo: bool = False

    @property
    def wide(self) -> bool:
        """Tell whether it is much wider than high, and wants a row of its own."""
        with self.file.open("rb") as stream:
            head = stream.read(24)  # of a PNG, the last eight bytes of these are its size
        width, height = (int.from_bytes(head[place:place + 4], "big") for place in (16, 20))
        return width > _WIDE * height


@dataclass(frozen=True)
class Plots:
    """Plots side by side where there is room."""

    kind: ClassVar[str] = "plots"
    plots: Sequence[Plot]


@dataclass(frozen=True)
class Shot:
    """One image of the data set: what is said of it, and its pictures as PNG, each with a name."""

    lines: Sequence[str]
    pictures: Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Shots:
    """Images of the data set."""

    kind: ClassVar[str] = "shots"
    shots: Sequence[Shot]


@dataclass(frozen=True)
class Fold:
    """What only some readers want to see."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: Sequence["Block"]


Block = Say | Items | Gauges | Table | Plots | Shots | Fold


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `anchor` is its address within the page."""

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report: the mark of a leaky cut if there is one, the verdict, then the sections."""

    kicker: str
    title: str
    mark: str
    verdict: Sequence[Block]
    sections: Sequence[Section] = field(default_factory=tuple)


def cell(value: Cell) -> str:
    """Write a value of a table."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
