"""What the node makes of a verdict: a picture, a capture, a report, and what it keeps to itself."""

from datetime import datetime
from io import BytesIO

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from conformance import faults
from dicoms import compressed, dicom_file, drawn
from osteon import dicom
from osteon.formats import ImageError
from osteon.serving.dicom import picture
from osteon.serving.dicom.answer import Findings, is_own, remarks
from osteon.serving.dicom.capture import capture
from osteon.serving.dicom.client import BrokenError, StudyVerdict
from osteon.serving.dicom.report import report
from osteon.serving.dicom.source import Source, patients

WRIST = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4", "PatientID": "P-1",
         "PatientName": "Öztürk^Jürgen", "SpecificCharacterSet": "ISO_IR 100",
         "BodyPartExamined": "WRIST", "ImageLaterality": "R", "StudyDate": "20250303",
         "StudyTime": "101500", "StudyID": "1"}
TWO = {"label": "abnormal", "probability": 0.875, "threshold": 0.46,
       "probabilities": {"normal": 0.125, "abnormal": 0.875}}
THREE = {"label": "osteopenia", "probability": 0.625, "threshold": None, "probabilities": {
    "normal": 0.25, "osteopenia": 0.625, "osteoporosis": 0.125}}
WARNING = {"kind": "unfamiliar", "detail": "darker than the reference"}


def sources(folder, count=2, **tags):
    found = []
    for number in range(1, count + 1):
        file = folder / f"{number}.dcm"
        file.write_bytes(dicom_file(
            drawn().astype(np.uint16), 12, SOPInstanceUID=f"1.2.3.4.{number}",
            InstanceNumber=number, **{**WRIST, **tags}))
        found.append(Source.read(file))
    return tuple(found)


def findings(folder, verdict=TWO, left_out=(), *, mark=None, count=2, **tags):
    said = StudyVerdict(**verdict, model_version="3f2a9c01b7de", mark=mark, warnings=[WARNING],
                        views=[verdict] * count)
    return Findings(sources(folder, count, **tags), said, remarks(said, left_out),
                    datetime(2025, 3, 4, 5, 6))


def reread(made):
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    return dcmread(stream)


def red():
    heat = np.zeros((60, 44, 3), np.uint8)
    heat[..., 2] = 255
    return cv2.imencode(".png", heat)[1].tobytes()


def said_in(made):
    return [str(element.value) for element in made.iterall() if element.VR != "SQ"]


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, None])
def test_the_service_gets_the_picture_and_no_patient(tmp_path, syntax):
    values = drawn().astype(np.uint16) * 16
    written = (compressed(values, syntax, 12, **WRIST) if syntax
               else dicom_file(values, 12, **WRIST))
    file = tmp_path / "a.dcm"
    file.write_bytes(written)
    sent = Source.read(file).anonymous()
    assert np.array_equal(dicom.decode(sent)[0], dicom.decode(written)[0])
    assert dicom.decode(sent)[1] == 12
    for word in (b"P-1", "Öztürk".encode("latin1"), b"1.2.3", b"WRIST"):
        assert word in written
        assert word not in sent.replace(b"1.2.840", b"")


def test_the_picture_says_what_was_found(tmp_path):
    found = findings(tmp_path)
    shown = picture.draw(drawn(), red(), found.verdict, 1, found.origin, found.remarks)
    assert shown.shape[1] == 1338  # two panes of 880 x 44/60 with margins of 12
    panes = shown[400:900]
    assert (panes[:, :669, 0] == panes[:, :669, 2]).all()
    assert (panes[:, 682:1325] == [255, 0, 0]).all()


@pytest.mark.parametrize(("verdict", "words"), [
    (TWO, "abnormal; score of abnormal 0.88, abnormal from 0.46 on"),
    (THREE, "osteopenia; its score is 0.62"),
    ({**TWO, "probability": 0.9997}, "abnormal; score of abnormal above 0.99, "
                                     "abnormal from 0.46 on"),
    ({**TWO, "label": "normal", "probability": 0.0003},
     "normal; score of abnormal below 0.01, abnormal from 0.46 on"),
], ids=["two labels", "three", "nearly certain", "nearly excluded"])
def test_a_verdict_in_words(tmp_path, verdict, words):
    assert picture.verdict_words(findings(tmp_path, verdict).verdict) == words


def test_a_long_warning_is_broken_and_not_cut(tmp_path):
    found = findings(tmp_path)
    short, long = (picture.draw(drawn(), red(), found.verdict, 1, "", [text]).shape
                   for text in ("dark", "dark " * 80))
    assert short[1] == long[1]
    assert long[0] > short[0]


def test_a_heatmap_that_is_no_picture_is_the_services_fault(tmp_path):
    with pytest.raises(BrokenError, match="no picture"):
        picture.draw(drawn(), b"<html>", findings(tmp_path).verdict, 1, "", [])


def test_a_capture_belongs_to_the_patient_and_to_its_view(tmp_path):
    made = reread(capture(findings(tmp_path), 2, np.zeros((5, 7, 3), np.uint8)))
    assert (made.PatientName, made.PatientID, made.StudyInstanceUID) == (
        "Öztürk^Jürgen", "P-1", "1.2.3")
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.2"
    assert (made.Laterality, made.BodyPartExamined, made.InstanceNumber) == ("R", "WRIST", 2)
    assert (made.BurnedInAnnotation, made.ContentDate, made.ContentTime) == (
        "YES", "20250304", "050600")
    assert made.SoftwareVersions == ["osteon 0.1.0", "model 3f2a9c01b7de"]
    assert made.pixel_array.shape == (5, 7, 3)
    assert (made.PatientBirthDate, made.AccessionNumber) == ("", "")  # which the source lacks
    assert is_own(made)


def test_the_same_study_and_model_give_the_same_uids(tmp_path):
    first, again = findings(tmp_path), findings(tmp_path)
    assert first.uid("sc", 1) == again.uid("sc", 1)
    others = [first.uid("sc", 2), first.uid("sr", 1), first.uid("sc"), first.device_uid,
              findings(tmp_path, count=1).uid("sc", 1)]
    assert len({first.uid("sc", 1), *others}) == 6
    assert all(uid.is_valid and len(uid) <= 64 for uid in others)


def test_a_report_says_the_verdict_with_its_evidence(tmp_path):
    made = reread(report(findings(tmp_path, left_out=["its modality is OT"], mark="LEAKY: shared")))
    texts = said_in(made)
    for text in ("For research. Not a medical device.", "LEAKY: shared",
                 "darker than the reference", "abnormal", "0.875", "0.125", "0.46",
                 "an image of this study was left out: its modality is OT"):
        assert text in texts, text
    [evidence] = made.CurrentRequestedProcedureEvidenceSequence
    [series] = evidence.ReferencedSeriesSequence
    assert [item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence] == [
        "1.2.3.4.1", "1.2.3.4.2"]
    assert (made.PatientName, made.StudyInstanceUID, made.PreliminaryFlag) == (
        "Öztürk^Jürgen", "1.2.3", "PRELIMINARY")
    assert is_own(made)


@pytest.mark.parametrize(("verdict", "tags", "known"), [
    (TWO, {}, "nothing"),
    (THREE, {}, "nothing"),
    (TWO, {"ImageLaterality": "", "BodyPartExamined": ""}, "empty when actually unknown"),
    # What the source says of its patient is handed on as it is.
    (TWO, {"PatientSex": "male", "PatientName": "not^a^regular^name^at^all^!"}, "</Patient"),
    (TWO, {"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5",
           "LossyImageCompressionMethod": "ISO_10918_1"}, "nothing"),
], ids=["two labels", "three labels", "no body part", "sloppy patient", "lossy source"])
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")  # which is planted
def test_the_checker_of_conformance_finds_no_fault_of_ours(tmp_path, verdict, tags, known):
    found = findings(tmp_path, verdict, **tags)
    for kind, answer in {"SCImage": capture(found, 1, np.zeros((5, 7, 3), np.uint8)),
                         "ComprehensiveSR": report(found)}.items():
        answer.save_as(tmp_path / f"{kind}.dcm", enforce_file_format=True)
        assert [fault for fault in faults(tmp_path / f"{kind}.dcm", kind)
                if known not in fault] == []


def test_views_are_put_in_order_and_patients_counted(tmp_path):
    found = sources(tmp_path)
    assert sorted([found[1], found[0]], key=lambda source: source.order) == list(found)
    assert patients(found) == 1
    other = tmp_path / "other"
    other.mkdir()
    assert patients([*found, *sources(other, 1, PatientID="P-2")]) == 2


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path):
    [source] = sources(tmp_path, 1)
    assert source.picture(60 * 44).shape == (60, 44)
    with pytest.raises(ImageError, match=r"44 x 60 pixels; at most 2639"):
        source.picture(60 * 44 - 1)
