"""The comparison itself: what differs, by how much, and the verdict in words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from osteon.drift import permutation
from osteon.drift.permutation import Tested
from osteon.drift.sample import DISTANCE, Numbers, Sample
from osteon.familiarity import Familiarity, whole_groups
from osteon.records import STATISTICS
from osteon.sections.verdict import Drift

Kind = Literal["statistic", "probability", "distance", "embedding", "verdicts"]

# More tell of differences that do not matter, and the cost grows with their square.
_MOST_IMAGES = 1500
_LEAST_UNITS = 4  # of either side; fewer can be cut in too few ways to tell anything
_ROUNDED = 6
# Reasons why images are unlike the reference.
_NAMED, _MENTIONED = 3, 0.005


@dataclass(frozen=True)
class Difference:
    """One test: what is compared, by how much it differs, and from where on that is no chance."""

    name: str
    kind: Kind
    value: float  # in standard deviations of the reference, of statistics and probabilities
    threshold: float | None  # none where nothing could be told from chance
    chance: float  # the share of cuts at random with a difference as large
    differs: bool
    says: str

    @property
    def of_column(self) -> bool:
        """Tell whether the value is a move in standard deviations."""
        return self.kind not in ("embedding", "verdicts")


@dataclass(frozen=True)
class Unlike:
    """The share of current images that are unlike the reference, one by one.

    It is no test: of a small reference nobody knows what share of new images is beyond it.
    """

    share: float
    reasons: dict[str, float]  # share of the images by what is unusual


@dataclass(frozen=True)
class Finding:
    """The verdict, and all that it rests on."""

    drifted: bool | None  # none where there is too little to tell a difference from chance
    verdict: str
    images: dict[str, int]  # of the two sides
    units: dict[str, int]  # groups, or neighbours where nobody knows the groups
    false_alarms: float
    tests: list[Difference]
    unlike: Unlike

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Pair:
    """Both sides, few enough to compare, in one order: the reference first."""

    reference: Sample
    current: Sample
    units: Numbers

    @property
    def first(self) -> int:
        return len(self.reference)


def compare(reference: Sample, current: Sample, familiarity: Familiarity, settings: Drift,
            labels: tuple[str, ...], seed: int) -> Finding:
    """Compare two samples: grey values, probabilities, embeddings and verdicts.

    Of a reference that the members were trained on, grey values alone. Of too few images or groups
    on either side nothing is tested, and the finding says how many are needed.
    """
    pair = _paired(reference, current, seed)
    groups = int(pair.units[pair.first - 1]) + 1
    images = {"reference": len(reference), "current": len(current)}
    units = {"reference": groups, "current": int(pair.units[-1]) + 1 - groups}
    unlike = _unlike(current, familiarity)
    lacking = (_lacking(images, "images", settings.least_images, " (drift.least_images)")
               or _lacking(units, "groups of images", _LEAST_UNITS))
    tests = [] if lacking else _tests(pair, settings, labels, seed)
    drifted = None if lacking else any(test.differs for test in tests)
    said = f"no verdict: {lacking}" if lacking else _verdict(tests)
    return Finding(drifted, f"{said}; {_alone(unlike)}", images, units, settings.false_alarms,
                   tests, unlike)


def _lacking(counts: Mapping[str, int], of: str, least: int, setting: str = "") -> str:
    """Say of which side there is too little; nothing where there is enough."""
    few = " and ".join(f"{count} {side}" for side, count in counts.items() if count < least)
    return few and f"nothing can be said of {few} {of}; {least} a side are needed{setting}"


def _paired(reference: Sample, current: Sample, seed: int) -> _Pair:
    # Twice as many neighbours as a patient has images in the reference: most patients then lie in
    # one unit, wherever it begins.
    per_group = len(reference) / (int(reference.in_units(1).max()) + 1)
    sides: list[Sample] = []
    units: list[Numbers] = []
    for sample in (reference, current):
        of_all = sample.in_units(int(np.ceil(2 * per_group)))
        rows = whole_groups(of_all, _MOST_IMAGES, seed)
        numbered = np.unique(of_all[rows], return_inverse=True)[1]
        order = np.argsort(numbered, kind="stable")
        sides.append(sample.take(rows[order]))
        units.append(numbered[order])
    return _Pair(sides[0], sides[1],
                 np.concatenate([units[0], units[1] + units[0].max() + 1]))


def _tests(pair: _Pair, settings: Drift, labels: tuple[str, ...], seed: int) -> list[Difference]:
    columns = [side.columns(labels) for side in (pair.reference, pair.current)]
    if pair.reference.trained_on:
        columns = [table[STATISTICS] for table in columns]
    tested = _tested(pair, columns, len(labels), settings, seed)
    names = [str(name) for name in columns[0]]
    deviations = columns[0].std(ddof=0).to_numpy()
    tests = [_of_column(name, columns, float(deviations[number]), _one(tested, number), settings)
             for number, name in enumerate(names)]
    if not pair.reference.trained_on:
        tests += [_of_embedding(_one(tested, len(names))),
                  _of_verdicts(pair, labels, _one(tested, len(names) + 1))]
    return tests


def _tested(pair: _Pair, columns: list[pd.DataFrame], classes: int, settings: Drift,
            seed: int) -> Tested:
    sides = permutation.cuts(pair.units, pair.first, seed)
    moves = permutation.moves(pd.concat(columns).to_numpy(np.float64), sides)
    if pair.reference.trained_on:
        return permutation.tested(moves, settings.false_alarms)
    coordinates = np.concatenate([pair.reference.coordinates, pair.current.coordinates])
    verdicts = np.concatenate([pair.reference.verdicts, pair.current.verdicts])
    return permutation.tested(np.column_stack([
        moves,
        permutation.discrepancies(coordinates, pair.units, sides),
        permutation.share_differences(verdicts, classes, sides)]), settings.false_alarms)


def _one(tested: Tested, number: int) -> tuple[float, float, float]:
    """Give the value, the threshold and the chance of one test."""
    return (float(tested.values[number]), float(tested.thresholds[number]),
            round(float(tested.chances[number]), _ROUNDED))


def _of_column(name: str, columns: list[pd.DataFrame], deviation: float,
               found: tuple[float, float, float], settings: Drift) -> Difference:
    """Say how far a column has moved, in deviations of the reference.

    What moves less than matters does not differ, however many images prove that it moved.
    """
    value, threshold, chance = found
    unit = max(deviation, 0.001)  # as Evidently has it
    moved, least = value / unit, max(threshold / unit, settings.least_move)
    lower = columns[1][name].mean() < columns[0][name].mean()
    kind: Kind = ("statistic" if name in STATISTICS else
                  "distance" if name == DISTANCE else "probability")
    return Difference(
        name, kind, round(moved, _ROUNDED),
        _finite(least), chance, moved > least,
        f"{name} {'lower' if lower else 'higher'} by {moved:.2f} sd")


def _of_embedding(found: tuple[float, float, float]) -> Difference:
    value, threshold, chance = found
    return Difference("embedding", "embedding", round(value, _ROUNDED), _finite(threshold), chance,
                      value > threshold, f"embedding (MMD² {value:.3f})")


def _of_verdicts(pair: _Pair, labels: tuple[str, ...],
                 found: tuple[float, float, float]) -> Difference:
    value, threshold, chance = found
    before, now = (np.bincount(side.verdicts, minlength=len(labels)) / len(side)
                   for side in (pair.reference, pair.current))
    most = int(np.argmax(np.abs(now - before) + 1e-9 * np.arange(len(labels))))
    return Difference("verdicts", "verdicts", round(value, _ROUNDED), _finite(threshold), chance,
                      value > threshold, f"verdicts ({labels[most]} {100 * now[most]:.0f} % "
                      f"instead of {100 * before[most]:.0f} %)")


def _finite(threshold: float) -> float | None:
    return round(threshold, _ROUNDED) if np.isfinite(threshold) else None


def _unlike(current: Sample, familiarity: Familiarity) -> Unlike:
    reasons = familiarity.unlike(current.coordinates, current.statistics)
    counts = Counter(reason.split()[0] for image in reasons for reason in image)
    share = sum(map(bool, reasons)) / len(reasons)
    return Unlike(round(share, _ROUNDED), {name: round(count / len(reasons), _ROUNDED)
                                           for name, count in counts.most_common()})


def _verdict(tests: list[Difference]) -> str:
    differing = [test for test in tests if test.differs]
    named = [test.says for test in sorted(
        differing, key=lambda test: (not test.of_column, -test.value))]
    return (f"drift: {len(differing)} of {len(tests)} comparisons differ by more than chance: "
            f"{', '.join(named)}" if named else
            f"no drift: none of {len(tests)} comparisons differs by more than chance")


def _alone(unlike: Unlike) -> str:
    reasons = ", ".join(f"{name} {100 * share:.0f} %" for name, share in
                        list(unlike.reasons.items())[:_NAMED] if share >= _MENTIONED)
    return (f"{100 * unlike.share:.0f} % of the images are unlike the reference"
            f"{f' ({reasons})' if reasons else ''}")
