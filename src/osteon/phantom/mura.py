"""The set of normal and abnormal studies, in the layout of MURA v1.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.pictures import Row, write_picture
from osteon.phantom.study import NEGATIVE, POSITIVE, Study, draw_view

_POSITIVE_SHARE = 0.45
_STUDIES = (0.85, 0.13, 0.02)
_VIEWS = (0.22, 0.47, 0.31)


def studies_of(seed: int, patient: int) -> list[Study]:
    """Draw what a patient was examined for; mostly once, now and then again or elsewhere."""
    rng = np.random.default_rng([seed, patient])
    count = 1 + int(rng.choice(len(_STUDIES), p=_STUDIES))
    part = BODY_PARTS[int(rng.integers(0, len(BODY_PARTS)))]
    studies = []
    for number in range(1, count + 1):
        if number > 1 and rng.random() < 0.5:
            part = BODY_PARTS[int(rng.integers(0, len(BODY_PARTS)))]
        label = POSITIVE if rng.random() < _POSITIVE_SHARE else NEGATIVE
        views = 1 + int(rng.choice(len(_VIEWS), p=_VIEWS))
        studies.append(Study(part, label, views, (seed, patient, number)))
    return studies


def _located(split: str, patient: int, studies: list[Study]) -> Iterator[tuple[str, Study]]:
    """Name each study's folder; MURA counts a patient's studies within a body part."""
    seen: dict[str, int] = {}
    for study in studies:
        seen[study.part] = seen.get(study.part, 0) + 1
        yield (f"{split}/{study.part}/patient{patient:05d}/"
               f"study{seen[study.part]}_{study.label}/"), study


class Mura:
    """Draws and lists the set."""

    name = "MURA-v1.1"
    splits = ("train", "valid")
    train_share = 0.9

    def draw_patient(self, root: Path, split: str, seed: int, patient: int) -> list[Row]:
        """Draw all pictures of a patient."""
        rows = []
        for place, study in _located(split, patient, studies_of(seed, patient)):
            for number in range(study.views):
                file = f"{place}image{number + 1}.png"
                write_picture(root / file, draw_view(study, number))
                label = "1" if study.label == POSITIVE else "0"
                rows.append({"split": split, "study": f"{self.name}/{place}", "label": label,
                             "path": f"{self.name}/{file}"})
        return rows

    def write_tables(self, root: Path, rows: list[Row]) -> None:
        """Write the lists of studies and of images of each split."""
        for split in self.splits:
            chosen = [row for row in rows if row["split"] == split]
            studies = sorted({f"{row['study']},{row['label']}\n" for row in chosen})
            images = sorted(f"{row['path']}\n" for row in chosen)
            (root / f"{split}_labeled_studies.csv").write_text("".join(studies), encoding="utf-8")
            (root / f"{split}_image_paths.csv").write_text("".join(images), encoding="utf-8")
