"""What tests send to the service, and what every refusal of it must look like."""

import cv2
import httpx
import numpy as np


def png(shape: tuple[int, ...], dtype: type = np.uint8) -> bytes:
    """Encode a picture of one grey."""
    return cv2.imencode(".png", np.full(shape, 90, dtype))[1].tobytes()


def assert_refused(reply: httpx.Response, status: int) -> None:
    """Check the status, the shape of the body, and that the request has its number."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert set(body) == {"error", "detail", "field"}
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert len(reply.headers["X-Request-ID"]) == 32
