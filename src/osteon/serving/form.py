"""A multipart form, taken apart as it arrives: its files in memory, nothing on a disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from osteon.serving.errors import RefusedError

LONGEST_TEXT = 100  # characters of a label or of a body part's name
_MOST_BYTES = 4  # of a character in UTF-8


@dataclass(frozen=True)
class Form:
    """What a path takes: files in one field, and texts in others, none twice."""

    file: str
    most_files: int
    texts: frozenset[str]
    most_bytes: int  # of the whole body

    @property
    def described(self) -> str:
        """Say what to send."""
        files = "one file" if self.most_files == 1 else f"1 to {self.most_files} files"
        return f"multipart/form-data with {files} in the field {self.file!r}"


@dataclass(frozen=True)
class Sent:
    """What a form held."""

    files: list[bytes]
    texts: dict[str, str]  # by field


@dataclass
class _Part:
    """One field as it arrives."""

    disposition: bytes = b""
    header: bytes = b""  # the name of the header that is being read
    value: bytes = b""
    name: str = ""
    is_file: bool = False
    content: bytearray = field(default_factory=bytearray)

    def taken(self) -> bytes:
        """Give the content away, so that no more than one file is in memory twice."""
        content = bytes(self.content)
        self.content.clear()
        return content


class FormReader:
    """Reads a form piece by piece; what does not belong there is refused as soon as it is seen."""

    def __init__(self, form: Form, headers: Mapping[str, str]) -> None:
        """Take the boundary from the headers.

        Raises:
            RefusedError: the body is no multipart form, or its texts are not in UTF-8.
        """
        self._form = form
        self._part = _Part()
        self._parts: list[_Part] = []
        self._ended = False
        kind, options = parse_options_header(headers.get("content-type", ""))
        if kind != b"multipart/form-data":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {form.described}")
        if options.get(b"charset", b"utf-8").lower() != b"utf-8":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the form's texts as UTF-8")
        boundary = options.get(b"boundary")
        if not boundary:
            raise _unreadable("its header names no boundary")
        try:
            self._parser = MultipartParser(boundary, {
                "on_part_begin": self._begin, "on_header_field": self._on_header_name,
                "on_header_value": self._on_header_value, "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers, "on_part_data": self._on_data,
                "on_end": self._on_end})
        except FormParserError as error:
            raise _unreadable(str(error)) from None

    def feed(self, piece: bytes) -> None:
        """Read the next piece of the body.

        Raises:
            RefusedError: the form is malformed, or holds what it should not.
        """
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _unreadable(str(error)) from None

    def sent(self) -> Sent:
        """Give what the form held, after its last piece.

        Raises:
            RefusedError: it is cut short or has no file, or a text is too long or not in UTF-8.
        """
        if not self._ended:
            raise _unreadable("it is cut short")
        files = [part.taken() for part in self._parts if part.is_file]
        if not files:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the file is missing", self._form.file)
        return Sent(files, {part.name: _text(part) for part in self._parts if not part.is_file})

    def _begin(self) -> None:
        self._part = _Part()

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _on_header_end(self) -> None:
        part = self._part
        if part.header.lower() == b"content-disposition":
            part.disposition = part.value
        part.header = part.value = b""

    def _on_headers(self) -> None:
        part = self._part
        _, options = parse_options_header(part.disposition)
        if b"name" not in options:
            raise _unreadable("a part has no name")
        part.name = options[b"name"].decode(errors="replace")
        part.is_file = b"filename" in options
        self._require_wanted(part)
        self._parts.append(part)

    def _require_wanted(self, part: _Part) -> None:
        form, name = self._form, part.name
        if name not in {form.file, *form.texts}:
            known = ", ".join(map(repr, [form.file, *sorted(form.texts)]))
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"no such field; there are {known}",
                               name[:LONGEST_TEXT])
        if part.is_file != (name == form.file):
            wanted = "a text" if part.is_file else "a file"
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"{wanted} is wanted here", name)
        before = sum(other.name == name for other in self._parts)
        if before and not part.is_file:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "there are two of this text", name)
        if before == form.most_files and part.is_file:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"too many files; send {form.described}",
                               name)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        part.content += memoryview(data)[start:end]
        if not part.is_file and len(part.content) > _MOST_BYTES * LONGEST_TEXT:
            raise _too_long(part)

    def _on_end(self) -> None:
        self._ended = True


def _text(part: _Part) -> str:
    try:
        text = part.content.decode()
    except UnicodeDecodeError:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "no text in UTF-8", part.name) from None
    if len(text) > LONGEST_TEXT:
        raise _too_long(part)
    return text


def _too_long(part: _Part) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY,
                        f"longer than {LONGEST_TEXT} characters", part.name)


def _unreadable(why: str) -> RefusedError:
    return RefusedError(HTTPStatus.BAD_REQUEST, f"the form cannot be read: {why}")
