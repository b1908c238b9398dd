"""What the node is told, by the command line or by variables that begin with OSTEON_PACS_."""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from osteon.errors import UserError
from osteon.formats import MOST_PIXELS

_PREFIX = "OSTEON_PACS_"
_KEY = f"{_PREFIX}SERVICE_KEY"

Count = Annotated[int, Field(ge=1)]
_TITLE = r"[!-\[\]-~]{1,16}"  # what the standard allows, less spaces within
Title = Annotated[str, StringConstraints(pattern=f"^{_TITLE}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Node(NamedTuple):
    """Another DICOM node, written TITLE@HOST:PORT."""

    title: str
    host: str
    port: Port


def _node(text: str) -> Node:
    found = re.fullmatch(rf"({_TITLE})@([^@]+):(\d+)", text)
    if found is None:
        raise ValueError("want TITLE@HOST:PORT, as ARCHIVE@10.0.0.5:4242")
    return Node(found[1], found[2].strip("[]"), int(found[3]))


def _divided(text: Any) -> Any:
    return tuple(filter(None, map(str.strip, text.split(",")))) if isinstance(text, str) else text


def _option(default: Any, description: str, **bounds: Any) -> Any:
    return Field(default, description=description, **bounds)


class Settings(BaseModel):
    """All of them; `max_images` is the option --max-images and the variable with that name."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, validate_default=True)

    target: Annotated[Node, BeforeValidator(_node)] = _option(
        ..., "where answers are sent, as TITLE@HOST:PORT")
    spool: Path = _option(..., "folder of the queue; it holds patients' images")
    service: HttpUrl = _option("http://127.0.0.1:3000", "address of the service")
    title: Title = _option("OSTEON", "AE title of this node")
    host: str = _option("127.0.0.1", "address to listen on; 0.0.0.0 is every one")
    port: Port = _option(11112, "port to listen on")
    accept: Annotated[tuple[Title, ...], BeforeValidator(_divided)] = _option(
        (), "AE titles that may send, divided by commas; by default the target's")
    answers: Annotated[tuple[Literal["sc", "sr"], ...], BeforeValidator(_divided)] = _option(
        ("sc", "sr"), "sc: pictures with verdict and heatmap; sr: a structured report",
        min_length=1)
    service_key_file: Path | None = _option(
        None, f"file with an API key of the service; or give the key itself in {_KEY}")
    quiet_s: float = _option(30, "a study is whole when no image came for so long", ge=1, le=86400)
    keep_min: float = _option(
        60, "an answered study's images are kept for so long, so that a late view joins them", ge=0)
    retry_s: float = _option(60, "longest pause between two attempts", ge=1, le=3600)
    attempts: Count = _option(
        8, "a study that broke the service or this node so often is set aside")
    reply_s: float = _option(60, "longest wait for the service or the target", gt=0, le=3600)
    max_image_mb: Count = _option(32, "largest image that is taken")
    max_images_mb: Count = _option(128, "most that the images of a study may take together")
    max_images: Count = _option(16, "most images of a study that is asked about")
    max_image_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)] = _option(
        25_000_000, "most pixels of an image that is decoded")
    associations: Count = _option(8, "most senders at once")
    least_free_mb: Count = _option(1024, "no image is taken while the disk has less room")

    @property
    def senders(self) -> list[str]:
        """Name who may send to this node."""
        return list(self.accept or (self.target.title,))

    def key(self, environment: Mapping[str, str]) -> SecretStr | None:
        """Read the service's key; none where none is given.

        Raises:
            UserError: the file cannot be read, or is empty.
        """
        if self.service_key_file is None:
            given = environment.get(_KEY, "").strip()
            return SecretStr(given) if given else None
        try:
            key = self.service_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UserError(f"--service-key-file: {self.service_key_file} cannot be read; name a "
                            "text file with the key and nothing else") from None
        if not key:
            raise UserError(f"--service-key-file: {self.service_key_file} is empty; write the key "
                            "into it")
        return SecretStr(key)

    @classmethod
    def read(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Read the command line, then the environment for what that does not say.

        Raises:
            UserError: a value is impossible, or one without default is missing; one line.
        """
        given = {name: environment[variable] for name in cls.model_fields
                 if environment.get(variable := _PREFIX + name.upper())}
        given |= vars(_parser().parse_args(arguments))
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise UserError("; ".join(_said(problem) for problem in error.errors())) from None


def _parser() -> argparse.ArgumentParser:
    line = argparse.ArgumentParser(
        prog="python -m osteon.serving.dicom",
        description="DICOM node that takes radiographs, asks the service about each study, and "
        "sends its verdict to an archive. For research; not a medical device.",
        epilog=f"Each option is also a variable: --max-images is {_PREFIX}MAX_IMAGES. The command "
        f"line goes before. A key of the service is read from {_KEY} or from a file.",
        argument_default=argparse.SUPPRESS)
    for name, field in Settings.model_fields.items():
        line.add_argument(_flag(name), metavar="…", help=_help(field.description, field.default,
                                                              required=field.is_required()))
    return line


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _help(description: str | None, default: Any, *, required: bool) -> str:
    shown = ",".join(default) if isinstance(default, tuple) else default
    note = " (required)" if required else f" ({shown})" if shown not in (None, "") else ""
    return f"{description}{note}".replace("%", "%%")


def _said(problem: Any) -> str:
    name = str(problem["loc"][0])
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        said = f"is required; give it, or set {_PREFIX}{name.upper()}"
    return f"{_flag(name)}: {said}"
