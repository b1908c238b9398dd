"""A real archive (Orthanc), our node beside it, and a cable that can be pulled."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE

from dicoms import dicom_file
from project import Project

NODE, ARCHIVE = "OSTEON", "ARCHIVE"
PATIENT = {"PatientName": "Öztürk^Jürgen", "PatientID": "MRN-4711", "PatientBirthDate": "19600102"}


def free_port() -> int:
    """Find a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait for something; fails by its name."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def study(pictures: list[Path], **tags: Any) -> list[bytes]:
    """Write drawn radiographs as the views of one study, 12 bits deep."""
    common = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid(),
              "SpecificCharacterSet": "ISO_IR 100", **PATIENT, "PatientSex": "O",
              "StudyDate": "20240229", "StudyTime": "101500", "AccessionNumber": "A-1",
              "StudyID": "1", "ReferringPhysicianName": "Referrer^R", "SeriesNumber": 1,
              "StudyDescription": "Wrist, two views", "Laterality": "L", **tags}
    return [dicom_file(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE).astype(np.uint16) * 16, 12,
                       InstanceNumber=number, SOPInstanceUID=generate_uid(), **common)
            for number, file in enumerate(pictures, 1)]


def send(port: int, files: list[Path], title: str = ARCHIVE, called: str = NODE) -> list[int]:
    """Send files as a modality would; gives each status, none where the association ended."""
    sets = [dcmread(file) for file in files]
    sender = AE(title)
    for data in sets:
        sender.add_requested_context(data.SOPClassUID, data.file_meta.TransferSyntaxUID)
    link = sender.associate("127.0.0.1", port, ae_title=called)
    if not link.is_established:
        return []
    try:
        return [link.send_c_store(data).get("Status") for data in sets]
    finally:
        link.release()


class Orthanc:
    """Debian's Orthanc on free ports, with its data in a folder."""

    def __init__(self, folder: Path, node_port: int) -> None:
        found = shutil.which("Orthanc", path=f"{os.environ['PATH']}:/usr/sbin")
        if not found:
            pytest.skip("NOT TESTED with a real archive: `apt-get install orthanc`")
        self._program, self._folder = found, folder
        self.dicom_port, self._http_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        (folder / "orthanc.json").write_text(json.dumps({
            "Name": ARCHIVE, "DicomAet": ARCHIVE, "DicomPort": self.dicom_port,
            "HttpPort": self._http_port, "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False, "StorageDirectory": str(folder / "store"),
            "IndexDirectory": str(folder / "store"), "Plugins": [],
            "DicomModalities": {"osteon": [NODE, "127.0.0.1", node_port]}}))
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self._http_port}", timeout=30)

    def start(self) -> None:
        """Start it, with what it had before."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, str(self._folder / "orthanc.json")], stdout=log, stderr=log,
                start_new_session=True)
        until(self._answers, (self._folder / "log").read_text())

    def stop(self) -> None:
        """End it, in good order."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool | None:
        with contextlib.suppress(httpx.TransportError):
            return self._http.get("/system").status_code == 200
        return None

    def upload(self, views: list[bytes]) -> str:
        """Put images into it; gives its name for their study."""
        return [self._http.post("/instances", content=view).json()["ParentStudy"]
                for view in views][-1]

    def forward(self, study: str) -> None:
        """Let it send all it has of a study to our node."""
        reply = self._http.post("/modalities/osteon/store", content=study)
        assert reply.status_code == 200, reply.text
        assert reply.json()["FailedInstancesCount"] == 0

    def objects(self, study_uid: str) -> list[Dataset]:
        """Read back all it has of a study."""
        found = self._http.post("/tools/lookup", content=study_uid).json()
        if not found:
            return []
        listed = self._http.get(f"/studies/{found[0]['ID']}/instances").json()
        return [dcmread(self._download(instance["ID"])) for instance in listed]

    def _download(self, name: str) -> Path:
        file = self._folder / f"{name}.dcm"
        file.write_bytes(self._http.get(f"/instances/{name}/file").content)
        return file

    def answers(self, study_uid: str, count: int) -> list[Dataset]:
        """Wait for so many objects of our node's, and read them."""
        def made() -> list[Dataset] | None:
            ours = [data for data in self.objects(study_uid)
                    if data.get("Manufacturer") == "osteon"]
            return ours if len(ours) == count else None
        return until(made, f"{count} answers")


class Node:
    """Our node, as its command runs it."""

    def __init__(self, project: Project, folder: Path, port: int, target: int, service: str,
                 **variables: str) -> None:
        self.spool, self.port, self._project = folder / "spool", port, project
        self._log = folder / "log"
        self._arguments = [
            "--spool", str(self.spool), "--port", str(port), "--service", service,
            "--target", f"{ARCHIVE}@127.0.0.1:{target}", "--quiet-s", "1", "--retry-s", "1",
            "--reply-s", "20", "--max-image-mb", "6"]
        self.variables = variables
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir()

    def start(self, *arguments: str) -> None:
        """Start it, with the queue it had before."""
        before = len(self.events("listening"))
        with self._log.open("a") as log:
            self._process = self._project.start(
                "python", "-m", "osteon.serving.dicom", *self._arguments, *arguments, stdout=log,
                env={**self._project.environment, **self.variables})
        until(lambda: len(self.events("listening")) > before, "listening")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, by default in good order; gives its exit status."""
        assert self._process
        os.killpg(self._process.pid, number)
        return self._process.wait(30)

    @property
    def log(self) -> str:
        """Give all that it said."""
        return self._log.read_text() if self._log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give the events of a name, in their order."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == name]

    def await_event(self, name: str, count: int = 1) -> dict[str, Any]:
        """Wait for the event to happen so often; gives the last."""
        return until(lambda: found[count - 1] if len(found := self.events(name)) >= count else None,
                     f"{name}; it said:\n{self.log}")


class Cable:
    """A port that passes everything on to another, until it is pulled."""

    def __init__(self, port: int) -> None:
        self._to, self.port = port, free_port()
        self.plug()

    def plug(self) -> None:
        """Pass on what comes."""
        self._socket = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def pull(self) -> None:
        """Refuse connections, as where nobody listens."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(65536):
            sink.sendall(content)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def running(node: Node, *arguments: str) -> Iterator[Node]:
    """Run the node until the tests are through, and see that it ends in good order."""
    node.start(*arguments)
    try:
        yield node
    finally:
        assert node.stop() == 0, node.log
