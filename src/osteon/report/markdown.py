"""A report as Markdown, for a pull request, with a folder of the pictures that it shows.

What the stages draw is not all kept in git, so that a link to where it lies would be broken for
whoever reads the text elsewhere.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from osteon.report.document import (
    Block,
    Cell,
    Document,
    Fold,
    Gauges,
    Items,
    Plots,
    Say,
    Shots,
    Table,
    cell,
)

PAGE, PICTURES = "report.html", "pictures"
_WHERE = (f"<sub>The pictures lie beside this text in {PICTURES}/; where it was copied without "
          f"them, {PAGE} has everything.</sub>")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def render(document: Document, folder: Path) -> str:
    """Write a document; its pictures are copied into `folder`/pictures, and linked to from there.

    The text is to lie in the folder.
    """
    parts = []
    if document.mark:
        parts.append(f"> **{_plain(document.mark)}.** Made to be compared with a published figure. "
                     "It says nothing about patients the model has not seen.")
    parts += [f"# {_plain(document.title)}", _plain(document.kicker), _WHERE,
              *_blocks(document.verdict, folder)]
    for section in document.sections:
        parts += [f"## {_plain(section.title)}", *_blocks(section.blocks, folder)]
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Iterable[Block], folder: Path) -> list[str]:
    written = (_WRITERS[block.kind](block, folder) for block in blocks)
    return [text for text in written if text]


def _say(block: Say, _: Path) -> str:
    text = _plain(block.text)
    return {"warn": f"**{text}**", "lead": f"**{text}**", "good": f"**{text}**",
            "faint": f"<sub>{text}</sub>"}.get(block.tone, text)


def _items(block: Items, _: Path) -> str:
    return "\n".join(f"- {_plain(item)}" for item in block.items)


def _gauges(block: Gauges, _: Path) -> str:
    return _rows([block.title, "figure", ""],
                 [[gauge.name, gauge.estimate, gauge.note] for gauge in block.gauges])


def _table(block: Table, _: Path) -> str:
    return _rows(block.head, block.rows, block.strong)


def _plots(block: Plots, folder: Path) -> str:
    return "\n".join(_picture(plot.title, plot.file.read_bytes(), folder) for plot in block.plots)


def _shots(block: Shots, folder: Path) -> str:
    """Write a row for each image: what is said of it, then its pictures."""
    most = max(len(shot.pictures) for shot in block.shots)
    rows = [f"| {'<br>'.join(map(_plain, shot.lines))} | " + " | ".join(
        _picture(picture[0], picture[1], folder) if picture else " "
        for picture, _ in zip_longest(shot.pictures, range(most))) + " |" for shot in block.shots]
    return "\n".join([f"| image |{' |' * most}", f"| --- |{' --- |' * most}", *rows])


def _fold(block: Fold, folder: Path) -> str:
    inner = "\n\n".join(_blocks(block.blocks, folder))
    return f"<details><summary>{_plain(block.title)}</summary>\n\n{inner}\n\n</details>"


def _picture(title: str, png: bytes, folder: Path) -> str:
    """Put a picture into the folder once, under a name by its content, and link to it."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    file = folder / PICTURES / f"{name}-{hashlib.sha256(png).hexdigest()[:8]}.png"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(png)
    return f"![{_plain(title)}]({PICTURES}/{file.name})"


_WRITERS: dict[str, Callable[[Any, Path], str]] = {
    "say": _say, "items": _items, "gauges": _gauges, "table": _table, "plots": _plots,
    "shots": _shots, "fold": _fold}


def _rows(head: Sequence[str], rows: Sequence[Sequence[Cell]], strong: Sequence[int] = ()) -> str:
    lines = [" | ".join(_plain(name) or " " for name in head), " | ".join("---" for _ in head)]
    for number, row in enumerate(rows):
        cells = [_plain(cell(value)) or " " for value in row]
        lines.append(" | ".join(f"**{text}**" if number in strong and text.strip() else text
                                for text in cells))
    return "\n".join(f"| {line} |" for line in lines)


def _plain(text: str) -> str:
    """Keep Markdown from reading signs into names; line breaks become spaces."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text).strip())
