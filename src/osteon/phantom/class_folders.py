"""Sets in class folders, `<class>/*` or `<split>/<class>/*`, with a table beside them.

Class folders know no patients; the table, which the layout `csv` reads, does.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.pictures import Row, write_picture
from osteon.phantom.study import Study

MANIFEST = "labels.csv"
_COLUMNS = ("path", "label", "patient_id", "study_id", "body_part", "view", "split")
_AGAIN = 0.15  # patients examined twice
_VIEWS = (0.15, 0.7, 0.15)


@dataclass(frozen=True)
class ClassFolders:
    """Draws and lists one such set."""

    name: str
    number: int  # keeps its draws apart from those of other sets
    labels: tuple[str, ...]
    draw: Callable[[Study, int], NDArray[np.uint8]]
    splits: tuple[str, str] | None
    of_the_patient: bool = False  # what the label tells is the same in all bones of a patient
    train_share = 0.85

    def label_of(self, seed: int, patient: int) -> str:
        """Draw a label; among every so many patients as there are labels, each occurs once."""
        block, place = divmod(patient, len(self.labels))
        order = np.random.default_rng([seed, block, self.number, 1]).permutation(len(self.labels))
        return self.labels[int(order[place])]

    def studies_of(self, seed: int, patient: int) -> list[Study]:
        """Draw what a patient was examined for: mostly one bone, from two sides."""
        rng = np.random.default_rng([seed, patient, self.number])
        label = self.label_of(seed, patient)
        studies = []
        for number in range(1, 2 + int(rng.random() < _AGAIN)):
            part = BODY_PARTS[int(rng.integers(0, len(BODY_PARTS)))]
            views = 1 + int(rng.choice(len(_VIEWS), p=_VIEWS))
            studies.append(Study(part, label, views, (seed, patient, number, self.number)))
            if not self.of_the_patient:
                label = self.labels[int(rng.integers(0, len(self.labels)))]
        return studies

    def draw_patient(self, root: Path, split: str, seed: int, patient: int) -> list[Row]:
        """Draw all pictures of a patient; their names say whose they are."""
        person, rows = f"patient{patient:05d}", []
        for count, study in enumerate(self.studies_of(seed, patient), start=1):
            study_id = f"{person}_study{count}"
            folder = f"{split}/{study.label}" if split else study.label
            for number in range(study.views):
                path = f"{folder}/{study_id}_image{number + 1}.png"
                write_picture(root / path, self.draw(study, number))
                rows.append({
                    "path": path, "label": study.label, "patient_id": person,
                    "study_id": study_id, "body_part": study.part.removeprefix("XR_").lower(),
                    "view": "oblique" if number else "frontal", "split": split,
                })
        return rows

    def write_tables(self, root: Path, rows: list[Row]) -> None:
        """Write the table of labels; the column `split` is left out where there is none."""
        columns = _COLUMNS if self.splits else _COLUMNS[:-1]
        with (root / MANIFEST).open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            table.writeheader()
            table.writerows(sorted(rows, key=lambda row: row["path"]))
