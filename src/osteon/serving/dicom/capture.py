"""A Secondary Capture: the drawn verdict on one view, for any viewer."""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from osteon.serving.dicom.answer import Findings, sign
from osteon.serving.dicom.picture import NOTICE, Drawn
from osteon.serving.dicom.source import LOSSY, carried, copy

_SERIES = 9901  # behind whatever a modality numbers


def capture(findings: Findings, number: int, drawn: Drawn) -> Dataset:
    """Make the object that shows view `number` (from 1)."""
    source = findings.sources[number - 1]
    made = carried(source)
    copy(source.header, made, ("BodyPartExamined", *LOSSY))
    sign(made, findings)
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.SOPInstanceUID = findings.uid("sc", number)
    made.SeriesInstanceUID, made.SeriesNumber = findings.uid("sc"), _SERIES
    made.SeriesDescription = "osteon: verdict and heatmap, no medical device"
    # Not that of the radiograph: viewers and other software must not take it for one.
    made.Modality = "OT"
    made.ConversionType = "WSD"
    made.InstanceNumber = number
    made.PatientOrientation = None
    # It is one for a series, and empty where it is not known.
    sides = {view.laterality for view in findings.sources}
    made.Laterality = sides.pop() if len(sides) == 1 else None
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.BurnedInAnnotation = "YES"
    made.ImageComments = NOTICE
    made.DerivationDescription = (f"Verdict {findings.verdict.label!r} and Grad-CAM heatmap, "
                                  f"by {findings.origin}")
    made.SourceImageSequence = [_reference(source.header)]
    _pixels(made, drawn)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [
        coded(codes.DCM.SourceImageForImageProcessingOperation)]
    return item


def coded(code: Code) -> Dataset:
    """Write a coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code[:3]
    return item


def _pixels(made: Dataset, drawn: Drawn) -> None:
    made.Rows, made.Columns = drawn.shape[:2]
    made.SamplesPerPixel, made.PhotometricInterpretation = 3, "RGB"
    made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    content = drawn.tobytes()
    made.PixelData = content + b"\0" * (len(content) % 2)
    made["PixelData"].VR = "OB"
