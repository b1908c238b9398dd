"""A study's images as they came, and what of them goes where.

The service is given what decoding takes and the body part, so that no patient's name leaves the
node for it. The answers carry what ties them to the patient and the study in the archive.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from osteon import imaging
from osteon.formats import ImageError
from osteon.imaging import Picture

# The modules Patient, General Study and Patient Study, as far as archives match by them.
CARRIED = (
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence",
    "TypeOfPatientID", "OtherPatientIDsSequence", "PatientBirthDate", "PatientBirthTime",
    "PatientSex", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "PatientSpeciesDescription",
    "PatientAge", "PatientSize", "PatientWeight",
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID",
    "AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyDescription")
# They must be there, if only empty.
_REQUIRED = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
             "ReferringPhysicianName", "StudyID", "AccessionNumber")
LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
_READ = (*CARRIED, *LOSSY, "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "Modality",
         "SeriesInstanceUID", "SeriesNumber", "InstanceNumber", "BodyPartExamined", "Rows",
         "Columns", "ImageLaterality", "Laterality")
# What a decoder reads lies in group 0028; that also holds no name.
_PICTURE_GROUPS = (0x0028, 0x7FE0)
_ANONYMOUS = UID("2.25.0")


@dataclass(frozen=True)
class Source:
    """One image as it came, with its header."""

    file: Path
    header: Dataset

    @classmethod
    def read(cls, file: Path) -> "Source":
        """Read the header of an image.

        Raises:
            Exception: whatever pydicom raises over damaged data.
        """
        return cls(file, dcmread(file, stop_before_pixels=True, specific_tags=list(_READ)))

    @property
    def body_part(self) -> str:
        """Name what it shows, as the header says."""
        return str(self.header.get("BodyPartExamined") or "").strip().lower()

    @property
    def laterality(self) -> str:
        """Name the side, as the header says: R, L, B for both, or nothing."""
        return next((str(self.header.get(name)) for name in ("ImageLaterality", "Laterality")
                     if self.header.get(name)), "")

    @cached_property
    def order(self) -> tuple[int, int, str]:
        """Give what sorts the images of a study: series, image within it, then the UID."""
        return (*(int(self.header.get(name) or 0) for name in ("SeriesNumber", "InstanceNumber")),
                str(self.header.SOPInstanceUID))  # type: ignore[return-value]  # two, by the names

    def picture(self, max_pixels: int) -> Picture:
        """Decode it as the pipeline does.

        Raises:
            ImageError: it is no readable radiograph, or too large.
        """
        rows, columns = (int(self.header.get(name) or 0) for name in ("Rows", "Columns"))
        if rows * columns > max_pixels:
            raise ImageError(f"of {columns} x {rows} pixels; at most {max_pixels} are decoded")
        return imaging.decode(self.file.read_bytes()).picture

    def anonymous(self) -> bytes:
        """Write the image with what decoding it takes, and nothing else."""
        whole = dcmread(self.file)
        bare = Dataset()
        bare.update({tag: whole[tag] for tag in whole.keys()  # noqa: SIM118  # pydicom's own
                     if tag.group in _PICTURE_GROUPS})
        bare.SOPClassUID, bare.SOPInstanceUID = whole.SOPClassUID, _ANONYMOUS
        bare.Modality = whole.get("Modality", "")
        bare.file_meta = FileMetaDataset()
        bare.file_meta.TransferSyntaxUID = whole.file_meta.TransferSyntaxUID
        stream = io.BytesIO()
        dcmwrite(stream, bare, enforce_file_format=True)
        return stream.getvalue()


def carried(source: Source) -> Dataset:
    """Give the patient's and the study's attributes, for an answer in Unicode."""
    header = source.header
    given = Dataset()
    given.SpecificCharacterSet = "ISO_IR 192"
    copy(header, given, CARRIED)
    for name in _REQUIRED:
        if name not in given:
            setattr(given, name, None)
    return given


def copy(header: Dataset, made: Dataset, names: Sequence[str]) -> None:
    """Copy attributes by name, where there are any."""
    for name in names:
        if name in header:
            made[name] = header[name]


def patients(sources: Sequence[Source]) -> int:
    """Count the patients that the images name."""
    return len({(str(source.header.get("PatientID") or ""),
                 str(source.header.get("IssuerOfPatientID") or "")) for source in sources})
