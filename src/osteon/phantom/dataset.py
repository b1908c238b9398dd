"""Write a set of phantom radiographs: normal and abnormal studies, fractures or bone densities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from joblib import Parallel, delayed
from tqdm import tqdm

from osteon.phantom.broken import FRACTURED, INTACT, draw_broken
from osteon.phantom.class_folders import ClassFolders
from osteon.phantom.density import DENSITIES, draw_density
from osteon.phantom.fractures import TYPES
from osteon.phantom.mura import Mura
from osteon.phantom.pictures import Row

NOTICE = "DRAWN.txt"  # so that nobody takes the set for real
_TRAIN_TEST = ("train", "test")


class Kind(Protocol):
    """A kind of set: what its patients show, and how its files lie."""

    @property
    def name(self) -> str:
        """Name the folder of the set."""
        ...

    @property
    def splits(self) -> tuple[str, str] | None:
        """Name the folders for training and for the rest; None if there are none."""
        ...

    @property
    def train_share(self) -> float:
        """Give the share of patients in the first of them."""
        ...

    def draw_patient(self, root: Path, split: str, seed: int, patient: int) -> list[Row]:
        """Draw all pictures of a patient, with a row for each."""
        ...

    def write_tables(self, root: Path, rows: list[Row]) -> None:
        """Write the tables that belong to the pictures."""
        ...


KINDS: Mapping[str, Kind] = {
    "abnormality": Mura(),
    "fracture_types": ClassFolders("fracture-types", 11, tuple(TYPES), draw_broken, _TRAIN_TEST),
    "bone_density": ClassFolders("bone-density", 12, tuple(DENSITIES), draw_density, None,
                                 of_the_patient=True),
    "fracture": ClassFolders("fracture", 13, (INTACT, FRACTURED), draw_broken, _TRAIN_TEST),
}


def draw_dataset(folder: Path, *, patients: int, seed: int, kind: str = "abnormality",
                 workers: int = -1) -> int:
    """Draw a set of phantom radiographs and return how many pictures it has.

    Each patient is drawn from a generator of its own, so that the bytes depend on neither
    ``workers`` nor the processor. Refuses a folder that already holds a set: a mixture of two
    would pass for one.

    Args:
        folder: where the folder of the set is made.
        patients: at least 2, since training and the rest share none.
        seed: of the whole set.
        kind: one of ``KINDS``.
        workers: processes that draw at the same time; -1 for one per core.
    """
    if patients < 2:
        raise ValueError(f"patients must be at least 2 to fill both splits, not {patients}")
    drawn = KINDS[kind]
    root = folder / drawn.name
    if root.exists():
        raise FileExistsError(f"{root} already exists; draw into a fresh folder")
    root.mkdir(parents=True)
    (root / NOTICE).write_text("These radiographs are drawn by a program; no patient is shown.\n")
    splits = _splits(drawn, patients)
    results = Parallel(n_jobs=workers, return_as="generator")(
        delayed(drawn.draw_patient)(root, split, seed, patient)
        for patient, split in enumerate(splits, start=1)
    )
    rows = [row for part in tqdm(results, total=patients, desc="drawing patients", unit="patient")
            for row in part]
    drawn.write_tables(root, rows)
    return len(rows)


def _splits(kind: Kind, patients: int) -> list[str]:
    """Give each patient's split; those of the second are numbered after those of the first."""
    if kind.splits is None:
        return [""] * patients
    train = min(max(round(kind.train_share * patients), 1), patients - 1)
    return [kind.splits[0]] * train + [kind.splits[1]] * (patients - train)
