"""The node in one story: listen, and answer what waits until told to stop."""

import logging
import threading

from pydantic import SecretStr

from osteon.errors import UserError
from osteon.serving.dicom.client import Client, DownError
from osteon.serving.dicom.log import event
from osteon.serving.dicom.receiver import Receiver
from osteon.serving.dicom.sender import Sender
from osteon.serving.dicom.settings import Settings
from osteon.serving.dicom.spool import Spool
from osteon.serving.dicom.worker import Worker
from osteon.serving.discreet import failure

_TURN_S = 0.5


def serve(settings: Settings, key: SecretStr | None, stop: threading.Event) -> None:
    """Run the node until `stop`; what it has begun it finishes.

    Raises:
        UserError: the queue or the address cannot be had.
    """
    spool = Spool(settings.spool)
    client = Client(str(settings.service), key, settings.reply_s)
    sender = Sender(settings.title, settings.target, settings.reply_s)
    receiver = Receiver(settings, spool)
    worker = Worker(settings, spool, client, sender)
    try:
        receiver.start()
    except OSError as error:
        raise UserError(f"--host {settings.host} --port {settings.port}: cannot listen there: "
                        f"{error.strerror}") from None
    event("listening", title=settings.title, port=settings.port, accept=settings.senders)
    for check in (client.ready, sender.echo):
        try:
            check()
        except DownError as error:
            event("not ready", logging.WARNING, reason=str(error))
    while not stop.wait(_TURN_S):
        try:
            worker.turn(stop)
        except OSError as error:  # a full disk, which somebody will see to
            event("queue not usable", logging.ERROR, reason=error.strerror, **failure(error))
    receiver.stop()
    spool.close()
    event("stopped")
