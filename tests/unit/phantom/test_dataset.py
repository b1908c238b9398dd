"""The set is MURA's layout, and the same bytes whoever draws it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.dataset import draw_dataset
from pictures import grey_radiograph


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_bytes_depend_on_the_seed_alone(tmp_path: Path) -> None:
    drawn = {
        name: draw_dataset(tmp_path / name, patients=6, seed=seed, workers=workers)
        for name, seed, workers in (("one", 3, 1), ("two", 3, 2), ("other", 4, 1))
    }
    one, two, other = (_hashes(tmp_path / name) for name in drawn)
    assert one == two
    assert drawn["one"] == sum(name.endswith(".png") for name in one)
    pictures = {name: digest for name, digest in one.items() if name.endswith(".png")}
    assert not set(pictures.values()) & set(other.values())


def test_the_committed_sample_is_still_what_is_drawn(tmp_path: Path) -> None:
    # data.dvc holds the hash of the whole set; other bytes would leave a fresh clone without data.
    draw_dataset(tmp_path, patients=4, seed=3, workers=1)
    whole = hashlib.sha256()
    for path in sorted(file for file in tmp_path.rglob("*") if file.is_file()):
        whole.update(path.relative_to(tmp_path).as_posix().encode() + path.read_bytes())
    assert whole.hexdigest() == "6ab62690f422ee81a4e82c853e3a6eeb87fd8a5c88fbad3224523a3fafd7b408"


def test_more_patients_leave_the_first_ones_as_they_were(tmp_path: Path) -> None:
    for patients in (4, 8):
        draw_dataset(tmp_path / str(patients), patients=patients, seed=3, workers=1)
    few, many = (
        {name.split("/", 2)[2]: value for name, value in _hashes(tmp_path / count).items()
         if name.endswith(".png")}
        for count in ("4", "8")
    )
    assert few.items() <= many.items()


@pytest.mark.parametrize("split", ["train", "valid"])
def test_lists_and_files_agree(phantoms: Path, split: str) -> None:
    listed = _lines(phantoms / f"{split}_image_paths.csv")
    on_disk = {str(p.relative_to(phantoms.parent)) for p in (phantoms / split).rglob("*.png")}
    assert len(listed) == len(set(listed))
    assert set(listed) == on_disk

    labelled = _lines(phantoms / f"{split}_labeled_studies.csv")
    studies = dict(line.rsplit(",", 1) for line in labelled)
    assert set(studies) == {path.rsplit("/", 1)[0] + "/" for path in listed}
    pattern = rf"MURA-v1\.1/{split}/(XR_[A-Z]+)/patient\d{{5}}/study\d_(positive|negative)/"
    for folder, label in studies.items():
        match = re.fullmatch(pattern, folder)
        assert match
        assert match[1] in BODY_PARTS
        assert label == {"positive": "1", "negative": "0"}[match[2]]


def test_no_patient_is_in_both_splits(phantoms: Path) -> None:
    numbers = {
        split: {int(p.name.removeprefix("patient")) for p in (phantoms / split).glob("*/patient*")}
        for split in ("train", "valid")
    }
    assert max(numbers["train"]) < min(numbers["valid"])
    assert numbers["train"] | numbers["valid"] == set(range(1, 121))
    assert len(numbers["valid"]) == 12


def test_pictures_are_grey_and_of_many_sizes(phantoms: Path) -> None:
    shapes, sizes = set(), []
    for path in sorted(phantoms.rglob("*.png")):
        shapes.add(grey_radiograph(path).shape)
        sizes.append(path.stat().st_size)
    assert len(shapes) > 50
    assert max(sizes) < 70_000


def test_a_folder_with_a_set_is_refused(tmp_path: Path) -> None:
    draw_dataset(tmp_path, patients=2, seed=0, workers=1)
    with pytest.raises(FileExistsError, match="fresh folder"):
        draw_dataset(tmp_path, patients=2, seed=0, workers=1)


def test_a_single_patient_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        draw_dataset(tmp_path, patients=1, seed=0)
    assert not any(tmp_path.iterdir())
