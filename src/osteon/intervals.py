"""Figures with 95 % intervals from a bootstrap over groups.

Images of one patient stand or fall together, so whole groups are drawn with replacement. All
resamples are computed at once, as weights on the rows; scikit-learn, called once per resample,
gives the same numbers some hundred times slower.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from osteon.formulas import Floats

_CHUNK = 4_000_000  # weights held at a time: 32 MB
_TAIL = 0.025  # of the resamples, beyond either end of an interval
# Of three groups one alone makes up a 27th of the resamples, which is more than a tail.
_LEAST_GROUPS = 4


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; none where the data cannot give one."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return self._written("{:.3f}")

    def signed(self) -> str:
        """Write a difference, always with its sign."""
        return self._written("{:+z.3f}")

    @property
    def side(self) -> int | None:
        """The side of 0 on which the whole interval lies: 1, -1, 0 for neither; none untold."""
        if self.low is None or self.high is None:
            return None
        return int(self.low > 0) - int(self.high < 0)

    def _written(self, form: str) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return form.format(self.value)
        return f"{form.format(self.value)} [{form.format(self.low)}, {form.format(self.high)}]"


Scores = dict[str, Estimate]


@dataclass(frozen=True)
class Resampled:
    """Figures of all rows (1,) and of each resample of their groups (resamples,), by name."""

    values: dict[str, Floats]
    draws: dict[str, Floats]
    groups: tuple[str, ...]
    seed: int
    trials: Mapping[str, int] = field(default_factory=dict)  # groups that a share rests on
    # Of a calibration error: of all rows (1, bins) and of each resample (resamples, bins).
    gaps: tuple[Floats, Floats] | None = None

    def scores(self) -> Scores:
        """Give each figure with its interval.

        None can be told from fewer than four groups, nor where more than a fortieth of the
        resamples lacks what the figure needs, a class above all.
        """
        return {name: self._calibration() if name == "ece" else self._bounded(name)
                for name in self.values}

    def above(self, other: "Resampled", name: str) -> Estimate:
        """Tell by how much a figure exceeds another's, resample by resample.

        The interval is narrower than two intervals suggest, as both figures move with the groups
        that are drawn. Where no resample moves the difference, it has the room that either has.

        Raises:
            ValueError: the two were not measured on resamples of the same groups.
        """
        if (self.groups, self.seed) != (other.groups, other.seed):
            raise ValueError("figures of different groups or seeds are not paired")
        found = self._estimate(self.values[name] - other.values[name],
                               self.draws[name] - other.draws[name])
        if other is self or found.low != found.high:
            return found
        (below, above), (others_below, others_above) = self.room(name), other.room(name)
        return _widened(found, below + others_above, above + others_below)

    def room(self, name: str) -> tuple[float, float]:
        """Give how far below and above a figure of 0 or 1, which no resample moves, truth may lie.

        As if a group were one trial: nothing missed among n leaves room for a miss in the next;
        0.025**(1/n) is the bound (Clopper and Pearson, Biometrika 26, 1934), about 1 - 3.7/n.
        A kappa of 0 needs none: it is that of one verdict for all.
        """
        found, trials = self._estimate(self.values[name], self.draws[name]), self.trials.get(name)
        if not trials or found.value not in (0, 1) or not found.low == found.high == found.value:
            return 0.0, 0.0
        room = 1 - _TAIL**(1 / trials)
        if found.value == 1:
            return room, 0.0
        return 0.0, 0.0 if name == "kappa" else room

    def _bounded(self, name: str) -> Estimate:
        return _widened(self._estimate(self.values[name], self.draws[name]), *self.room(name))

    def _calibration(self) -> Estimate:
        """Bound a calibration error by what chance does to the gaps that it adds up.

        Chance makes gaps also where there are none, so that the error is never below the truth on
        average, and resamples of it, in which chance comes in twice, lie above it. How far the
        gaps themselves move from resample to resample is not so distorted: no truth can be below
        the error by more than all of these moves together, nor above it by more than what they
        add in the directions in which the gaps point.
        """
        found = self._estimate(self.values["ece"], self.draws["ece"])
        if found.value is None or found.low is None or self.gaps is None:
            return found
        gaps, resampled = self.gaps
        moves = resampled - gaps
        below, above = (np.quantile(of, 1 - _TAIL)
                        for of in (np.abs(moves).sum(axis=1), moves @ np.sign(gaps[0])))
        return replace(found, low=round(max(0.0, found.value - float(below)), 6),
                       high=round(min(1.0, found.value + max(0.0, float(above))), 6))

    def _estimate(self, value: Floats, draws: Floats) -> Estimate:
        figure = float(value[0])
        if not np.isfinite(figure):
            return Estimate(None, None, None)
        if len(self.groups) < _LEAST_GROUPS or np.isnan(draws).mean() > _TAIL:
            return Estimate(round(figure, 6), None, None)
        low, high = np.nanquantile(draws, [_TAIL, 1 - _TAIL])
        return Estimate(*(round(float(number), 6) for number in (figure, low, high)))


def to_json(scores: Mapping[Any, Estimate]) -> dict[str, dict[str, float | None]]:
    """Write plain values."""
    return {name: asdict(estimate) for name, estimate in scores.items()}


def resample(figures: Callable[[Floats], dict[str, Floats]], groups: ArrayLike, *,
              resamples: int, seed: int, trials: Mapping[str, int] | None = None) -> Resampled:
    """Compute figures, a function of weights (resamples, rows), for resamples of whole groups."""
    of_row, names = pd.factorize(np.asarray(groups), sort=True)
    count, rows = len(names), len(of_row)
    random = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(1, rows))
    chunks = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        times_drawn = random.multinomial(count, np.full(count, 1 / count), size=size)
        chunks.append(figures(times_drawn[:, of_row].astype(np.float64)))
    draws = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return Resampled(figures(np.ones((1, rows))), draws, tuple(map(str, names)), seed,
                     trials or {})


def _widened(found: Estimate, below: float, above: float) -> Estimate:
    if found.low is None or found.high is None:
        return found
    return replace(found, low=round(found.low - below, 6), high=round(found.high + above, 6))
