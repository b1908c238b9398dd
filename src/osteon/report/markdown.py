"""A report as Markdown, for a pull request: its pictures are links to PNG files, or left out."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
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

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def render(document: Document, folder: Path) -> str:
    """Write a document; links to pictures lead from `folder`, where the file will lie."""
    parts = []
    if document.mark:
        parts.append(f"> **{_plain(document.mark)}.** Made to be compared with a published figure. "
                     "It says nothing about patients the model has not seen.")
    parts += [f"# {_plain(document.title)}", _plain(document.kicker),
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
    return "\n".join(f"![{_plain(plot.title)}]({_link(plot.file, folder)})"
                     for plot in block.plots)


def _shots(block: Shots, _: Path) -> str:
    return "\n".join(f"- {_plain('; '.join(shot.lines))}" for shot in block.shots)


def _fold(block: Fold, folder: Path) -> str:
    inner = "\n\n".join(_blocks(block.blocks, folder))
    return f"<details><summary>{_plain(block.title)}</summary>\n\n{inner}\n\n</details>"


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


def _link(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix().replace(" ", "%20")
