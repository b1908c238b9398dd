"""What a person sees of a verdict: one view, plain and with its heatmap, and the words to it."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.grey import Picture
from osteon.serving.dicom.client import BrokenError, StudyVerdict, Verdict

NOTICE = "For research. Not a medical device."
Drawn = NDArray[np.uint8]  # (height, width, 3): red, green, blue

_PANE_PX = 880  # longest side of a radiograph: what a screen shows of two beside each other
_LEAST_WIDTH_PX = 1100  # room for the words over a narrow one
_MARGIN_PX = 24
_LEADING = 1.5
_LARGE, _PLAIN, _SMALL = 40, 26, 20
_BOLD, _REGULAR = 700, 400
_WHITE, _PALE, _AMBER = (255, 255, 255), (200, 200, 200), (255, 190, 60)



class _Line(NamedTuple):
    text: str
    size_px: int
    weight: int
    colour: tuple[int, int, int]


def draw(picture: Picture, heatmap: bytes, study: StudyVerdict, number: int, source: str,
         remarks: Sequence[str]) -> Drawn:
    """Draw view `number` (from 1) with what was found.

    `heatmap` is a PNG of the same view, `source` names software and model, `remarks` are
    warnings about the study.

    Raises:
        BrokenError: the heatmap cannot be read.
    """
    panes = np.hstack([_pane(np.stack([picture] * 3, axis=2)),
                       _pane(_decoded(heatmap), picture.shape)])
    width = max(panes.shape[1], _LEAST_WIDTH_PX)
    # Not by left and right, which on a radiograph mean the patient's.
    meaning = f"With the heatmap: orange speaks for {study.label}, blue against it."
    below = [_Line(meaning, _SMALL, _REGULAR, _PALE), _Line(NOTICE, _PLAIN, _BOLD, _AMBER),
             _Line(source, _SMALL, _REGULAR, _PALE)]
    return np.vstack([_words(_above(study, number, remarks), width), _centred(panes, width),
                      _words(below, width)])


def verdict_words(verdict: Verdict) -> str:
    """Say a verdict in words."""
    return f"{verdict.label}; {_number(verdict)}"


def _number(verdict: Verdict) -> str:
    """Say what a verdict rests on: of two labels with the threshold."""
    if verdict.threshold is None:
        return f"its {verdict.said} is {_share(verdict.probability)}"
    last = list(verdict.probabilities)[-1]
    return (f"{verdict.said} of {last} {_share(verdict.probability)}, "
            f"{last} from {_share(verdict.threshold)} on")


def _share(value: float) -> str:
    """Write a probability with two digits; rounded to 0 or 1 it would claim to be certain."""
    if value < 0.005:
        return "below 0.01"
    return f"{value:.2f}" if value < 0.995 else "above 0.99"


def _above(study: StudyVerdict, number: int, remarks: Sequence[str]) -> list[_Line]:
    view = study.views[number - 1]
    warned = [*remarks, *(f"this view: {warning.detail}" for warning in view.warnings
                          if warning.detail not in remarks)]
    return [_Line(f"Study: {study.label}", _LARGE, _BOLD, _WHITE),
            *(_Line(text, _PLAIN, _REGULAR, _WHITE) for text in (
                f"All views together: {_number(study)}",
                f"View {number} of {len(study.views)}: {verdict_words(view)}")),
            *(_Line(f"Warning: {text}", _PLAIN, _REGULAR, _AMBER) for text in warned)]


def _decoded(heatmap: bytes) -> Drawn:
    found = cv2.imdecode(np.frombuffer(heatmap, np.uint8), cv2.IMREAD_COLOR_RGB)
    if found is None:
        raise BrokenError("the service's heatmap is no picture")
    return np.asarray(found, np.uint8)


def _pane(drawn: NDArray[np.uint8], shape: tuple[int, ...] | None = None) -> Drawn:
    """Scale a picture to the side that all have; as `shape`, where one is given."""
    height, width = (shape or drawn.shape)[:2]
    scale = _PANE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrinks = size[0] < drawn.shape[1]
    scaled = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(cv2.copyMakeBorder(scaled, 0, 0, _MARGIN_PX // 2, _MARGIN_PX // 2,
                                         cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)


def _centred(panes: Drawn, width: int) -> Drawn:
    left = (width - panes.shape[1]) // 2
    return np.asarray(cv2.copyMakeBorder(
        panes, 0, 0, left, width - panes.shape[1] - left, cv2.BORDER_CONSTANT, value=(0, 0, 0)),
        np.uint8)


def _words(lines: Sequence[_Line], width: int) -> Drawn:
    """Write lines below each other on black, each broken where it would leave the picture."""
    font = cv2.FontFace("sans")
    fitted = [line._replace(text=part) for line in lines for part in _broken(line, width)]
    height = round(sum(line.size_px * _LEADING for line in fitted)) + _MARGIN_PX
    canvas = np.zeros((height, width, 3), np.uint8)
    base = _MARGIN_PX / 2
    for line in fitted:
        base += line.size_px * _LEADING
        place = _MARGIN_PX, round(base - line.size_px * (_LEADING - 1))
        cv2.putText(canvas, line.text, place, line.colour, font, line.size_px, line.weight)
    return canvas


def _broken(line: _Line, width: int) -> list[str]:
    font, parts = cv2.FontFace("sans"), [""]
    for word in line.text.split():
        longer = f"{parts[-1]} {word}".strip()
        _, _, length, _ = cv2.getTextSize((0, 0), longer, (0, 0), font, line.size_px, line.weight)
        if parts[-1] and length > width - 2 * _MARGIN_PX:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts
