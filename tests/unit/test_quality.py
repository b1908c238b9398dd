"""What is said of pictures in which little can be seen, and nothing of those in which much can."""

import cv2
import numpy as np
import pytest

from osteon import imaging
from osteon.serving.quality import Limits, reasons

LIMITS = Limits.of({"dataset": {"quarantine": {
    "blank_sd": 0.01, "least_side_px": 64, "most_elongated": 6.0, "blank": "drop"}}})


def _drawn(height=200, width=300):
    """Draw a bright bar with sharp edges on a dark ground, and some grain."""
    random = np.random.default_rng(0)
    picture = random.integers(30, 40, (height, width), dtype=np.uint8)
    picture[height // 4:height // 2, width // 8:-width // 8] += 150
    return picture


def _blurred(picture, sigma):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


@pytest.mark.parametrize(("picture", "expected"), [
    pytest.param(_drawn(), [], id="good"),
    pytest.param(_blurred(_drawn(), 1), [], id="a little soft"),
    pytest.param(_blurred(_drawn(), 8), ["blurred: no edge in it is sharp"], id="blurred"),
    pytest.param(_drawn(40, 60), [
        "tiny: 60 x 40 pixels, where 64 on the short side are the least"], id="tiny"),
    pytest.param(_drawn(64, 384), [], id="as long as may be"),
    pytest.param(_drawn(64, 385), ["a strip: 385 x 64 pixels"], id="a strip"),
    pytest.param(np.full((80, 80), 120, np.uint8), ["blank: nearly the same grey everywhere"],
                 id="one grey"),
    pytest.param(np.zeros((80, 80), np.uint8), ["blank: nearly the same grey everywhere"],
                 id="black"),
    pytest.param(_drawn() // 8, ["dark: 95 % of it are below 10% of white"], id="dark"),
    pytest.param(np.where(_drawn() > 100, 255, 90).astype(np.uint8), [], id="a fifth is white"),
    pytest.param(255 - _drawn(), [], id="a negative"),
    pytest.param(np.vstack([np.full((100, 300), 255, np.uint8), _drawn()[100:]]), [
        "blown out: 50% of it are pure white"], id="overexposed"),
    pytest.param(np.zeros((5, 50), np.uint8), [
        "tiny: 50 x 5 pixels, where 64 on the short side are the least", "a strip: 50 x 5 pixels",
        "blank: nearly the same grey everywhere"], id="all at once"),
])
def test_what_cannot_be_seen_is_said(picture, expected):
    assert list(reasons(picture, imaging.statistics(picture), LIMITS)) == expected


@pytest.mark.parametrize("folder", ["FracAtlas/images", "bone-break"])
def test_hardly_any_real_radiograph_is_warned_of_until_it_is_spoilt(real_data, folder):
    files = sorted((real_data / folder).rglob("*.jpg"))
    pictures = [imaging.small_copy(imaging.decode(file.read_bytes(), mend=True).picture)
                for file in files[::max(1, len(files) // 60)]]
    spoilt = {"plain": pictures, "blurred": [_blurred(picture, 6) for picture in pictures],
              "dark": [picture // 12 for picture in pictures]}
    warned = {name: np.mean([bool(list(reasons(one, imaging.statistics(one), LIMITS)))
                             for one in some]) for name, some in spoilt.items()}
    assert warned["plain"] <= 0.05
    assert warned["blurred"] >= 0.95
    assert warned["dark"] >= 0.95
