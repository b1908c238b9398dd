"""The sets in class folders: read by either layout, grouped by patient, the same bytes again."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteon.layouts import LAYOUTS
from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.class_folders import ClassFolders
from osteon.phantom.dataset import KINDS, NOTICE, draw_dataset
from pictures import grey_radiograph
from tables import DATASET

SETS = {name: kind for name, kind in KINDS.items() if isinstance(kind, ClassFolders)}
LABELS = {
    "fracture_types": ("avulsion_fracture", "comminuted_fracture", "fracture_dislocation",
                       "greenstick_fracture", "hairline_fracture", "impacted_fracture",
                       "longitudinal_fracture", "oblique_fracture", "pathological_fracture",
                       "spiral_fracture"),
    "bone_density": ("normal", "osteopenia", "osteoporosis"),
    "fracture": ("not_fractured", "fractured"),
}
ROOTS = {"fracture_types": "fracture-types", "bone_density": "bone-density", "fracture": "fracture"}
FOLDERS = {"fracture_types": {"train", "test"}, "fracture": {"train", "test"},
           "bone_density": set(LABELS["bone_density"])}


@pytest.fixture(scope="module", params=SETS)
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
          ) -> tuple[str, Path]:
    """Draw ten patients of each set; give its kind and its root."""
    folder = tmp_path_factory.mktemp(request.param)
    count = draw_dataset(folder, kind=request.param, patients=10, seed=6, workers=1)
    root = folder / ROOTS[request.param]
    assert count == len(list(root.rglob("*.png")))
    return request.param, root


def _listing(layout: str, root: Path, labels: tuple[str, ...]) -> pd.DataFrame:
    dataset = DATASET.model_copy(update={"layout": layout, "root": str(root), "labels": labels,
                                         "manifest": "labels.csv"})
    return LAYOUTS[layout].listing(root, dataset)


def test_both_layouts_read_the_same_images_and_labels(drawn: tuple[str, Path]) -> None:
    kind, root = drawn
    table, folders = (_listing(layout, root, LABELS[kind]).set_index("path").sort_index()
                      for layout in ("csv", "class_folders"))
    assert set(table["label"]) <= set(LABELS[kind])
    assert table["label"].equals(folders["label"])
    assert table["official_split"].equals(folders["official_split"])
    assert {path.name for path in root.iterdir() if path.is_dir()} <= FOLDERS[kind]
    assert (root / NOTICE).is_file()


def test_the_table_knows_patients_that_the_folders_do_not(drawn: tuple[str, Path]) -> None:
    kind, root = drawn
    table = _listing("csv", root, LABELS[kind])
    assert table["patient_id"].nunique() == 10
    assert (table.groupby("study_id")["label"].nunique() == 1).all()
    assert (table.groupby("study_id")["body_part"].nunique() == 1).all()
    assert (table.groupby("patient_id")["official_split"].nunique() == 1).all()
    assert set(table["body_part"]) <= {part.removeprefix("XR_").lower() for part in BODY_PARTS}
    assert set(table["view"]) == {"frontal", "oblique"}
    for row in table.itertuples():
        assert Path(str(row.path)).name.startswith(f"{row.patient_id}_")


def test_pictures_are_grey_and_not_blank(drawn: tuple[str, Path]) -> None:
    for path in sorted(drawn[1].rglob("*.png")):
        grey_radiograph(path)


@pytest.mark.parametrize("kind", SETS)
def test_bytes_depend_on_the_seed_alone(tmp_path: Path, kind: str) -> None:
    found = {}
    for name, seed, workers in (("one", 3, 1), ("two", 3, 2), ("other", 4, 1)):
        draw_dataset(tmp_path / name, kind=kind, patients=2, seed=seed, workers=workers)
        found[name] = {path.relative_to(tmp_path / name).as_posix():
                       hashlib.sha256(path.read_bytes()).hexdigest()
                       for path in (tmp_path / name).rglob("*.png")}
    assert found["one"] == found["two"]
    assert not set(found["one"].values()) & set(found["other"].values())


@pytest.mark.parametrize("kind", SETS)
def test_every_label_occurs_as_often_among_the_first_studies(kind: str) -> None:
    drawn = SETS[kind]
    labels = len(LABELS[kind])
    first = Counter(drawn.studies_of(1, patient)[0].label for patient in range(6 * labels))
    assert first == dict.fromkeys(LABELS[kind], 6)


@pytest.mark.parametrize("kind", SETS)
def test_part_and_views_do_not_depend_on_the_label(kind: str) -> None:
    drawn = SETS[kind]
    studies = [study for patient in range(2500) for study in drawn.studies_of(1, patient)]
    labels = np.array([study.label for study in studies])
    traits = [np.array([study.part == part for study in studies]) for part in BODY_PARTS]
    traits += [np.array([study.views == views for study in studies]) for views in (1, 2, 3)]
    for label in LABELS[kind]:
        for trait in traits:
            assert abs(trait[labels == label].mean() - trait.mean()) < 0.07


def test_density_is_of_the_patient_and_a_fracture_of_the_study() -> None:
    found = {}
    for kind in SETS:
        patients = [SETS[kind].studies_of(1, patient) for patient in range(300)]
        twice = [studies for studies in patients if len(studies) > 1]
        assert len(twice) > 25
        found[kind] = any(len({study.label for study in studies}) > 1 for studies in twice)
    assert found == {"fracture_types": True, "bone_density": False, "fracture": True}
