"""The figures of published systems, as their authors give them, and what speaks against them.

Each system is a file beside this one; its name is what `published` of the settings may be.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from osteon.errors import UserError

_FOLDER = Path(__file__).parent
NAMES = tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


class Protocol(BaseModel):
    """What the figures of a table were measured on, and how; None is what nobody can tell.

    `layout` is that of the data set's files and `images` how many it has, before any copies are
    drawn; `shares` and `cut` are as in the settings of a split. `augmented` says whether copies of
    images were drawn at all, and on which side of the cut.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    layout: str | None = None
    images: int | None = None
    labels: tuple[str, ...] = ()
    cut: str | None = None
    shares: tuple[float, float, float] | None = None
    whole: Literal["images", "groups"] | None = None  # what the cut does not divide
    augmented: Literal["never", "before the cut", "after the cut"] | None = None
    image_size_px: int | None = None


class Figures(BaseModel):
    """One table: which figures, of which test images, by which systems, under which protocol.

    `level` is what was tested. A figure that the authors do not give is None; one that they compute
    otherwise than it is defined stands in `otherwise`, with how.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    tested: str
    protocol: Protocol
    figures: tuple[str, ...]
    rows: dict[str, tuple[float | None, ...]]
    level: Literal["image", "study"] = "image"
    otherwise: dict[str, str] = {}

    @model_validator(mode="after")
    def _rows_are_full(self) -> "Figures":
        for name, row in self.rows.items():
            if len(row) != len(self.figures):
                raise ValueError(f"{name} has {len(row)} figures, the table {len(self.figures)}")
        return self


class System(BaseModel):
    """A published system: whose it is, on which data, cut how, and what cannot be believed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    source: str
    data: str
    protocol: str
    doubts: tuple[str, ...]
    tables: tuple[Figures, ...]


def read(name: str) -> System:
    """Read a published system.

    Raises:
        UserError: there is none of this name.
    """
    if name not in NAMES:
        raise UserError(f"published: {name!r} is no published system; choose from none, "
                        f"{', '.join(NAMES)}")
    content: Any = YAML(typ="safe", pure=True).load(_FOLDER / f"{name}.yaml")
    return System.model_validate(content)
