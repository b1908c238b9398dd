"""Closes the loop with a service that runs: `python -m benchmarks.loop`, from the project's root.

It sends images of the test part, tells the true labels of some, and compares what the service
wrote of them in its log with the reference, as `python -m osteon.drift` does. With `--half` every
other image is darkened and blurred before it is sent: that is drift.
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import cv2
import httpx
import numpy as np
import pandas as pd

from osteon import imaging, params
from osteon.errors import UserError, run
from osteon.imaging import Picture

_DARKER, _BLUR_PX = 0.5, 2.5
_REACH = "{} does not answer as the service does; start `bentoml serve`, or name it by --host"


def arguments() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(prog="python -m benchmarks.loop", description=__doc__)
    parser.add_argument("--host", default="http://localhost:3000", help="default: %(default)s")
    parser.add_argument("--log", type=Path, default=Path("runs/monitoring"),
                        help="folder into which the service writes (default: %(default)s)")
    parser.add_argument("--images", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--labels", type=int, default=60,
                        help="how many true labels are told (default: %(default)s)")
    parser.add_argument("--half", action="store_true", help="darken and blur every other image")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/drift/loop"),
                        help="where to write the log's part and what was found "
                             "(default: %(default)s)")
    parser.add_argument("--fail-on-drift", action="store_true", help="as of osteon.drift")
    return parser.parse_args()


def send(client: httpx.Client, rows: pd.DataFrame, root: Path, *, labels: int,
         half: bool) -> set[str]:
    """Send images, and the true labels of the first; gives the requests' numbers.

    Raises:
        UserError: the service refuses one.
    """
    numbers: list[str] = []
    for row in rows.itertuples():
        picture = imaging.decode((root / str(row.path)).read_bytes()).picture
        if half and len(numbers) % 2 == 0:
            picture = spoilt(picture)
        content = cv2.imencode(".png", picture)[1].tobytes()
        said = _accepted(client.post("/v1/predict", files={"image": ("x.png", content)}))
        numbers.append(said["request_id"])
        if len(numbers) <= labels:
            _accepted(client.post("/v1/feedback", json={
                "request_id": numbers[-1], "label": row.label}))
    return set(numbers)


def spoilt(picture: Picture) -> Picture:
    """Darken a picture to a half, and blur it."""
    dark = (picture * _DARKER).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(dark, (0, 0), _BLUR_PX), np.uint8)


def _accepted(reply: httpx.Response) -> dict[str, str]:
    if reply.status_code != httpx.codes.OK:
        raise UserError(f"{reply.url} answers {reply.status_code}: {reply.text}")
    found: dict[str, str] = reply.json()
    return found


def logged(folder: Path, numbers: set[str]) -> list[str]:
    """Give the lines that a log has of some requests.

    Raises:
        UserError: it has not all of them.
    """
    lines = [line for file in sorted(folder.glob("*.jsonl"))
             for line in file.read_text().splitlines(keepends=True)
             if json.loads(line)["request_id"] in numbers]
    if len({json.loads(line)["request_id"] for line in lines}) < len(numbers):
        raise UserError(f"{folder}: not the log of this service; name its folder by --log")
    return lines


def main() -> None:
    """Send, gather the log's lines, compare."""
    asked = arguments()
    root = Path(params.load().dataset.root)
    rows = pd.read_csv("artifacts/evaluate/predictions.csv").iloc[:asked.images]
    key = os.environ.get("OSTEON_API_KEY")  # where the service asks for one
    headers = {"X-API-Key": key} if key else {}
    try:
        with httpx.Client(base_url=asked.host, timeout=60, headers=headers) as client:
            numbers = send(client, rows, root, labels=asked.labels, half=asked.half)
    except httpx.TransportError:
        raise UserError(_REACH.format(asked.host)) from None
    part = asked.out.with_suffix(".jsonl")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("".join(logged(asked.log, numbers)))
    more = ["--fail-on-drift"] if asked.fail_on_drift else []
    sys.exit(subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "osteon.drift", part, "-o", asked.out, *more],
        check=False).returncode)


if __name__ == "__main__":
    run(main)
