"""What makes a folder a package, for who writes it and who serves it: its files, its format."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osteon.errors import UserError
from osteon.files import read_json

# One more with every change after which an earlier package could not be served, or would answer
# otherwise.
FORMAT = 1
FILES = ("card.json", "ensemble.json", "preprocess.json", "familiarity.npz")
_LONGEST = 200  # characters of a library's own words


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Say in one line of a file of a package that it cannot be used, and why.

    Raises:
        UserError: whatever its reader raised; libraries have errors of their own for a file cut
            short.
    """
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST]
        raise UserError(f"{file}: cannot be used ({type(error).__name__}: {said}); run `dvc repro "
                        "package`, or copy the package anew") from error


def require(folder: Path) -> None:
    """Check, without loading a graph, that a folder holds what the package stage writes today.

    Raises:
        UserError: it is not there or not whole, or another version wrote it; what to do.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise UserError(f"{folder.resolve()} holds no packaged model, it lacks {name}; run "
                            "`dvc repro`, or name the folder in the environment variable "
                            "OSTEON_PACKAGE")
    with reading(folder / FILES[0]):
        found = read_json(folder / FILES[0]).get("format")
    if found != FORMAT:
        said = f"of format {found}" if found else "without a format number, of an earlier version"
        raise UserError(
            f"{folder.resolve()}: a package {said}; format {FORMAT} is wanted. Run `dvc repro "
            "package`, or serve it with the version of osteon that made it")
