"""The test part as it was predicted, and the maps of what spoke for its verdicts."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteon.aggregation import ENSEMBLE
from osteon.combination import Combination
from osteon.explanations import atlas, cases
from osteon.explanations.atlas import Atlas
from osteon.explanations.cases import Case
from osteon.frames import Field, Frame, Mask
from osteon.imaging import Picture
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import probability_columns
from osteon.sections.data import Fit
from osteon.sections.verdict import Method


@dataclass(frozen=True)
class Predicted:
    """The predictions of the test part, by row of the pictures, and the masks there are.

    `table` has path, group_id, body_part, height_px, width_px, target, verdict and probabilities.
    """

    table: pd.DataFrame
    masks: dict[int, Mask]
    winner: Combination
    settings: Params

    @property
    def names(self) -> tuple[str, ...]:
        """The ensemble and its members."""
        return (ENSEMBLE, *self.winner.members)

    @cached_property
    def explained(self) -> pd.Series:
        """The class number that each row's maps explain."""
        numbers = cases.explained(self.table["verdict"].to_numpy(np.int64),
                                  len(self.winner.labels))
        return pd.Series(numbers, self.table.index)

    @cached_property
    def cases(self) -> list[Case]:
        """The images to show one by one."""
        columns = probability_columns(ENSEMBLE, self.winner.labels)
        away = cases.distances(self.table[columns].to_numpy(np.float64),
                               self.winner.thresholds["image"])
        return cases.choose(self.table, away, self.settings.explain.cases)

    def sampled(self, method: Method, *, masked: bool = False) -> NDArray[np.int64]:
        """Choose the rows that a method is measured on: some of all, or some of the masked."""
        most = (self.settings.explain.gradients_images if method == "integrated_gradients"
                else self.settings.explain.cam_images)
        rows = sorted(self.masks) if masked else self.table.index
        return cases.sample(np.asarray(rows, np.int64), most, self.settings.seed)

    def frame(self, row: int) -> Frame:
        """Give the frame of a row's picture."""
        return Frame(int(self.table["height_px"][row]), int(self.table["width_px"][row]))

    def weights(self, row: int) -> dict[str, float]:
        """Give the members' weights in the ensemble's map of a row."""
        return self.winner.map_weights(str(self.table["body_part"][row]))


@dataclass(frozen=True)
class Explanation:
    """Maps of the trained members and, where masks can judge them, of those before fine-tuning."""

    test: Predicted
    trained: Atlas
    before: Atlas | None
    pictures: Picture  # of the member that changes them least: drawn, and searched for regions
    fit: Fit

    def field(self, name: str, method: Method, row: int, state: Atlas) -> Field:
        """Give the map of the ensemble or a member in the frame of a row's picture."""
        frame = self.test.frame(row)
        if name == ENSEMBLE:
            return state.combined(self.test.weights(row), method, row, frame)
        return state.framed(name, method, row, frame)

    def picture(self, row: int) -> Field:
        """Give a row's picture in its frame, grey from 0 to 255."""
        return self.test.frame(row).place(self.pictures[row], self.fit)

    def covered(self, row: int) -> Mask:
        """Mark what a map can lie on: the picture, or all of the frame where a member pads it."""
        inside = self.test.frame(row).inside()
        return np.ones_like(inside) if "pad" in self.trained.fits.values() else inside


def explain(test: Predicted, trained: Path, before: Path, pictures: Path) -> Explanation:
    """Compute the maps of every member, from its folders below `trained`, `before`, `pictures`."""
    methods, settings = test.settings.explain.methods, test.settings
    shown = np.array([case.row for case in test.cases], np.int64)
    masked = {method: test.sampled(method, masked=True) for method in methods}
    rows = {method: np.unique(np.concatenate([shown, test.sampled(method), masked[method]]))
            for method in methods}
    of_trained = atlas.chart(trained, pictures, rows, test.explained, settings)
    of_before = (atlas.chart(before, pictures, masked, test.explained, settings)
                 if test.masks else None)
    plainest = _plainest(settings)
    return Explanation(test, of_trained, of_before, open_pictures(pictures / plainest),
                       of_trained.fits[plainest])


def _plainest(settings: Params) -> str:
    """Name the member that sees pictures without a change of contrast, of these the largest."""
    def plainness(member: str) -> tuple[bool, int]:
        seen = settings.of(member).preprocess
        return seen.contrast == "none", seen.image_size_px
    return max(settings.model.members, key=plainness)
