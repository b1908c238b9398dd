"""The DICOM node between a real archive and the real service: nothing lost, nothing twice."""

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage, generate_uid

from archive import (
    PATIENT,
    Cable,
    Node,
    Orthanc,
    free_port,
    running,
    send,
    study,
    until,
)
from conformance import faults
from dicoms import dicom_file, drawn
from project import Project
from served import Server, serving

_KEY = "a-key-of-the-service-0123456789"
Views = list[bytes]


@pytest.fixture(scope="module")
def service(demo: Project) -> Iterator[Server]:
    with serving(demo, demo.folder, OSTEON_API_KEYS=_KEY, OSTEON_MONITORING="off") as server:
        yield server


@pytest.fixture(scope="module")
def cable(service: Server) -> Cable:
    return Cable(service.client.base_url.port or 0)


@pytest.fixture(scope="module")
def node_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def orthanc(node_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    archive = Orthanc(tmp_path_factory.mktemp("archive") / "orthanc", node_port)
    archive.start()
    yield archive
    archive.stop()


@pytest.fixture(scope="module")
def node(demo: Project, orthanc: Orthanc, cable: Cable, node_port: int,
         tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node") / "node"
    with running(_node(demo, orthanc, cable, node_port, folder)) as node:
        yield node


@pytest.fixture
def stopped(demo: Project, orthanc: Orthanc, cable: Cable, tmp_path: Path) -> Node:
    """Give a node of the test's own, which is not yet started."""
    return _node(demo, orthanc, cable, free_port(), tmp_path / "node")


def _node(demo: Project, orthanc: Orthanc, cable: Cable, port: int, folder: Path) -> Node:
    return Node(demo, folder, port, orthanc.dicom_port, f"http://127.0.0.1:{cable.port}",
                OSTEON_PACS_SERVICE_KEY=_KEY)


@pytest.fixture
def views(demo: Project) -> Views:
    """Give the two views of a study that is abnormal, new at each call but for the pictures."""
    folders = sorted((demo.folder / "data/sample/MURA-v1.1").rglob("study1_positive"))
    pictures = next(found for folder in folders if len(found := sorted(folder.iterdir())) == 2)
    return study(pictures, BodyPartExamined=pictures[0].parts[-4].removeprefix("XR_"))


@pytest.fixture
def files(views: Views, tmp_path: Path) -> list[Path]:
    return _files(views, tmp_path)


def _files(views: Views, folder: Path) -> list[Path]:
    files = [folder / f"view{number}.dcm" for number, _ in enumerate(views)]
    for file, view in zip(files, views, strict=True):
        file.write_bytes(view)
    return files


def _of(files: list[Path], name: str) -> list[str]:
    return [str(dcmread(file)[name].value) for file in files]


def _texts(item: Dataset) -> str:
    """Give all that a report says, as one text."""
    return "\n".join(f"{element.keyword}={element.value}" for element in item.iterall()
                     if element.VR != "SQ")


def _uids(objects: list[Dataset]) -> list[str]:
    return sorted(str(made.SOPInstanceUID) for made in objects)


def test_a_study_gets_pictures_and_a_report(
        orthanc: Orthanc, node: Node, service: Server, views: Views, files: list[Path]) -> None:
    orthanc.forward(orthanc.upload(views))
    [uid] = set(_of(files, "StudyInstanceUID"))
    made = orthanc.answers(uid, 3)
    said = service.client.post(
        "/v1/study", files=[("images", ("x", view)) for view in views], data={
            "body_part": dcmread(files[0]).BodyPartExamined.lower()},
        headers={"X-API-Key": _KEY}).json()
    for answer in made:
        assert answer.StudyInstanceUID == uid
        assert {name: str(answer[name].value) for name in PATIENT} == PATIENT
        assert answer.AccessionNumber == "A-1"
        assert answer.SoftwareVersions[1] == f"model {said['model_version']}"
    pictures = sorted((answer for answer in made if answer.Modality == "OT"),
                      key=lambda answer: answer.InstanceNumber)
    [report] = [answer for answer in made if answer.Modality == "SR"]
    _assert_pictures(pictures, files)
    _assert_report(report, files, said)
    for word in ("Öztürk", "MRN-4711", "19600102", uid, *_of(files, "SOPInstanceUID")):
        assert word not in node.log
    for answer in made:
        kind = "SCImage" if answer.Modality == "OT" else "ComprehensiveSR"
        assert faults(Path(answer.filename), kind) == []


def _assert_pictures(pictures: list[Dataset], files: list[Path]) -> None:
    assert [picture.SourceImageSequence[0].ReferencedSOPInstanceUID for picture in pictures] == (
        _of(files, "SOPInstanceUID"))
    assert {picture.SeriesInstanceUID for picture in pictures}.isdisjoint(
        _of(files, "SeriesInstanceUID"))
    for picture in pictures:
        assert picture.SOPClassUID == SecondaryCaptureImageStorage
        assert (picture.BurnedInAnnotation, picture.Laterality) == ("YES", "L")
        assert "".join(picture.ImageComments) == "For research. Not a medical device."
        assert picture.pixel_array.shape == (picture.Rows, picture.Columns, 3)
        # The pane beside the plain one has colour, so that the heatmap is there.
        halves = picture.pixel_array[300:900].astype(int)
        coloured = abs(halves[..., 0] - halves[..., 2]).max(axis=0) > 40
        middle = picture.Columns // 2
        assert (coloured[:middle].mean(), coloured[middle:].mean() > 0.2) == (0, True)


def _assert_report(report: Dataset, files: list[Path], said: dict) -> None:
    [evidence] = report.CurrentRequestedProcedureEvidenceSequence
    assert [item.ReferencedSOPInstanceUID for series in evidence.ReferencedSeriesSequence
            for item in series.ReferencedSOPSequence] == _of(files, "SOPInstanceUID")
    texts = _texts(report)
    assert "For research. Not a medical device." in texts
    assert f"CodeMeaning={said['label']}" in texts
    for verdict in (said, *said["views"]):
        assert f"NumericValue={verdict['probability']:.6f}"[:-1] in texts
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")


def _await_answered(node: Node, uid: str, times: int = 1) -> None:
    until(lambda: len(_events(node, "study answered", uid)) == times, f"answered; {node.log}")


def _events(node: Node, name: str, uid: str) -> list[dict]:
    hashed = hashlib.sha256(uid.encode()).hexdigest()[:12]
    return [event for event in node.events(name) if event["study"] == hashed]


def test_the_same_study_again_adds_nothing(
        orthanc: Orthanc, node: Node, views: Views, files: list[Path]) -> None:
    name = orthanc.upload(views)
    orthanc.forward(name)
    [uid] = set(_of(files, "StudyInstanceUID"))
    first = orthanc.answers(uid, 3)
    _await_answered(node, uid)
    orthanc.forward(name)  # now with our own answers, which are no images to be judged
    _await_answered(node, uid, 2)
    assert _uids(orthanc.objects(uid)) == sorted([*_uids(first), *_of(files, "SOPInstanceUID")])
    assert len(_events(node, "answer came back", uid)) == 3


def test_a_late_view_joins_the_others(
        orthanc: Orthanc, node: Node, files: list[Path]) -> None:
    [uid] = set(_of(files, "StudyInstanceUID"))
    assert send(node.port, files[:1]) == [0]
    assert len(orthanc.answers(uid, 2)) == 2
    _await_answered(node, uid)
    assert send(node.port, files[1:]) == [0]
    late = orthanc.answers(uid, 2 + 3)
    assert "View 2" in "".join(_texts(answer) for answer in late)


def test_a_node_that_is_killed_goes_on_and_waits_for_an_archive_that_is_down(
        orthanc: Orthanc, stopped: Node, files: list[Path]) -> None:
    [uid] = set(_of(files, "StudyInstanceUID"))
    orthanc.stop()
    try:
        stopped.start()
        assert send(stopped.port, files) == [0, 0]
        for moment in ("image taken", "study complete"):
            stopped.await_event(moment)
            assert stopped.stop(signal.SIGKILL) == -signal.SIGKILL
            stopped.start()
        assert "cannot be reached" in stopped.await_event("study waits")["reason"]
        assert stopped.stop(signal.SIGKILL) == -signal.SIGKILL
        made = [dcmread(file) for file in stopped.spool.glob("answering/*/answer/*.dcm")]
        assert len(made) == 3
    finally:
        orthanc.start()
    with running(stopped):
        assert _uids(orthanc.answers(uid, 3)) == _uids(made)
        _await_answered(stopped, uid)
    assert list(stopped.spool.glob("*ing/*")) == []
    assert len(stopped.events("answer made")) == 1


def test_a_study_waits_for_a_service_that_is_down(
        orthanc: Orthanc, node: Node, cable: Cable, files: list[Path]) -> None:
    [uid] = set(_of(files, "StudyInstanceUID"))
    cable.pull()
    try:
        assert send(node.port, files) == [0, 0]
        until(lambda: len(_events(node, "study waits", uid)) > 1, "it waits")
        assert {event["reason"] for event in _events(node, "study waits", uid)} == {
            "the service cannot be reached"}
    finally:
        cable.plug()
    assert len(orthanc.answers(uid, 3)) == 3


def test_a_study_that_cannot_be_answered_is_set_aside_and_holds_up_none(
        orthanc: Orthanc, node: Node, files: list[Path], tmp_path: Path) -> None:
    poison = tmp_path / "poison.dcm"
    poison.write_bytes(dicom_file(
        drawn(), PatientID="P", Modality="OT", SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid()))
    assert send(node.port, [poison]) == [0]
    assert send(node.port, files) == [0, 0]
    assert len(orthanc.answers(*set(_of(files, "StudyInstanceUID")), 3)) == 3
    name = node.await_event("study set aside")["study"]
    aside = node.spool / "aside" / name
    assert (aside / "reason.txt").read_text() == (
        "no readable radiograph: its modality is OT; only radiographs, CR and DX, are read\n")
    # Back into the queue by hand, it is looked at anew.
    aside.rename(node.spool / "receiving" / name)
    node.await_event("study set aside", 2)


def test_who_and_what_is_refused(node: Node, files: list[Path], tmp_path: Path) -> None:
    assert send(node.port, files, title="STRANGER") == []
    assert node.await_event("association refused")["title"] == "STRANGER"
    assert send(node.port, files, called="SOMEONE") == []
    large, other = tmp_path / "large.dcm", tmp_path / "other.dcm"
    large.write_bytes(dicom_file(drawn(3000, 3000), StudyInstanceUID="1.2", SeriesInstanceUID="1",
                                 PatientID="P"))
    other.write_bytes(dicom_file(drawn(), StudyInstanceUID="1.2", SOPClassUID=CTImageStorage))
    assert send(node.port, [large]) == [None]
    assert "max-image-mb" in node.await_event("connection cut")["reason"]
    assert send(node.port, [other]) == []  # no context is accepted
    assert list(node.spool.glob("receiving/*")) == []
    assert send(node.port, files) == [0, 0]
