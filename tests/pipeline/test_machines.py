"""Machines that share nothing but a remote, and runs that share one folder at the same time."""

from pathlib import Path

import pytest

from project import Project

pytestmark = pytest.mark.proof

MEMBERS = ("one", "other")
PHASES = ("tune", "train", "finetune")


@pytest.fixture(scope="module")
def commit(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a small commit that every machine clones; it names a remote."""
    project = Project.clone(tmp_path_factory.mktemp("commit"))
    project.configure(
        sample__patients=60, preprocess__image_size_px=64, train__epochs=2, finetune__epochs=1,
        model__members=list(MEMBERS), **{f"backbones__{name}": {
            "arch": "test_resnet", "normalize": "imagenet", "seed": seed}
            for seed, name in enumerate(MEMBERS)})
    store = tmp_path_factory.mktemp("store")
    project.run("dvc", "remote", "add", "--default", "store", str(store))
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qam", "small")
    return project


def clone(commit: Project, folder: Path) -> Project:
    """Clone the commit onto another machine."""
    commit.run("git", "clone", "--quiet", ".", str(folder))
    return Project(folder)


@pytest.fixture(scope="module")
def prepared(commit: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a machine that has done all that comes before the members."""
    project = clone(commit, tmp_path_factory.mktemp("prepared") / "clone")
    project.run("dvc", "repro", "preprocess")
    return project


def phases(member: str) -> list[str]:
    """Name the stages of a member alone."""
    return [f"{stage}@{member}" for stage in PHASES]


def weights(project: Project, member: str) -> bytes:
    """Read what both phases made of a member."""
    return (project.folder / f"artifacts/finetune/{member}/model.safetensors").read_bytes()


def ran(project: Project) -> list[str]:
    """List the stages that have worked in this folder, in their order."""
    return list(project.table("runs/stages.csv")["stage"])


def test_what_two_machines_trained_is_not_trained_again(
        commit: Project, prepared: Project, tmp_path: Path) -> None:
    machines = {"one": prepared.copy(tmp_path / "one"), "other": clone(commit, tmp_path / "other")}
    trained = {}
    for member, machine in machines.items():
        machine.run("dvc", "repro", "preprocess")
        machine.run("dvc", "repro", "-s", *phases(member))
        machine.run("dvc", "push", "--run-cache")
        trained[member] = weights(machine, member)
    assert trained["one"] != trained["other"]

    whole = clone(commit, tmp_path / "whole")
    whole.run("dvc", "pull", "--run-cache", "--allow-missing")
    whole.run("dvc", "repro", "--pull", "ensemble")
    assert ran(whole) == ["ensemble"]
    assert {member: weights(whole, member) for member in MEMBERS} == trained


def test_members_train_side_by_side_in_one_folder(prepared: Project, tmp_path: Path) -> None:
    project = prepared.copy(tmp_path / "project")
    runs = [project.start("dvc", "--wait-for-lock", "repro", "-s", *phases(member))
            for member in MEMBERS]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    done = ran(project)
    assert {f"{stage} {member}" for stage in PHASES for member in MEMBERS} <= set(done)
    project.run("dvc", "repro", "finetune")
    assert ran(project) == done
