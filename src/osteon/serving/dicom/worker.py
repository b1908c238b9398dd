"""Answers the studies that wait: asks, makes the answer, sends it, one after the other."""

import logging
import threading
import time
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset

from osteon.files import fresh_folder
from osteon.formats import ImageError
from osteon.grey import Picture
from osteon.serving.dicom import picture, report
from osteon.serving.dicom.answer import Findings, remarks
from osteon.serving.dicom.capture import capture
from osteon.serving.dicom.client import BrokenError, Client, DownError, RefusedError
from osteon.serving.dicom.log import event
from osteon.serving.dicom.sender import Sender
from osteon.serving.dicom.settings import Settings
from osteon.serving.dicom.source import Source, patients
from osteon.serving.dicom.spool import Spool, images, lasting
from osteon.serving.discreet import failure

_FIRST_PAUSE_S = 1.0


class Worker:
    """The one who empties the queue."""

    def __init__(self, settings: Settings, spool: Spool, client: Client, sender: Sender) -> None:
        self._settings, self._spool = settings, spool
        self._client, self._sender = client, sender
        self._pauses: dict[str, tuple[float, float]] = {}  # study: not before, last pause

    def turn(self, stop: threading.Event) -> None:
        """Do what there is to do at this time, until `stop`; never raises over a study.

        Raises:
            OSError: the queue cannot be read or written.
        """
        for name in self._spool.completed(self._settings.quiet_s):
            event("study complete", study=name)
        for study in self._spool.waiting():
            not_before, _ = self._pauses.get(study.name, (0.0, 0.0))
            if time.monotonic() >= not_before and not stop.is_set():
                self._try(study)
        self._spool.forget(self._settings.keep_min)
        self._spool.sweep()

    def _try(self, study: Path) -> None:
        before = self._spool.attempts(study)
        try:
            self._spool.count(study, before + 1)
            self._answer(study)
        except RefusedError as error:
            self._set_aside(study, str(error))
        except DownError as error:
            self._spool.count(study, before)
            self._later(study, reason=str(error))
        except BrokenError as error:
            self._again(study, before + 1, str(error), reason=str(error))
        except Exception as error:  # one study must not end the node; its message may quote names
            self._again(study, before + 1, f"{type(error).__name__}: {error}", **failure(error))
        else:
            self._pauses.pop(study.name, None)

    def _again(self, study: Path, attempts: int, said: str, **logged: object) -> None:
        if attempts < self._settings.attempts:
            self._later(study, attempts=attempts, **logged)
        else:
            self._set_aside(study, f"{said} (after {attempts} attempts)")

    def _later(self, study: Path, **logged: object) -> None:
        _, last = self._pauses.get(study.name, (0.0, _FIRST_PAUSE_S / 2))
        pause = min(2 * last, self._settings.retry_s)
        self._pauses[study.name] = time.monotonic() + pause, pause
        event("study waits", logging.WARNING, study=study.name, pause_s=pause, **logged)

    def _set_aside(self, study: Path, reason: str) -> None:
        self._pauses.pop(study.name, None)
        self._spool.set_aside(study, reason)
        event("study set aside", logging.ERROR, study=study.name)

    def _answer(self, study: Path) -> None:
        """Make the answer unless a former attempt did, then send what of it is not yet sent."""
        made = study / "answer"
        started = time.monotonic()
        if not made.is_dir():
            with fresh_folder(made) as folder:
                self._make(study, folder)
            event("answer made", study=study.name, objects=len(images(made)),
                  seconds=round(time.monotonic() - started, 2))
        self._sender.send(images(made))
        self._spool.done(study)
        event("study answered", study=study.name)

    def _make(self, study: Path, folder: Path) -> None:
        sources, left_out = self._judged(study)
        body_parts = {source.body_part for source in sources}
        body_part = body_parts.pop() if len(body_parts) == 1 else ""
        verdict = self._client.study([source.anonymous() for source in sources], body_part)
        findings = Findings(tuple(sources), verdict, remarks(verdict, left_out), datetime.now())
        if "sc" in self._settings.answers:
            for number, source in enumerate(sources, 1):
                _write(folder / f"1-{number:03}.dcm", self._captured(findings, number, source))
        if "sr" in self._settings.answers:
            _write(folder / "2-001.dcm", report.report(findings))

    def _captured(self, findings: Findings, number: int, source: Source) -> Dataset:
        heatmap = self._client.heatmap(source.anonymous(), source.body_part,
                                       findings.verdict.label)
        drawn = picture.draw(self._decoded(source), heatmap, findings.verdict, number,
                             findings.origin, findings.remarks)
        return capture(findings, number, drawn)

    def _judged(self, study: Path) -> tuple[list[Source], list[str]]:
        """Give the images to ask about in their order, and why others are none.

        Raises:
            RefusedError: there is none, there are too many, or they are not one patient's.
        """
        files, settings = images(study), self._settings
        size_mb = sum(file.stat().st_size for file in files) / 2**20
        if len(files) > settings.max_images or size_mb > settings.max_images_mb:
            raise RefusedError(f"{len(files)} images of {size_mb:.0f} MB together; at most "
                               f"--max-images {settings.max_images} of --max-images-mb "
                               f"{settings.max_images_mb} are asked about")
        judged, left_out = [], []
        for source in sorted(map(Source.read, files), key=lambda source: source.order):
            try:
                self._decoded(source)
                judged.append(source)
            except ImageError as error:
                left_out.append(str(error))
        if not judged:
            raise RefusedError("no readable radiograph: " + "; ".join(left_out))
        if patients(judged) > 1:
            raise RefusedError("its images name different patients")
        return judged, left_out

    def _decoded(self, source: Source) -> Picture:
        return source.picture(self._settings.max_image_pixels)


def _write(file: Path, made: Dataset) -> None:
    with lasting(file) as aside:
        made.save_as(aside, enforce_file_format=True)
