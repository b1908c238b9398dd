"""What a Hyperband search tries, and in what order."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.pruners import HyperbandPruner
from optuna.samplers import BaseSampler, GridSampler, TPESampler

from osteon.sections.tuning import Axis, Range

Values = Mapping[str, Any]  # by the names of the axes, as in `train.learning_rate`
_Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Plan:
    """Axes, and how long trials are; the same name means the same settings and inputs."""

    name: str
    axes: Mapping[str, Axis]
    trials: int
    epochs: int  # of a trial that is not stopped
    least_epochs: int
    keep_one_in: int
    maximize: bool
    seed: int

    @cached_property
    def total(self) -> int:
        """How many trials are made: of a finite space no more than it has combinations."""
        return int(min(self.trials, self._combinations))

    def better(self, measures: Sequence[float]) -> float:
        """Give the best of some measures."""
        return max(measures) if self.maximize else min(measures)

    @property
    def pruner(self) -> HyperbandPruner:
        """Hyperband (Li et al., 2018), asynchronous as in ASHA (Li et al., 2020)."""
        return HyperbandPruner(self.least_epochs, self.epochs, self.keep_one_in)

    def sampler(self, number: int) -> BaseSampler:
        """Give the sampler of a trial.

        A space with no more combinations than trials is tried whole, each combination once. Of a
        larger one the tree-structured Parzen estimator (Bergstra et al., 2011) draws, seeded by the
        number of the trial, so that neither workers nor a restarted one repeat each other's draws.
        """
        if self._combinations <= self.trials:
            return _EachOnce({name: list(choices) for name, choices in self._choices.items()},
                             seed=_mixed(self.seed))
        return TPESampler(seed=_mixed(self.seed, number))

    def draw(self, trial: optuna.Trial) -> Values:
        """Let the sampler choose a value on each axis; a trial taken up again keeps its own."""
        return self.values({name: self._drawn(trial, name) for name in self.axes})

    def values(self, drawn: Mapping[str, Any]) -> Values:
        """Turn what a storage keeps of a trial into settings, of four digits that people read."""
        return {name: self._choices[name][value] if name in self._choices else _short(value)
                for name, value in drawn.items()}

    @property
    def _combinations(self) -> float:
        return math.prod(math.inf if isinstance(axis, Range) else len(axis)
                         for axis in self.axes.values())

    @cached_property
    def _choices(self) -> dict[str, dict[_Scalar, Any]]:
        return {name: {_scalar(choice): choice for choice in axis}
                for name, axis in self.axes.items() if not isinstance(axis, Range)}

    def _drawn(self, trial: optuna.Trial, name: str) -> Any:
        axis = self.axes[name]
        if not isinstance(axis, Range):
            return trial.suggest_categorical(name, list(self._choices[name]))
        if isinstance(axis.low, int) and isinstance(axis.high, int):
            return trial.suggest_int(name, axis.low, axis.high, log=axis.log)
        return trial.suggest_float(name, axis.low, axis.high, log=axis.log)


class _EachOnce(GridSampler):
    """A grid whose trial N is its combination N; when to end is not the sampler's to say."""

    def after_trial(self, *_: Any) -> None:
        """Leave the loop over trials alone."""


def _scalar(choice: Any) -> _Scalar:
    """Storages keep plain values; widths of layers are a list."""
    return json.dumps(choice) if isinstance(choice, tuple) else choice


def _short(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.4g}")


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
