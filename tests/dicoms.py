"""Draws a small radiograph, and writes it as DICOM in every compression that is read."""

import io
import tempfile
from pathlib import Path

import cv2
import gdcm
import numpy as np
from openjpeg.utils import encode_array
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

_BY_GDCM = {JPEGExtended12Bit: gdcm.TransferSyntax.JPEGExtendedProcess2_4,
            JPEGLossless: gdcm.TransferSyntax.JPEGLosslessProcess14,
            JPEGLosslessSV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1}


def drawn(height=60, width=44):
    """Draw a smooth 8-bit picture from black to white, the same at every call."""
    y, x = np.mgrid[:height, :width]
    waves = np.sin(x / 7) + np.cos(y / 9) + x * y / (height * width)
    waves -= waves.min()
    return np.rint(waves * (255 / waves.max())).astype(np.uint8)


def dataset(values, bits=None, colour="MONOCHROME2", **tags):
    """Describe stored values, (rows, columns) or (rows, columns, 3), as a DX image."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3"
    data.Modality = "DX"
    data.Rows, data.Columns = values.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 3 if values.ndim == 3 else 1, colour
    if values.ndim == 3:
        data.PlanarConfiguration = 0
    data.BitsAllocated = 8 * values.dtype.itemsize
    data.BitsStored = bits or data.BitsAllocated
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    data.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    return data


def written(data):
    """Write a data set to bytes."""
    stream = io.BytesIO()
    dcmwrite(stream, data, enforce_file_format=True)
    return stream.getvalue()


def dicom_file(values, bits=None, colour="MONOCHROME2", **tags):
    """Write stored values, uncompressed."""
    return written(dataset(values, bits, colour, **tags))


def compressed(values, syntax, bits=None, **tags):
    """Write stored values, compressed without loss where the syntax can."""
    return wrapped(values, syntax, codestream(values, syntax, bits), bits, **tags)


def wrapped(values, syntax, stream, bits=None, **tags):
    """Write a codestream that is given, as if it held `values`."""
    data = dataset(values, bits, **tags)
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate([stream])
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return written(data)


def codestream(values, syntax, bits=None):
    """Compress stored values."""
    if syntax in _BY_GDCM:
        return _by_gdcm(values, bits, _BY_GDCM[syntax])
    if syntax == JPEGBaseline8Bit:
        return cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    if syntax == JPEG2000Lossless:
        return encode_array(values, bits_stored=bits)
    data = dataset(values, bits)
    plugin = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls", JPEGLSNearLossless: "pyjpegls"}
    data.compress(syntax, encoding_plugin=plugin[syntax], generate_instance_uid=False,
                  **({"jls_error": 2} if syntax == JPEGLSNearLossless else {}))
    return get_frame(data.PixelData, 0, number_of_frames=1)


def _by_gdcm(values, bits, syntax):
    assert values.nbytes % 2 == 0, "GDCM refuses the byte that fills up an odd number"
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain.dcm"), Path(folder, "packed.dcm")
        plain.write_bytes(dicom_file(values, bits))
        reader, change, writer = (gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(),
                                  gdcm.ImageWriter())
        reader.SetFileName(str(plain))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(packed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return get_frame(dcmread(packed).PixelData, 0, number_of_frames=1)
