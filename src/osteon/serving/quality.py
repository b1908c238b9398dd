"""Pictures in which too little can be seen, whatever the model says of them.

The limits lie beyond what radiographs are like, so that a warning means something. Whether a
picture is like the reference is the business of `familiarity`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from osteon.imaging import Picture

_LEAST_BRIGHT = 0.1  # of white, that a twentieth of the pixels reaches
_MOST_WHITE = 0.25  # share of the pixels
# The deviation of the Laplacian beside that of the grey values: ten times less than of radiographs.
_LEAST_SHARP = 0.03
_ROUNDING = 0.005  # the Laplacian's deviation where it is of nothing but rounding to 8 bits


@dataclass(frozen=True)
class Limits:
    """From when on a picture is blank, small or elongated: as in the training data's quarantine."""

    blank_sd: float
    least_side_px: int
    most_elongated: float

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Self:
        """Read a package's card."""
        quarantine = card["dataset"]["quarantine"]
        return cls(*(quarantine[name] for name in cls.__dataclass_fields__))


def reasons(picture: Picture, statistics: Mapping[str, float], limits: Limits) -> Iterator[str]:
    """Say in words what cannot be seen in a picture, by its size and intensity statistics."""
    height, width = picture.shape
    short, long = sorted(picture.shape)
    if short < limits.least_side_px:
        yield (f"tiny: {width} x {height} pixels, where {limits.least_side_px} on the short side "
               "are the least")
    if long > limits.most_elongated * short:
        yield f"a strip: {width} x {height} pixels"
    if statistics["sd"] < limits.blank_sd:
        yield "blank: nearly the same grey everywhere"
    elif statistics["p95"] < _LEAST_BRIGHT:
        yield f"dark: 95 % of it are below {_LEAST_BRIGHT:.0%} of white"
    elif statistics["saturated"] > _MOST_WHITE:
        yield f"blown out: {statistics['saturated']:.0%} of it are pure white"
    elif statistics["sharpness"]**2 - _ROUNDING**2 < (_LEAST_SHARP * statistics["sd"])**2:
        yield "blurred: no edge in it is sharp"
