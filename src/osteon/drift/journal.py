"""The service's monitoring log, read back: what it saw, what it said, and what came out later."""

import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from osteon.drift.sample import Sample
from osteon.errors import UserError
from osteon.familiarity import Familiarity

Line = dict[str, Any]

_SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Judged:
    """What the service said, of one image or of a study, and the label that was told later."""

    probabilities: dict[str, float]
    label: str
    told: str


@dataclass(frozen=True)
class Log:
    """The newest images of a log, oldest first, and the verdicts whose true label was told."""

    images: Sample
    judged: dict[str, list[Judged]]  # by level, image and study; the newest of each
    since: str
    until: str
    of_other_models: int
    unreadable: int  # lines


def is_log(path: Path) -> bool:
    """Tell a log, a file or a folder of JSON lines, from a folder of images."""
    return path.suffix == _SUFFIX or (path.is_dir() and any(path.glob(f"*{_SUFFIX}")))


def read(path: Path, familiarity: Familiarity, labels: tuple[str, ...], latest: int) -> Log:
    """Read the `latest` images, in the order of time; memory stays flat in the length of the log.

    Images of a request, and others sent one after another, may be of one patient.

    Raises:
        UserError: the log holds no image that this model has judged.
    """
    lines = _Lines(path, familiarity, labels, latest)
    newest = _newest(lines, latest)
    if not newest:
        other = f"; {lines.of_other_models} are of another model" if lines.of_other_models else ""
        raise UserError(f"drift.current: {path} holds no image that this model has judged{other}. "
                        "Serve artifacts of the same run, and send images")
    coordinates = np.array([line["coordinates"] for line in newest], dtype=np.float32)
    probabilities = np.array([[line["probabilities"][label] for label in labels]
                              for line in newest])
    images = Sample(
        statistics=np.array([[line["statistics"][name] for name in familiarity.names]
                             for line in newest]),
        coordinates=coordinates, distances=familiarity.distance(coordinates),
        probabilities=probabilities,
        verdicts=np.array([labels.index(line["label"]) for line in newest]), groups=None)
    told = {"image": (line for line in newest if line.get("views", 1) == 1),
            "study": lines.studies}
    return Log(images,
               {level: [Judged(line["probabilities"], line["label"], lines.told[name])
                        for line in found if (name := line["request_id"]) in lines.told]
                for level, found in told.items()},
               newest[0]["time"], newest[-1]["time"], lines.of_other_models, lines.unreadable)


class _Lines:
    """The lines of predictions of this model; the others are counted, or kept, as they pass."""

    def __init__(self, path: Path, familiarity: Familiarity, labels: tuple[str, ...],
                 latest: int) -> None:
        self._files = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
        self._name, self._axes = familiarity.name, familiarity.axes.shape[1]
        self._names, self._labels = familiarity.names.tolist(), set(labels)
        self._latest = latest
        self._studies: list[Line] = []
        self._told: dict[str, tuple[str, str]] = {}
        self.of_other_models = self.unreadable = 0

    @property
    def told(self) -> dict[str, str]:
        """Give the label last told of each request."""
        return {name: label for name, (_, label) in self._told.items()}

    @property
    def studies(self) -> list[Line]:
        """Give the newest studies with their views together, oldest first."""
        return _newest(self._studies, self._latest)

    def __iter__(self) -> Iterator[Line]:
        for file in self._files:
            with file.open(encoding="utf-8", errors="replace") as stream:
                for text in stream:
                    if line := self._taken(text):
                        yield line

    def _taken(self, text: str) -> Line | None:
        try:
            return self._of_kind(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError):
            self.unreadable += 1
            return None

    def _of_kind(self, line: Line) -> Line | None:
        kind, time, name = line["kind"], str(line["time"]), str(line["request_id"])
        if kind == "feedback":
            _require(line["label"] in self._labels)
            self._told[name] = max(self._told.get(name, ("", "")), (time, line["label"]))
        elif line["familiarity"] != self._name:
            self.of_other_models += kind == "prediction"
        else:
            _require(self._labels == set(line["probabilities"]) and line["label"] in self._labels)
            if kind == "prediction":
                numbers = [*line["coordinates"], *(line["statistics"][one] for one in self._names)]
                _require(len(line["coordinates"]) == self._axes and all(map(isfinite, numbers)))
                return line
            self._studies.append(line)
            if len(self._studies) > 2 * self._latest:
                self._studies = self.studies
        return None


def _newest(lines: Iterable[Line], latest: int) -> list[Line]:
    """Give the newest lines, the oldest of them first."""
    return heapq.nlargest(latest, lines, key=lambda line: str(line["time"]))[::-1]


def _require(holds: bool) -> None:  # noqa: FBT001  # reads as an assertion
    if not holds:
        raise ValueError("not as the service writes it")
