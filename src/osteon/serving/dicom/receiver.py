"""Takes images from archives and modalities, and keeps them before it says so."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at import

from osteon.codestreams import DECODERS
from osteon.serving.dicom.answer import is_own
from osteon.serving.dicom.log import event, hashed
from osteon.serving.dicom.sender import CLASSES
from osteon.serving.dicom.settings import Settings
from osteon.serving.dicom.spool import Spool
from osteon.serving.discreet import failure

TAKEN = (ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation,
         DigitalXRayImageStorageForProcessing, SecondaryCaptureImageStorage)
_SUCCESS, _NO_ROOM, _NO_MATCH, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000
_LONGEST_PDU = 2**20  # a peer's request to associate has thousands of bytes, not millions
_READ = ["StudyInstanceUID", "SOPInstanceUID", "Manufacturer", "ManufacturerModelName"]


class Receiver:
    """The node as one that is sent to."""

    def __init__(self, settings: Settings, spool: Spool) -> None:
        self._settings, self._spool = settings, spool
        # The library writes what arrives to a file at once, which bounds the memory; a rename
        # then keeps it, so that it has to lie on the disk of the queue.
        _config.STORE_RECV_CHUNKED_DATASET = True
        tempfile.tempdir = str(spool.arriving)
        self._node = AE(ae_title=settings.title)
        self._node.require_called_aet = True
        self._node.require_calling_aet = settings.senders
        self._node.maximum_associations = settings.associations
        self._node.add_supported_context(Verification)
        for kind in TAKEN:
            self._node.add_supported_context(kind, list(DECODERS))
        # An archive that forwards a study whole sends our own report with it, and would stop over
        # one that is not taken.
        self._node.add_supported_context(
            CLASSES["sr"], [ExplicitVRLittleEndian, ImplicitVRLittleEndian])

    def start(self) -> None:
        """Listen, in threads of the library's.

        Raises:
            OSError: the address cannot be had.
        """
        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._bound), (evt.EVT_C_STORE, self._stored),
            (evt.EVT_REJECTED, _refused)]
        self._node.start_server((self._settings.host, self._settings.port), block=False,
                                evt_handlers=handlers)

    def stop(self) -> None:
        """Listen no more; who was sending is cut off, and sends again."""
        self._node.shutdown()

    def _bound(self, opened: Event) -> None:
        """Bound what a peer can make the library read: of one PDU, and of one message."""
        socket = opened.assoc.dul.socket
        assert socket is not None
        most = 2**20 * self._settings.max_image_mb + _LONGEST_PDU
        bounded = _Bounded(socket.recv, most)
        socket.recv = bounded  # type: ignore[assignment]  # the library has no such limit
        opened.assoc.bind(evt.EVT_DIMSE_RECV, bounded.begin)

    def _stored(self, request: Event) -> int:
        """Keep an image; gives the status that the sender is told."""
        try:
            asked = request.request
            assert isinstance(asked, C_STORE)
            return self._keep(request.dataset_path, asked.AffectedSOPInstanceUID)
        except OSError as error:
            event("image not taken", 40, status=_NO_ROOM, **failure(error))
            return _NO_ROOM
        except Exception as error:  # pydicom raises whatever it stumbles upon
            event("image not taken", 40, status=_NOT_UNDERSTOOD, **failure(error))
            return _NOT_UNDERSTOOD

    def _keep(self, file: Path, announced: UID | None) -> int:
        if self._spool.free_mb() < self._settings.least_free_mb:
            event("image not taken", 40, status=_NO_ROOM, reason="the disk is nearly full")
            return _NO_ROOM
        header = dcmread(file, stop_before_pixels=True, specific_tags=list(_READ))
        study, image = header.get("StudyInstanceUID"), header.get("SOPInstanceUID")
        if is_own(header):
            event("answer came back", study=hashed(str(study)))
            return _SUCCESS
        if not study or not image or image != announced or not _is_taken(header):
            event("image not taken", 30, status=_NO_MATCH,
                  reason="no image, its UIDs are missing, or not as announced")
            return _NO_MATCH
        self._spool.put(file, study, image)
        event("image taken", study=hashed(study), image=hashed(image))
        return _SUCCESS


def _is_taken(header: Dataset) -> bool:
    return header.file_meta.MediaStorageSOPClassUID in TAKEN


def _refused(asked: Event) -> None:
    peer = asked.assoc.requestor
    event("association refused", 30, title=str(peer.ae_title), address=peer.address)


class _Bounded:
    """Reads from a socket, but no message larger than so many bytes."""

    def __init__(self, read: Callable[[int], bytearray], most: int) -> None:
        self._read, self._most, self._left = read, most, most

    def __call__(self, count: int) -> bytearray:
        self._left -= count
        if count > _LONGEST_PDU or self._left < 0:
            event("connection cut", 30, reason="a message is larger than --max-image-mb")
            raise OSError("a message is too large")
        return self._read(count)

    def begin(self, _received: Event) -> None:
        """Count anew: a message has come whole."""
        self._left = self._most
