"""A real browser on the service's page: what a visitor does, and what may not happen behind it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from served import Server

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

_WAIT_MS = 20_000  # a busy machine takes its time
_NEARLY_GREY = 12  # of 255, between the strongest and the weakest of red, green and blue
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What Chromium itself says of a refusal; the page has to say it to the visitor.
_SAID_BY_ITSELF = re.compile("Failed to load resource: (the server responded with a status of 4"
                             "|net::ERR_INTERNET_DISCONNECTED)")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; without one the tests that need it are skipped."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        pytest.skip("THE PAGE IS NOT TESTED: there is no Chromium on the PATH")
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()


class Visitor:
    """Opens pages, and notes what they say to the console and whom they ask."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._homes: list[str] = []
        self._asked: list[str] = []
        self._said: list[str] = []

    def open(self, server: Server, **looks: object) -> Page:
        """Open the page of a service and wait until it has met its model."""
        self._homes.append(str(server.client.base_url))
        self._contexts.append(self._browser.new_context(**looks))
        page = self._contexts[-1].new_page()
        page.set_default_timeout(_WAIT_MS)
        page.on("request", lambda sent: self._asked.append(sent.url))
        page.on("console", lambda said: self._said.append(said.text))
        page.on("pageerror", lambda error: self._said.append(str(error)))
        page.on("filechooser", lambda _: None)  # caught from now on, not from a key's press on
        page.goto(self._homes[-1])
        page.locator("#version:not(:empty), #error:not([hidden])").wait_for(state="attached")
        return page

    def leave(self) -> None:
        """Close all; nothing may have been said to the console, and no other host asked."""
        for context in self._contexts:
            context.close()
        assert not [text for text in self._said if not _SAID_BY_ITSELF.match(text)]
        allowed = (*self._homes, "blob:", "data:")
        assert not [url for url in self._asked if not url.startswith(allowed)]


def upload(name: str, content: bytes) -> dict:
    """Make a file to choose that lies on no disk."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def choose(page: Page, *files: str | dict) -> None:
    """Choose files as the dialogue of the system gives them."""
    page.set_input_files("#files", list(files))
    expect(page.locator("#chosen li")).to_have_count(len(files))


def judge(page: Page, *files: str | dict) -> None:
    """Choose files and ask for the verdict, which gets the focus."""
    choose(page, *files)
    page.locator("#go").click()
    expect(page.locator("#verdict")).to_be_focused()


def number(text: str) -> float:
    """Read a probability, or its bound where it is too close to a certainty."""
    return float(text.lstrip("<>"))


def probability(page: Page, scale: str) -> float:
    """Read the number at a bar."""
    return number(page.locator(scale).locator(".value").inner_text())


def same_place(page: Page, *selectors: str) -> bool:
    """Tell whether elements fill the same box, all measured at once, since the page may scroll."""
    return len(set(page.evaluate("""(selectors) => selectors.map((one) =>
        JSON.stringify(document.querySelector(one).getBoundingClientRect()))""", selectors))) == 1


def pixels(image: Locator) -> NDArray[np.uint8]:
    """Read what an image holds: (height, width, 4), red, green, blue and opacity."""
    width, height, values = image.evaluate("""async (image) => {
        await image.decode();
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return [canvas.width, canvas.height, [...data]];
    }""")
    return np.array(values, np.uint8).reshape(height, width, 4)


def coloured(place: Locator) -> float:
    """Give the share of a place that is seen to be other than grey, or nearly so."""
    seen = cv2.imdecode(np.frombuffer(place.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return float((np.ptp(seen, axis=2) > _NEARLY_GREY).mean())
