"""What the source says of itself: imports by module, read from the syntax trees."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"


def file_of(module: str) -> Path | None:
    """Find the file of a module of ours, or none."""
    for base in (SOURCE, ROOT):
        place = base.joinpath(*module.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


@cache
def imports(file: Path) -> frozenset[str]:
    """Name every module that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if file_of(whole) else node.module)
    return frozenset(found)


def reach(file: Path) -> set[Path]:
    """Find every file of ours that importing this file runs, itself left out."""
    reached: set[Path] = set()
    left = [file]
    while left:
        for module in imports(left.pop()):
            target = file_of(module)
            if target and target not in reached:
                reached.add(target)
                left.append(target)
    return reached
