"""Sends objects to another node, and checks that it is there."""

from pathlib import Path

from pydicom import dcmread
from pydicom.uid import (
    ComprehensiveSRStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # made at import

from osteon.serving.dicom.client import BrokenError, DownError
from osteon.serving.dicom.settings import Node

CLASSES = {"sc": SecondaryCaptureImageStorage, "sr": ComprehensiveSRStorage}
_SUCCESS, _KEPT_WITH_CHANGES = 0x0000, 0xB000
_KIND, _NO_ROOM = 0xFF00, 0xA700


class Sender:
    """This node as one that sends to a target."""

    def __init__(self, title: str, target: Node, reply_s: float) -> None:
        self._target = target
        self._node = AE(ae_title=title)
        self._node.acse_timeout = self._node.dimse_timeout = reply_s
        self._node.network_timeout = self._node.connection_timeout = reply_s
        for kind in (Verification, *CLASSES.values()):
            self._node.add_requested_context(kind, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])

    def echo(self) -> None:
        """Ask the target whether it answers.

        Raises:
            DownError: it does not.
        """
        with _Associated(self._node, self._target) as link:
            if link.send_c_echo().get("Status") != _SUCCESS:
                raise DownError(f"{self._who} does not answer an echo")

    def send(self, files: list[Path]) -> None:
        """Send files one by one, and delete each once it is stored.

        Raises:
            DownError: the target is not there, or takes nothing at this time.
            BrokenError: it will not have one of them.
        """
        with _Associated(self._node, self._target) as link:
            accepted = {context.abstract_syntax for context in link.accepted_contexts}
            for file in files:
                made = dcmread(file)
                if made.SOPClassUID not in accepted:
                    raise DownError(f"{self._who} takes no {made.SOPClassUID.name}; let it, or "
                                    "leave that out of --answers")
                self._require_kept(link.send_c_store(made).get("Status"), made.SOPClassUID.name)
                file.unlink()

    def _require_kept(self, status: int | None, what: str) -> None:
        if status is None:
            raise DownError(f"{self._who} broke off over a {what}")
        if status & _KIND == _NO_ROOM:
            raise DownError(f"{self._who} has no room: status 0x{status:04X}")
        if status != _SUCCESS and status & 0xF000 != _KEPT_WITH_CHANGES:
            raise BrokenError(f"{self._who} refuses the {what}: status 0x{status:04X}")

    @property
    def _who(self) -> str:
        return f"the target {self._target.title}"


class _Associated:
    """An association for as long as the block lasts."""

    def __init__(self, node: AE, target: Node) -> None:
        self._node, self._target = node, target

    def __enter__(self) -> Association:
        self._link = self._node.associate(self._target.host, self._target.port,
                                          ae_title=self._target.title)
        if self._link.is_established:
            return self._link
        how = ("refuses this node's AE title, or does not have that name itself"
               if self._link.is_rejected else "cannot be reached")
        raise DownError(f"the target {self._target.title} at {self._target.host}:"
                        f"{self._target.port} {how}")

    def __exit__(self, *_: object) -> None:
        if self._link.is_established:
            self._link.release()
