"""What a DICOM header declares decides how its values look, by values worked out by hand."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import MPEG2MPML, DeflatedExplicitVRLittleEndian, RLELossless

from dicoms import dataset, dicom_file, wrapped, written
from osteon.imaging import ImageError, decode

GREY = np.arange(96, dtype=np.uint8).reshape(8, 12)
DEEP = GREY.astype(np.uint16) * 40
RAMP = np.arange(0, 20_001, 100, dtype=np.uint16).reshape(3, 67)
WINDOW = {"WindowCenter": 1000, "WindowWidth": 201}


def _shown(stored, bits=12, kind=np.uint16, **tags):
    """Decode stored values and give the grey ones."""
    content = dicom_file(np.array([stored], kind), bits, **tags)
    return decode(content).picture[0].tolist()


def _table(data, first=0, bits=16, kind="OW"):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(data), first, bits])
    item.add_new("LUTData", kind, np.array(data, "<u2").tobytes() if kind == "OW" else data)
    return [item]


def _refusal(content):
    with pytest.raises(ImageError) as caught:
        decode(content)
    return caught.value.reason, str(caught.value)


@pytest.mark.parametrize(("stored", "tags", "expected"), [
    # LINEAR, PS3.3 C.11.2.1.2.1: ((x - (c - .5)) / (w - 1) + .5) * 255, here from 899.5 to 1099.5.
    pytest.param([0, 899, 950, 1000, 1099, 1100, 4095], WINDOW, [0, 0, 64, 128, 254, 255, 255],
                 id="linear"),
    pytest.param([0, 1024, 2048, 3071, 4095], {"WindowCenter": 2048, "WindowWidth": 4096},
                 [0, 64, 128, 191, 255], id="linear, over all of 12 bits"),
    pytest.param([999, 1000], {"WindowCenter": 1000, "WindowWidth": 1}, [0, 255], id="a step"),
    # LINEAR_EXACT: ((x - c) / w + .5) * 255, here from 900 to 1100.
    pytest.param([900, 950, 1050, 1100], {**WINDOW, "WindowWidth": 200,
                                          "VOILUTFunction": "LINEAR_EXACT"},
                 [0, 64, 191, 255], id="linear, exact"),
    # SIGMOID: 255 / (1 + exp(-4 (x - c) / w)); of -1 and 1 it is 68.6 and 186.4.
    pytest.param([0, 950, 1050, 4095], {**WINDOW, "WindowWidth": 200, "VOILUTFunction": "SIGMOID"},
                 [0, 69, 186, 255], id="sigmoid"),
    pytest.param([0, 950, 1000, 4095], {"WindowCenter": [1000, 300], "WindowWidth": [201, 9]},
                 [0, 64, 128, 255], id="the first of two windows"),
    pytest.param([0, 950, 1000, 4095], {**WINDOW, "colour": "MONOCHROME1"}, [255, 191, 127, 0],
                 id="bright is small"),
    # 100 + 2 x: -450 gives -800, (-899.5 / 2000 + .5) * 255 = 12.8; 0 gives 100; 400 gives 900.
    pytest.param([-1000, -450, 0, 400, 1000], {
        "kind": np.int16, "RescaleSlope": 2, "RescaleIntercept": 100, "WindowCenter": 100,
        "WindowWidth": 2001}, [0, 13, 128, 230, 255], id="signed, rescaled, then windowed"),
    pytest.param([1, 90, 200, 4095], {"WindowCenter": 2048, "WindowWidth": 4096}, [0, 6, 12, 255],
                 id="a dark picture stays dark"),
    pytest.param([0, 128, 255], {"WindowCenter": 2048, "WindowWidth": 4096}, [0, 8, 16],
                 id="small values with a window are dark, not 8-bit data"),
])
def test_a_declared_window_maps_as_the_standard_says(stored, tags, expected):
    assert _shown(stored, **tags) == expected


SQUARES = [round(value ** 2 / 4095) for value in range(4096)]


@pytest.mark.parametrize(("stored", "tags", "expected"), [
    pytest.param([0, 2048, 4095], {"VOILUTSequence": _table(SQUARES, bits=12)}, [0, 64, 255],
                 id="12 bits"),
    pytest.param([0, 2048, 4095], {"VOILUTSequence": _table([16 * value for value in SQUARES])},
                 [0, 64, 255], id="16 bits"),
    pytest.param([0, 1, 3], {"VOILUTSequence": _table([0, 100, 200, 1023], bits=10, kind="US")},
                 [0, 25, 255], id="10 bits, as numbers"),
    pytest.param([0, 2048, 4095], {"VOILUTSequence": _table(
        [value // 16 for value in SQUARES], bits=8)}, [0, 64, 255], id="8 bits"),
    pytest.param([999, 1000, 1001, 1002, 1003], {"VOILUTSequence": _table([0, 100, 255], 1000, 8)},
                 [0, 0, 100, 255, 255], id="values beyond the table take its ends"),
    pytest.param([0, 2048, 4095], {"VOILUTSequence": _table(SQUARES, bits=12), **WINDOW},
                 [0, 64, 255], id="before a window"),
    # The table gives 0, 1024 and 4095; the window halves: (1024 - 2047.5) / 4095 + .5 = .25.
    pytest.param([0, 2048, 4095], {"ModalityLUTSequence": _table(SQUARES, bits=12),
                                   "WindowCenter": 2048, "WindowWidth": 4096}, [0, 64, 255],
                 id="of the modality, then windowed"),
])
def test_look_up_tables_are_followed(stored, tags, expected):
    assert _shown(stored, **tags) == expected


# Between the percentiles 100 and 19900, as of the same values in a PNG.
MAPPED = {0: 0, 1: 0, 50: 63, 150: 192, 199: 255, 200: 255}


@pytest.mark.parametrize(("values", "tags"), [
    pytest.param(RAMP, {}, id="no window"),
    pytest.param(RAMP, {"WindowCenter": None, "WindowWidth": None}, id="an empty window"),
    pytest.param(RAMP, {"WindowCenter": 1000, "WindowWidth": 0}, id="a window of no width"),
    pytest.param(RAMP, {"RescaleSlope": 3, "RescaleIntercept": -7}, id="rescaled"),
    pytest.param(20_000 - RAMP, {"RescaleSlope": -1, "RescaleIntercept": 0}, id="rescaled down"),
    pytest.param((RAMP - 10_000.0).astype(np.int16), {}, id="signed"),
    pytest.param(np.vstack([RAMP, np.full((9, 67), 65_535, np.uint16)]),
                 {"PixelPaddingValue": 65_535}, id="padded"),
    pytest.param(np.vstack([RAMP, np.full((9, 67), 60_123, np.uint16)]),
                 {"PixelPaddingValue": 65_535, "PixelPaddingRangeLimit": 60_000},
                 id="padded by a range"),
])
def test_without_a_window_percentiles_decide(values, tags):
    found = decode(dicom_file(values, 16, **tags))
    shown = found.picture.ravel()
    assert {place: shown[place] for place in MAPPED} == MAPPED
    assert found.bit_depth == 16


def test_the_depth_is_that_of_the_stored_bits():
    assert decode(dicom_file(RAMP // 5, 12)).bit_depth == 12
    assert decode(dicom_file(GREY)).bit_depth == 8


@pytest.mark.parametrize("name", ["CR1/6154", "CR2/6247", "CR3/6278"])
def test_a_file_of_a_real_machine_is_shown_as_it_declares(name):
    # Optical density, bright is small: .684 x + 200, then a window of 2800 around 1600.
    file = get_testdata_file(f"dicomdirtests/77654033/{name}")
    share = (0.684 * dcmread(file).pixel_array + 200 - 1599.5) / 2799 + 0.5
    found = decode(Path(file).read_bytes())
    assert found.bit_depth == 12
    assert np.array_equal(found.picture, 255 - np.rint(share.clip(0, 1) * 255))


@pytest.mark.parametrize(("content", "words"), [
    pytest.param(dicom_file(GREY, Modality="CT"),
                 "its modality is CT; only radiographs, CR and DX, are read", id="CT"),
    pytest.param(dicom_file(GREY, Modality="MR"),
                 "its modality is MR; only radiographs, CR and DX, are read", id="MR"),
    pytest.param(dicom_file(GREY, Modality=""), "its header names no modality, not CR or DX",
                 id="no modality"),
    pytest.param(dicom_file(GREY, NumberOfFrames=3, PixelData=GREY.tobytes() * 3),
                 "holds 3 frames, but a radiograph is one; save the one that is meant by itself",
                 id="several frames"),
    pytest.param(dicom_file(GREY, colour="PALETTE COLOR"),
                 "stored as PALETTE COLOR of 1 x 8 bits, which is not read", id="palette"),
    pytest.param(dicom_file(GREY.astype(np.uint32)),
                 "stored as MONOCHROME2 of 1 x 32 bits, which is not read", id="32 bits"),
])
def test_what_is_no_radiograph_is_refused_by_name(content, words):
    reason, detail = _refusal(content)
    assert reason == "unreadable"
    assert detail.startswith(words)


def _element(keyword, kind, value):
    """Write one element anew, whatever it may hold by the standard."""
    data = dataset(DEEP, 12)
    if keyword in data:
        del data[keyword]
    data.add_new(keyword, kind, value)
    return written(data)


NESTED = struct.pack("<HH2sHI", 0x0009, 0x1010, b"SQ", 0, 2**32 - 1) + struct.pack(
    "<HHI", 0xFFFE, 0xE000, 2**32 - 1)
WHOLE = dicom_file(DEEP, 12)
PIXELS = WHOLE.index(struct.pack("<HH", 0x0028, 0x0002))


@pytest.mark.parametrize(("content", "said"), [
    pytest.param(dicom_file(GREY, BitsStored=None), "BitsStored (0028,0101) is missing",
                 id="empty"),
    pytest.param(_element("BitsStored", "US", 0), "BitsStored (0028,0101) is 0, none of 1 to 16",
                 id="no bits"),
    pytest.param(_element("BitsStored", "US", 255),
                 "BitsStored (0028,0101) is 255, none of 1 to 16", id="more bits than there are"),
    pytest.param(_element("PixelRepresentation", "US", 9),
                 "PixelRepresentation (0028,0103) is 9, none of 0 to 1", id="no sign"),
    pytest.param(_element("Rows", "LO", "Jane Doe"), "Rows (0028,0010) is no number",
                 id="text for a number"),
    pytest.param(_element("Rows", "US", [60, 44]), "Rows (0028,0010) is no number",
                 id="two numbers for one"),
    pytest.param(_element("PhotometricInterpretation", "US", 7),
                 "PhotometricInterpretation (0028,0004) is no text", id="a number for text"),
    pytest.param(dicom_file(DEEP, 12, PhotometricInterpretation=""),
                 "PhotometricInterpretation (0028,0004) is missing", id="no way of storing"),
    pytest.param(_element("WindowCenter", "LO", "Jane Doe"),
                 "WindowCenter (0028,1050) is no number", id="a window in words"),
    pytest.param(dicom_file(DEEP, 12, NumberOfFrames="1234567").replace(b"1234567 ", b"Jane Doe"),
                 "NumberOfFrames (0028,0008) is no number", id="a count in words"),
    pytest.param(dicom_file(DEEP, 12, WindowCenter="1234567", WindowWidth="9").replace(
        b"1234567 ", b"Jane Doe"), "WindowCenter (0028,1050) is no number", id="no decimal"),
    pytest.param(dicom_file(DEEP, 12, VOILUTSequence=[Dataset()]),
                 "VOILUTSequence (0028,3010) cannot be read", id="an empty table"),
    pytest.param(dicom_file(DEEP, 12, ModalityLUTSequence=[Dataset()]),
                 "ModalityLUTSequence (0028,3000) cannot be read", id="an empty modality table"),
    pytest.param(wrapped(DEEP, RLELossless, bytes(64), 12), "PixelData (7FE0,0010) cannot be read",
                 id="nothing compressed"),
])
def test_damage_is_said_in_our_words_and_by_its_tag(content, said):
    assert _refusal(content) == ("unreadable", f"damaged DICOM data: {said}")


@pytest.mark.parametrize("content", [
    pytest.param(WHOLE[:PIXELS] + NESTED * 3_000 + WHOLE[PIXELS:], id="nested without end"),
    pytest.param(WHOLE.replace(b"UI\x14\x001.2.840.10008.1.2.1", b"US\x14\x001.2.840.10008.1.2.1"),
                 id="a syntax in numbers"),
])
def test_other_damage_is_said_in_one_sentence(content):
    assert content != WHOLE
    assert _refusal(content) == (
        "unreadable", "a damaged DICOM file, or of a kind that is not read")


FILM = wrapped(GREY, MPEG2MPML, b"\0\0")


@pytest.mark.parametrize(("content", "name"), [
    pytest.param(FILM, "MPEG2 Main Profile / Main Level", id="a film"),
    pytest.param(FILM.replace(b"1.2.840.10008.1.2.4.100", b"1.2.840.10008.1.2.4.999"),
                 "1.2.840.10008.1.2.4.999", id="none that is known"),
])
def test_a_way_of_storing_that_is_not_read_is_named(content, name):
    assert _refusal(content) == ("unreadable", f"stored as {name}, which is not read; "
                                 "export it as Explicit VR Little Endian")


def test_a_deflated_file_is_refused_before_it_is_inflated():
    data = dataset(np.zeros((4000, 4000), np.uint8))
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    content = written(data)
    assert len(content) < 20_000
    tracemalloc.start()
    reason, detail = _refusal(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reason == "unreadable"
    assert detail.startswith("stored as Deflated Explicit VR Little Endian, which is not read")
    assert peak < 1_000_000
