"""HTML pages that need nothing beside themselves: no network, no other file."""

import base64
from typing import Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray


def render(template: str, **values: Any) -> str:
    """Fill a template; a value it asks for and does not get is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("osteon", "templates"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**values)


def picture_url(picture: NDArray[np.uint8]) -> str:
    """Give a grey picture as a PNG within the address itself."""
    return png_url(cv2.imencode(".png", picture)[1].tobytes())


def png_url(png: bytes) -> str:
    """Give the bytes of a PNG as an address."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
