"""Write a set of phantom radiographs in the layout of MURA v1.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.study import Study, draw_view

ROOT = "MURA-v1.1"
NOTICE = "DRAWN.txt"  # so that nobody takes the set for Stanford's
_POSITIVE_SHARE = 0.45
_TRAIN_SHARE = 0.9
_STUDIES = (0.85, 0.13, 0.02)
_VIEWS = (0.22, 0.47, 0.31)
# Huffman coding alone: the bytes then do not depend on how a zlib build searches for matches.
_PNG = (
    cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
    cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB,
)


def studies_of(seed: int, patient: int) -> list[Study]:
    """Draw what a patient was examined for; mostly once, now and then again or elsewhere."""
    rng = np.random.default_rng([seed, patient])
    count = 1 + int(rng.choice(len(_STUDIES), p=_STUDIES))
    part = BODY_PARTS[int(rng.integers(0, len(BODY_PARTS)))]
    studies = []
    for number in range(1, count + 1):
        if number > 1 and rng.random() < 0.5:
            part = BODY_PARTS[int(rng.integers(0, len(BODY_PARTS)))]
        positive = bool(rng.random() < _POSITIVE_SHARE)
        views = 1 + int(rng.choice(len(_VIEWS), p=_VIEWS))
        studies.append(Study(part, positive, views, (seed, patient, number)))
    return studies


def _located(split: str, patient: int, studies: list[Study]) -> Iterator[tuple[str, Study]]:
    """Name each study's folder; MURA counts a patient's studies within a body part."""
    seen: dict[str, int] = {}
    for study in studies:
        seen[study.part] = seen.get(study.part, 0) + 1
        label = "positive" if study.positive else "negative"
        yield (f"{ROOT}/{split}/{study.part}/patient{patient:05d}/"
               f"study{seen[study.part]}_{label}/"), study


def _draw_patient(folder: Path, split: str, seed: int, patient: int
                  ) -> list[tuple[str, int, int]]:
    """Draw all pictures of a patient; give each study's folder, label and number of pictures."""
    rows = []
    for place, study in _located(split, patient, studies_of(seed, patient)):
        (folder / place).mkdir(parents=True)
        for number in range(study.views):
            path = folder / place / f"image{number + 1}.png"
            path.write_bytes(cv2.imencode(".png", draw_view(study, number), _PNG)[1].tobytes())
        rows.append((place, int(study.positive), study.views))
    return rows


def _write_lists(folder: Path, split: str, rows: list[tuple[str, int, int]]) -> None:
    labels = "".join(f"{place},{label}\n" for place, label, _ in sorted(rows))
    images = "".join(
        f"{place}image{number + 1}.png\n" for place, _, views in sorted(rows)
        for number in range(views)
    )
    (folder / ROOT / f"{split}_labeled_studies.csv").write_text(labels, encoding="utf-8")
    (folder / ROOT / f"{split}_image_paths.csv").write_text(images, encoding="utf-8")


def draw_dataset(folder: Path, *, patients: int, seed: int, workers: int = -1) -> int:
    """Draw a set of phantom radiographs and return how many pictures it has.

    Each patient is drawn from a generator of its own, so that the bytes depend on neither
    ``workers`` nor the processor. Refuses a folder that already holds a set: a mixture of two
    would pass for one.

    Args:
        folder: where ``MURA-v1.1`` is made.
        patients: at least 2, since train and valid share none.
        seed: of the whole set.
        workers: processes that draw at the same time; -1 for one per core.
    """
    if patients < 2:
        raise ValueError(f"patients must be at least 2 to fill train and valid, not {patients}")
    root = folder / ROOT
    if root.exists():
        raise FileExistsError(f"{root} already exists; draw into a fresh folder")
    root.mkdir(parents=True)
    (root / NOTICE).write_text("These radiographs are drawn by a program; no patient is shown.\n")
    # MURA numbers the patients of valid after those of train.
    train = min(max(round(_TRAIN_SHARE * patients), 1), patients - 1)
    splits = ["train"] * train + ["valid"] * (patients - train)
    drawn = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_draw_patient)(folder, split, seed, patient)
        for patient, split in enumerate(splits, start=1)
    )
    results = list(tqdm(drawn, total=patients, desc="drawing patients", unit="patient"))
    for name in ("train", "valid"):
        rows = [row for split, part in zip(splits, results, strict=True) if split == name
                for row in part]
        _write_lists(folder, name, rows)
    return sum(views for part in results for _, _, views in part)
