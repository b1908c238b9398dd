"""DICOM headers and a table of labels become rows; no header can harm, none is lost."""

import logging
import tracemalloc
import zlib

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)

from osteon.errors import UserError
from osteon.layouts import dicom_tree, header, listing
from osteon.records import LISTING
from tables import DATASET

WORDS = {"PatientID": "007", "StudyInstanceUID": "1.2.1", "BodyPartExamined": "HAND ",
         "ViewPosition": "AP", "ImageLaterality": "L", "Manufacturer": "Acme",
         "ManufacturerModelName": "X1"}
TOLD = ["Acme", "X1"]


def _dicom(file, instance="1.2.9", syntax=ExplicitVRLittleEndian,
           kind=DigitalXRayImageStorageForPresentation, **words):
    """Write a DICOM file; `words` besides those every file has, None to leave one out."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = kind
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = instance
    for name, value in {**WORDS, **words}.items():
        if value is not None:
            setattr(data, name, value)
    data.PixelData = b"\0" * 64
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = syntax.is_compressed and not syntax.is_deflated
    file.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(file, enforce_file_format=True)


def _dataset(root, manifest="labels.csv"):
    return DATASET.model_copy(update={"layout": "dicom", "root": str(root), "manifest": manifest})


def _listing(root, table):
    (root / "labels.csv").write_text(table)
    return dicom_tree.listing(root, _dataset(root))


@pytest.fixture
def root(tmp_path):
    """Three images of two patients, one without a suffix."""
    _dicom(tmp_path / "a/1.dcm", "1.2.9.1")
    _dicom(tmp_path / "a/1.2.9.2", "1.2.9.2", ViewPosition="LL", ImageLaterality=None,
           Laterality="R")
    _dicom(tmp_path / "b/3.dcm", "1.2.9.3", PatientID="8", StudyInstanceUID="1.2.2",
           BodyPartExamined=None, ViewPosition=None, ImageLaterality=None, Manufacturer=None,
           ManufacturerModelName=None)
    return tmp_path


@pytest.mark.parametrize(("table", "labels"), [
    pytest.param("path,label\na/1.2.9.2,fine\na/1.dcm,broken\nb/3.dcm,fine\n",
                 ["fine", "broken", "fine"], id="path"),
    pytest.param("sop_instance_uid,label\n1.2.9.3,fine\n1.2.9.1,broken\n1.2.9.2,fine\n",
                 ["fine", "broken", "fine"], id="instance"),
    pytest.param("study_id,label\n1.2.1,broken\n1.2.2,fine\n", ["broken", "broken", "fine"],
                 id="study"),
    pytest.param("label,patient_id\nbroken,007\nfine,8\n", ["broken", "broken", "fine"],
                 id="patient"),
    pytest.param("study_id,sop_instance_uid,label\n1.2.1,1.2.9.1,broken\n1.2.1,1.2.9.2,fine\n"
                 "1.2.2,1.2.9.3,fine\n", ["fine", "broken", "fine"], id="the finest of several"),
])
def test_the_table_labels_and_the_header_tells_the_rest(root, table, labels):
    found = _listing(root, table)
    assert list(found.columns) == [*LISTING, "meta_manufacturer", "meta_model"]
    assert found.to_numpy().tolist() == [
        ["a/1.2.9.2", labels[0], "007", "1.2.1", "hand", "LL", "R", "", *TOLD],
        ["a/1.dcm", labels[1], "007", "1.2.1", "hand", "AP", "L", "", *TOLD],
        ["b/3.dcm", labels[2], "8", "1.2.2", "unknown", "", "", "", "", ""]]


def test_what_the_table_says_goes_before_the_header_and_a_patients_change_is_counted(
        root, caplog):
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = _listing(root, "path,label,patient_id,body_part,split,age\n"
                               "a/1.dcm,fine,one,Wrist,train,61\nb/3.dcm,fine,,,test,\n")
    assert found[["patient_id", "body_part", "official_split", "meta_age"]].to_numpy().tolist() \
        == [["one", "wrist", "train", "61"], ["8", "unknown", "test", ""]]
    assert "1 files name another patient in their header" in caplog.text
    assert dicom_tree.patients_are(_dataset(root)) == (
        "the column patient_id of labels.csv, where empty PatientID of the DICOM header")


def test_many_headers_are_read_by_several_processes(root, monkeypatch):
    monkeypatch.setattr(dicom_tree, "_FEW", 0)
    found = _listing(root, "patient_id,label\n007,fine\n8,broken\n")
    assert list(found["label"]) == ["fine", "fine", "broken"]


def test_files_and_rows_without_a_partner_are_counted(root, caplog):
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = _listing(root, "study_id,label\n1.2.2,fine\n1.2.77,broken\n")
    assert list(found["path"]) == ["b/3.dcm"]
    assert "2 files below" in caplog.text
    assert "have no row in" in caplog.text
    assert "1 rows of" in caplog.text
    assert "such as 1.2.77" in caplog.text


def test_what_is_no_picture_is_left_out_and_counted(root, caplog):
    _dicom(root / "a/report", kind=BasicTextSRStorage)
    (root / "a/overview.png").write_bytes(b"x")
    (root / "DICOMDIR").write_bytes(b"x")
    (root / "notes.txt").write_bytes(b"x")
    with caplog.at_level(logging.INFO, logger="osteon"):
        found = _listing(root, "patient_id,label\n007,fine\n8,broken\n")
    assert len(found) == 3
    assert "2 files below" in caplog.text
    assert "hold no DICOM picture and are left out, such as a/overview.png" in caplog.text


def _cut(file):
    _dicom(file)
    file.write_bytes(file.read_bytes()[:150])


STRANGE = [pytest.param(lambda file: file.write_bytes(b"no DICOM"), id="not DICOM"),
           pytest.param(_cut, id="cut short"),
           pytest.param(lambda file: _dicom(file, syntax=DeflatedExplicitVRLittleEndian),
                        id="deflated"),
           pytest.param(lambda file: file.write_bytes(b""), id="empty")]


@pytest.mark.parametrize("write", STRANGE)
def test_a_file_without_a_header_keeps_what_a_table_of_paths_says(root, write):
    write(root / "a/odd.dcm")
    found = _listing(root, "path,label,patient_id\na/odd.dcm,fine,p1\n")
    assert found.loc[0, [*LISTING[:5], "view"]].tolist() == [
        "a/odd.dcm", "fine", "p1", "a/odd.dcm", "unknown", ""]


@pytest.mark.parametrize("write", STRANGE)
def test_a_file_without_a_header_is_listed_without_a_label_by_other_tables(root, write):
    write(root / "a/odd.dcm")
    found = _listing(root, "study_id,label\n1.2.1,fine\n1.2.2,fine\n")
    assert found.loc[2, LISTING[:5]].tolist() == ["a/odd.dcm", "", "", "a/odd.dcm", "unknown"]


def test_a_file_without_a_label_is_not_of_another_class(root):
    (root / "a/odd.dcm").write_bytes(b"no DICOM")
    (root / "labels.csv").write_text("study_id,label\n1.2.1,fine\n1.2.2,other\n")
    settings = _dataset(root).model_copy(update={"labels": ("fine", "broken"),
                                                 "other_labels": "drop"})
    assert listing(root, settings)[["path", "label"]].to_numpy().tolist() == [
        ["a/1.2.9.2", "fine"], ["a/1.dcm", "fine"], ["a/odd.dcm", ""]]


def test_a_deflated_file_is_labelled_by_its_instance(root):
    _dicom(root / "b/4.dcm", "1.2.9.4", DeflatedExplicitVRLittleEndian)
    found = _listing(root, "sop_instance_uid,label\n1.2.9.4,broken\n")
    assert found.loc[0, ["path", "label", "patient_id"]].tolist() == ["b/4.dcm", "broken", ""]


def test_a_deflated_file_is_never_inflated(tmp_path):
    file = tmp_path / "bomb.dcm"
    _dicom(file, "1.2.9.4", DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    file.write_bytes(file.read_bytes()[:400] + packer.compress(bytes(30_000_000)) + packer.flush())
    tracemalloc.start()
    assert header.read(file).words == {"meta_sop_instance_uid": "1.2.9.4"}
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, JPEGLSLossless],
                         ids=lambda syntax: syntax.name)
def test_a_header_is_read_in_every_encoding(tmp_path, syntax):
    file = tmp_path / "1.dcm"
    if syntax == JPEGLSLossless:
        _dicom(file)
        file.write_bytes(file.read_bytes().replace(b"1.2.840.10008.1.2.1\0",
                                                   b"1.2.840.10008.1.2.4.80\0"[:20]))
    else:
        _dicom(file, syntax=syntax)
    assert header.read(file).words["patient_id"] == "007"


@pytest.mark.parametrize(("words", "column", "text"), [
    pytest.param({"ViewPosition": ["AP", "LL"]}, "view", "AP+LL", id="two values"),
    pytest.param({"PatientID": None}, "patient_id", "", id="absent"),
    pytest.param({"PatientID": ""}, "patient_id", "", id="empty"),
    pytest.param({"SpecificCharacterSet": "ISO_IR 100", "PatientID": "Grün"}, "patient_id",
                 "Grün", id="another character set"),
])
def test_a_value_becomes_text(tmp_path, words, column, text):
    _dicom(tmp_path / "1.dcm", **words)
    assert header.read(tmp_path / "1.dcm").words[column] == text


def test_an_image_without_a_patient_stays_without(root):
    _dicom(root / "c.dcm", "1.2.9.4", PatientID="")
    found = _listing(root, "sop_instance_uid,label\n1.2.9.4,fine\n")
    assert found.loc[0, "patient_id"] == ""


@pytest.mark.parametrize(("table", "words"), [
    pytest.param("study_id,class\n1.2.1,fine\n", "column label missing; it has study_id, class",
                 id="no label"),
    pytest.param("file,label\na/1.dcm,fine\n", "one of the columns path, sop_instance_uid, "
                 "study_id, patient_id is needed; it has file, label", id="no key"),
    pytest.param("study_id,label\n1.2.1,fine\n,fine\n", "no study_id: row 3; fill it in",
                 id="an empty key"),
    pytest.param("study_id,label\n1.2.1,fine\n1.2.2,fine\n1.2.1,broken\n",
                 "rows that differ for one study_id: row 2 (1.2.1), row 4 (1.2.1); keep one of",
                 id="one study, two labels"),
    pytest.param("study_id,label\n1.2.55,fine\n", "its column study_id names none of the 3 DICOM "
                 "files below {root}; the first has '1.2.1'", id="nothing matches"),
    pytest.param("path,label\na/9.dcm,fine\n", "no such file below {root}: row 2 (a/9.dcm)",
                 id="no such file"),
])
def test_a_mistake_in_the_table_is_named(root, table, words):
    with pytest.raises(UserError) as refused:
        _listing(root, table)
    assert words.format(root=root) in str(refused.value)
    assert str(refused.value).startswith(f"{root / 'labels.csv'}: ")


def test_a_tree_without_dicom_has_no_rows(tmp_path):
    assert _listing(tmp_path, "study_id,label\n1.2.1,fine\n").empty


def test_patients_are_those_of_the_headers(root):
    (root / "labels.csv").write_text("patient_id,label\n007,fine\n")
    assert dicom_tree.patients_are(_dataset(root)) == "PatientID of the DICOM header"
