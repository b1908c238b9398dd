"""The command: `python -m osteon.serving.dicom --help`."""

import os
import signal
import sys
import threading
from collections.abc import Sequence

from osteon.errors import UserError, said
from osteon.serving.dicom import log
from osteon.serving.dicom.settings import Settings


def main(arguments: Sequence[str]) -> None:
    """Run the node until it is told to stop.

    Raises:
        UserError: a setting is impossible, or its libraries are not installed.
    """
    settings = Settings.read(arguments, os.environ)
    key = settings.key(os.environ)
    log.start()
    try:
        from osteon.serving.dicom.node import serve
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed; install the extra: "
                        "pip install '.[pacs]' in the clone") from None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(settings, key, stop)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (UserError, OSError) as failure:
        sys.exit(f"error: {said(failure)}")
