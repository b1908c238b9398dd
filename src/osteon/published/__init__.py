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


class Figures(BaseModel):
    """One table: which figures, of which test images, by which systems.

    With `labels`, it is of these classes alone. `level` is what was tested. A figure that the
    authors do not give is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    tested: str
    figures: tuple[str, ...]
    rows: dict[str, tuple[float | None, ...]]
    labels: tuple[str, ...] = ()
    level: Literal["image", "study"] = "image"

    @model_validator(mode="after")
    def _rows_are_full(self) -> "Figures":
        for name, row in self.rows.items():
            if len(row) != len(self.figures):
                raise ValueError(f"{name} has {len(row)} figures, the table {len(self.figures)}")
        return self


class System(BaseModel):
    """A published system: whose it is, on which data, cut how, and what cannot be believed.

    `layout` is that of its data set, None where nobody knows which images were used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    source: str
    data: str
    protocol: str
    layout: str | None
    image_size_px: int
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
