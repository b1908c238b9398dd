"""What the header of a DICOM file says of its patient and view, read without its picture."""

from dataclasses import dataclass
from pathlib import Path

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.multival import MultiValue
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

# A column and the attributes that may tell it, the first that does.
SOURCES = {
    "meta_sop_instance_uid": ["SOPInstanceUID"],
    "patient_id": ["PatientID"],
    "study_id": ["StudyInstanceUID"],
    "body_part": ["BodyPartExamined"],
    "view": ["ViewPosition"],
    "laterality": ["ImageLaterality", "Laterality"],
    # Each hospital has its machines and its patients: a scanner may stand for a diagnosis.
    "meta_manufacturer": ["Manufacturer"],
    "meta_model": ["ManufacturerModelName"],
}
_ATTRIBUTES = [name for names in SOURCES.values() for name in names]


@dataclass(frozen=True)
class Header:
    """What a DICOM file tells: text by column of `SOURCES`, and whether it is of a picture."""

    words: dict[str, str]
    is_picture: bool


def read(file: Path) -> Header | None:
    """Read a header; none where the file is not DICOM.

    A deflated file is never inflated, as a small one may fill the memory: it tells its instance
    alone. A damaged one tells what can be read.
    """
    words: dict[str, str] = {}
    is_picture = True
    try:
        with config.disable_value_validation():
            meta = read_file_meta_info(file)
            is_picture = _is_picture(meta)
            words["meta_sop_instance_uid"] = _text(meta, "MediaStorageSOPInstanceUID")
            if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
                words |= _words(dcmread(file, stop_before_pixels=True, specific_tags=_ATTRIBUTES))
    except InvalidDicomError:
        return None
    except Exception:  # whatever pydicom stumbles upon in a damaged file, which is still listed
        return Header(words, is_picture)
    return Header(words, is_picture)


def _is_picture(meta: Dataset) -> bool:
    """Tell pictures from the reports and display states that archives hand out with them."""
    kind = UID(_text(meta, "MediaStorageSOPClassUID"))
    return "Image" in kind.name or kind.name == kind  # the latter: a class that pydicom lacks


def _words(dataset: Dataset) -> dict[str, str]:
    return {column: next(filter(None, (_text(dataset, name) for name in names)), "")
            for column, names in SOURCES.items()}


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    values = value if isinstance(value, MultiValue) else [value]
    return "+".join(str(value).strip() for value in values if value)
