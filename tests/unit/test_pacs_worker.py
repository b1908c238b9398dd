"""What becomes of a study: answered, waiting, or set aside, by what others reply."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from pydantic import SecretStr
from pydicom.uid import ComprehensiveSRStorage, SecondaryCaptureImageStorage
from pynetdicom import AE, evt

from dicoms import dicom_file, drawn
from osteon.serving.dicom.client import Client
from osteon.serving.dicom.sender import Sender
from osteon.serving.dicom.settings import Node, Settings
from osteon.serving.dicom.spool import Spool
from osteon.serving.dicom.worker import Worker

STUDY = "1.2.3"
JUDGED = {"label": "abnormal", "probability": 0.75, "threshold": 0.5, "warnings": [],
          "probabilities": {"normal": 0.25, "abnormal": 0.75}}
HEATMAP = cv2.imencode(".png", np.zeros((60, 44, 3), np.uint8))[1].tobytes()


def _service(others):
    """Make what answers HTTP requests in its place."""
    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            others.asked.append((self.path, self.headers.get("X-API-Key"), body))
            status, reply = others.service
            if status is None:
                return  # the connection ends without a word
            verdict = {**JUDGED, "views": [JUDGED] * body.count(b'name="images"'),
                       "model_version": "v1", "mark": None}
            content = reply or (HEATMAP if self.path == "/v1/explain"
                                else json.dumps(verdict).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass
    return Service


class Others:
    """The service and the archive as the network knows them, with replies that a test sets."""

    def __init__(self):
        self.reset()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _service(self))
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.http_port = self._http.server_address[1]
        node = AE("ARCHIVE")
        for kind in (SecondaryCaptureImageStorage, ComprehensiveSRStorage):
            node.add_supported_context(kind)
        self._dicom = node.start_server(("127.0.0.1", 0), block=False,
                                        evt_handlers=[(evt.EVT_C_STORE, self._store)])
        self.dicom_port = self._dicom.server_address[1]

    def reset(self):
        self.service, self.archive = (200, None), 0x0000
        self.asked, self.stored = [], []

    def _store(self, event):
        self.stored.append(event.dataset)
        return self.archive

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._dicom.shutdown()


@pytest.fixture(scope="module")
def network():
    found = Others()
    yield found
    found.close()


@pytest.fixture
def others(network):
    network.reset()
    return network


class Desk:
    """A worker with a queue of its own."""

    def __init__(self, others, folder, **settings):
        self.settings = Settings(**{
            "target": f"ARCHIVE@127.0.0.1:{others.dicom_port}", "spool": folder / "spool",
            "service": f"http://127.0.0.1:{others.http_port}", "attempts": 2, **settings})
        self.spool = Spool(self.settings.spool)
        self.worker = Worker(
            self.settings, self.spool,
            Client(str(self.settings.service), SecretStr("key"), 5),
            Sender("OSTEON", Node("ARCHIVE", "127.0.0.1", others.dicom_port), 5))

    def receive(self, count=2, **tags):
        for number in range(count):
            file = self.spool.arriving / "a.dcm"
            uid = f"{STUDY}.4.{number}"
            file.write_bytes(dicom_file(drawn(), **{
                "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.4",
                "SOPInstanceUID": uid, "PatientID": "P-1", "BodyPartExamined": "WRIST", **tags}))
            self.spool.put(file, STUDY, uid)
        self.spool.completed(0)

    def turn(self):
        self.worker._pauses.clear()  # as if the pause were over
        self.worker.turn(threading.Event())

    def where(self):
        for place in ("receiving", "answering", "answered", "aside"):
            if any((self.settings.spool / place).iterdir()):
                return place
        return "nowhere"

    def reason(self):
        [file] = self.settings.spool.glob("aside/*/reason.txt")
        return file.read_text()


@pytest.fixture
def open_desk(others, tmp_path):
    opened = []

    def start(**settings):
        opened.append(Desk(others, tmp_path, **settings))
        return opened[-1]
    yield start
    for one in opened:
        one.spool.close()


@pytest.fixture
def desk(open_desk):
    return open_desk()


def test_a_study_is_asked_about_and_its_answer_sent(desk, others):
    desk.receive()
    desk.turn()
    assert desk.where() == "answered"
    assert [path for path, *_ in others.asked] == ["/v1/study", "/v1/explain", "/v1/explain"]
    assert {key for _, key, _ in others.asked} == {"key"}
    assert [made.Modality for made in others.stored] == ["OT", "OT", "SR"]
    study, explain, _ = (body for *_, body in others.asked)
    assert study.count(b'name="images"') == 2
    assert b"\r\n\r\nwrist\r\n" in study
    assert b'name="label"\r\n\r\nabnormal\r\n' in explain
    assert b"P-1" not in study + explain


@pytest.mark.parametrize(("answers", "made"), [("sr", ["SR"]), ("sc", ["OT", "OT"])])
def test_what_is_not_wanted_is_not_made(others, open_desk, answers, made):
    desk = open_desk(answers=answers)
    desk.receive()
    desk.turn()
    assert [answer.Modality for answer in others.stored] == made


@pytest.mark.parametrize("status", [401, 403, 404, 429, 502, 503, 504])
def test_a_study_waits_as_long_as_the_service_takes(desk, others, status):
    desk.receive()
    others.service = status, b'{"detail": "not now"}'
    for _ in range(4):
        desk.turn()
    assert desk.where() == "answering"
    others.service = 200, None
    desk.turn()
    assert desk.where() == "answered"


@pytest.mark.parametrize(("status", "reply"), [(200, b'{"label": "x"}'), (200, b"<html>")])
def test_another_version_of_the_service_is_not_the_studys_fault(desk, others, status, reply):
    desk.receive()
    others.service = status, reply
    for _ in range(3):
        desk.turn()
    assert desk.where() == "answering"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_study_that_the_service_refuses_is_set_aside(desk, others, status):
    desk.receive()
    others.service = status, b'{"detail": "views of two kinds"}'
    desk.turn()
    assert desk.where() == "aside"
    assert desk.reason() == (
        f"the service replies {status} to /v1/study: views of two kinds\n")


@pytest.mark.parametrize("reply", [(500, b"oh"), (None, None)], ids=["500", "broken off"])
def test_a_study_that_the_service_breaks_over_is_tried_twice(desk, others, reply):
    desk.receive()
    others.service = reply
    desk.turn()
    assert desk.where() == "answering"
    desk.turn()
    assert desk.where() == "aside"
    assert desk.reason().endswith("(after 2 attempts)\n")


def test_an_attempt_that_ended_the_node_counts(desk, others):
    desk.receive()
    desk.spool.count(desk.spool.waiting()[0], 1)  # what a kill leaves
    others.service = 500, b"oh"
    desk.turn()
    assert desk.where() == "aside"


@pytest.mark.parametrize(("status", "place"), [
    (0xA700, "answering"), (0xB000, "answered"), (0xC000, "aside"), (0xA900, "aside")],
    ids=lambda value: f"{value:04X}" if isinstance(value, int) else value)
def test_what_the_archive_says_decides(desk, others, status, place):
    desk.receive()
    others.archive = status
    for _ in range(3):
        desk.turn()
    assert desk.where() == place


def test_what_is_sent_is_not_made_or_sent_again(desk, others):
    desk.receive()
    others.archive = 0xA700
    desk.turn()
    others.archive = 0
    desk.turn()
    assert len(others.asked) == 3
    assert [made.Modality for made in others.stored] == ["OT", "OT", "OT", "SR"]
    assert others.stored[0].SOPInstanceUID == others.stored[1].SOPInstanceUID


@pytest.mark.parametrize(("tags", "settings", "said"), [
    ({"Modality": "CT"}, {}, "no readable radiograph: its modality is CT"),
    ({}, {"max_images": 1}, "2 images of 0 MB together; at most --max-images 1 of"),
    ({}, {"max_image_pixels": 100}, "no readable radiograph: of 44 x 60 pixels"),
], ids=["no radiograph", "too many", "too large"])
def test_a_study_that_is_not_to_be_asked_about(others, open_desk, tags, settings, said):
    desk = open_desk(**settings)
    desk.receive(**tags)
    desk.turn()
    assert desk.reason().startswith(said)
    assert others.asked == []


def test_images_of_two_patients_are_no_study(desk, others):
    desk.receive(1)
    other = desk.spool.waiting()[0] / "b.dcm"
    other.write_bytes(dicom_file(drawn(), StudyInstanceUID=STUDY, SeriesInstanceUID="1",
                                 PatientID="P-2"))
    desk.turn()
    assert desk.reason() == "its images name different patients\n"


def test_an_image_that_is_no_radiograph_is_left_out_and_said(desk, others):
    desk.receive()
    (desk.spool.waiting()[0] / "b.dcm").write_bytes(dicom_file(
        drawn(), StudyInstanceUID=STUDY, SeriesInstanceUID="1", PatientID="P-1", Modality="OT"))
    desk.turn()
    [report] = [made for made in others.stored if made.Modality == "SR"]
    texts = [str(element.value) for element in report.iterall() if element.VR == "UT"]
    assert any("left out: its modality is OT" in text for text in texts)


def test_a_stop_is_heard_between_studies(desk, others):
    desk.receive()
    stop = threading.Event()
    stop.set()
    desk.worker.turn(stop)
    assert others.asked == []
