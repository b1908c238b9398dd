"""What the node takes, and by which status or silence it refuses the rest."""

import logging
import socket
import tempfile

import pytest
from pydicom import dcmread
from pydicom.uid import ComprehensiveSRStorage, RLELossless
from pynetdicom import AE, _config

from archive import free_port, send
from dicoms import compressed, dicom_file, drawn
from osteon.serving.dicom.receiver import Receiver
from osteon.serving.dicom.settings import Settings
from osteon.serving.dicom.spool import Spool, images

STUDY = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4", "SOPInstanceUID": "1.2.3.4.5",
         "PatientID": "P-1"}


@pytest.fixture(scope="module")
def library():
    """Keep what the node sets for the whole process to this file."""
    before = tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET
    yield
    tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET = before


@pytest.fixture
def listening(library, tmp_path):
    started, spools = [], []

    def start(**settings):
        read = Settings(target="ARCHIVE@127.0.0.1:104", spool=tmp_path / "spool", port=free_port(),
                        **{"least_free_mb": 1, "accept": "CR1", **settings})
        spools.append(Spool(read.spool))
        started.append(Receiver(read, spools[-1]))
        started[-1].start()
        return read.port, spools[-1]
    yield start
    for receiver, spool in zip(started, spools, strict=True):
        receiver.stop()
        spool.close()


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "sent.dcm"
        path.write_bytes(content)
        return path
    return write


def received(spool):
    return [image for study in spool.receiving.iterdir() for image in images(study)]


@pytest.mark.parametrize("content", [
    dicom_file(drawn(), **STUDY), compressed(drawn(), RLELossless, **STUDY)], ids=["plain", "RLE"])
def test_an_image_is_kept_as_it_came(listening, file, content):
    port, spool = listening()
    sent = file(content)
    assert send(port, [sent], title="CR1") == [0]
    [kept] = received(spool)
    assert dcmread(kept).PixelData == dcmread(sent).PixelData
    assert dcmread(kept).file_meta.TransferSyntaxUID == dcmread(sent).file_meta.TransferSyntaxUID
    assert list(spool.arriving.iterdir()) == []


@pytest.mark.parametrize(("tags", "settings", "status"), [
    ({"StudyInstanceUID": ""}, {}, 0xA900),
    ({"SOPClassUID": ComprehensiveSRStorage}, {}, 0xA900),
    ({}, {"least_free_mb": 10**9}, 0xA700),
    ({"Manufacturer": "osteon", "ManufacturerModelName": "osteon.serving.dicom"}, {}, 0),
], ids=["no study", "another's report", "no room", "an answer of ours"])
def test_what_is_not_kept_is_said(listening, file, tags, settings, status):
    port, spool = listening(**settings)
    assert send(port, [file(dicom_file(drawn(), **{**STUDY, **tags}))], title="CR1") == [status]
    assert received(spool) == []
    assert list(spool.arriving.iterdir()) == []


@pytest.mark.parametrize(("title", "called"), [("CR2", "OSTEON"), ("CR1", "OTHER")])
def test_strangers_are_turned_away(listening, file, title, called):
    port, spool = listening()
    assert send(port, [file(dicom_file(drawn(), **STUDY))], title=title, called=called) == []
    assert received(spool) == []


def test_more_senders_than_allowed_are_turned_away(listening):
    port, _ = listening(associations=1)
    caller = AE("CR1")
    caller.add_requested_context("1.2.840.10008.1.1")
    first = caller.associate("127.0.0.1", port, ae_title="OSTEON")
    second = caller.associate("127.0.0.1", port, ae_title="OSTEON")
    assert (first.is_established, second.is_established) == (True, False)
    assert first.send_c_echo().Status == 0
    first.release()


def test_an_image_that_is_too_large_ends_the_connection(listening, file):
    port, spool = listening(max_image_mb=1)
    assert send(port, [file(dicom_file(drawn(1600, 1600), **STUDY))], title="CR1") == [None]
    assert received(spool) == []
    small = file(dicom_file(drawn(900, 900), **STUDY))
    assert send(port, [small] * 4, title="CR1") == [0, 0, 0, 0]  # each for itself is not


@pytest.mark.parametrize("claimed", [2**20 + 1, 2**32 - 1])
def test_a_claim_of_gigabytes_is_not_believed(listening, claimed, caplog):
    port, _ = listening()
    with (caplog.at_level(logging.WARNING, "osteon.dicom"),
          socket.create_connection(("127.0.0.1", port), 5) as peer):
        peer.sendall(b"\x01\x00" + claimed.to_bytes(4, "big") + b"\0" * 100)
        assert peer.recv(1) == b""  # closed by the other side, which waits for no more
    assert "connection cut" in caplog.text
