"""A user's mistake ends with one clear message, a non-zero code, and nothing half-written."""

import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from project import Project

MINE = "data/mine"
IMAGE = "train/XR_WRIST/patient90001/study1_positive/image1.png"


def own_data(project: Project) -> Path:
    """Give the project a data set of the user's own, a copy of the drawn one."""
    root = project.folder / MINE
    shutil.copytree(project.folder / "data/sample/MURA-v1.1", root)
    for listed in root.glob("*.csv"):
        listed.unlink()
    project.configure(dataset__root=MINE)
    return root


def image(root: Path, name: str = IMAGE) -> Path:
    """Add an image to the data set, whole and good."""
    target = root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(next(root.glob("train/*/*/*_positive/image1.png")), target)
    return target


def missing_root(project: Project) -> None:
    project.configure(dataset__root="data/nowhere")


def empty_root(project: Project) -> None:
    (project.folder / "data/empty").mkdir()
    project.configure(dataset__root="data/empty")


def one_class(project: Project) -> None:
    for study in own_data(project).glob("*/*/*/*_positive"):
        shutil.rmtree(study)


def truncated_image(project: Project) -> None:
    target = image(own_data(project))
    target.write_bytes(target.read_bytes()[:2000])


def text_as_png(project: Project) -> None:
    image(own_data(project)).write_text("not a picture at all")


def unknown_body_part(project: Project) -> None:
    image(own_data(project), "train/XR_FOOT/patient90001/study1_positive/image1.png")


def another_kind_than_drawn(project: Project) -> None:
    project.configure(sample__kind="bone_density")


def unknown_key(project: Project) -> None:
    project.configure(train__epoch=3)


def impossible_value(project: Project) -> None:
    project.configure(preprocess__contrast="clache")


def member_without_backbone(project: Project) -> None:
    project.configure(model__members=["resnet99"])


def unknown_arch(project: Project) -> None:
    project.configure(backbones__tiny__arch="resnet_of_my_dreams")


def class_missing_in_a_part(project: Project) -> None:
    studies = sorted(own_data(project).glob("*/*/*/*_positive"))
    for study in studies[1:]:
        shutil.rmtree(study)


MISTAKES = [
    (missing_root, ["dataset.root: data/nowhere is no folder", "Set dataset.root"]),
    (empty_root, ["dataset.root: data/empty holds no image", "'mura' wants"]),
    (one_class, ["not every label of dataset.labels occurs", "abnormal", "Add images"]),
    (truncated_image, [IMAGE, "dataset.quarantine.unreadable=drop", "runs/check/index.html"]),
    (text_as_png, [IMAGE, "dataset.quarantine.unreadable=drop", "runs/check/index.html"]),
    (unknown_body_part, ["dataset.body_parts does not name", "XR_FOOT/patient90001", "Add it"]),
    (another_kind_than_drawn, ["data/sample/MURA-v1.1 is not what sample.kind=bone_density draws",
                               "data/sample/bone-density", "drawn_bone_density"]),
    (unknown_key, ["train.epoch: no such key", "epochs"]),
    (impossible_value, ["preprocess.contrast", "'clahe'", "'clache'"]),
    (member_without_backbone, ["'resnet99' has no entry in conf/backbones/", "xception"]),
    (unknown_arch, ["timm has no arch 'resnet_of_my_dreams'", "conf/backbones/",
                    "failed to reproduce 'configure'"]),
    (class_missing_in_a_part, ["no image labelled 'abnormal' in", "larger share"]),
]


@pytest.mark.parametrize(("make", "said"), MISTAKES, ids=lambda value: getattr(
    value, "__name__", ""))
def test_a_mistake_is_named_with_its_remedy(
        small: Project, make: Callable[[Project], None], said: list[str]) -> None:
    make(small)
    output = small.run("dvc", "repro", "train", fails=True)
    for words in said:
        assert words in output
    assert "Traceback" not in output
    assert not list((small.folder / "artifacts").rglob(".*.partial"))


def test_unreadable_files_are_dropped_where_that_is_asked_for(small: Project) -> None:
    text_as_png(small)
    small.configure(dataset__quarantine__unreadable="drop")
    small.run("dvc", "repro", "split")
    assert IMAGE in set(small.table("artifacts/index/quarantine.csv")["path"])
    assert IMAGE not in set(small.table("artifacts/split/split.csv")["path"])


@pytest.mark.parametrize(("stage", "most_bytes"), [
    ("sample", 20_000), ("index", 10_000), ("split", 10_000), ("preprocess", 100_000),
    ("train", 200_000)])
def test_a_full_disk_leaves_nothing_half_written(
        small: Project, stage: str, most_bytes: int) -> None:
    artifacts = small.folder / "artifacts"
    shutil.rmtree(artifacts / stage, ignore_errors=True)
    before = set(artifacts.rglob("*"))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = ["python", "-m", f"stages.{stage}", *(["tiny"] if stage == "train" else [])]
    output = small.run(*command, fails=True, preexec_fn=limit)
    assert "free disk space" in output
    assert "Traceback" not in output
    assert set(artifacts.rglob("*")) <= before | {artifacts / "train"}


def test_images_of_ones_own_are_never_mixed_with_drawn_ones(small: Project) -> None:
    root = small.folder / "data/sample/MURA-v1.1"
    (root / "DRAWN.txt").unlink()
    small.configure(sample__patients=61)
    output = small.run("dvc", "repro", "sample", fails=True)
    assert "data/sample/MURA-v1.1: not drawn by this project" in output
    assert "Move it out of data/sample" in output
