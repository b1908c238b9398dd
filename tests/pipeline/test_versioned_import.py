"""data/ is versioned, what is in it belongs to the user, and only what is asked for is read."""

import shutil

from project import Project


def test_files_of_ones_own_survive(small: Project) -> None:
    """Also those that DVC has in its cache, which it would delete without asking."""
    mine = small.folder / "data/mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep me")
    shutil.copy(next((small.folder / "data/sample/MURA-v1.1").rglob("*.png")), mine / "copy.png")
    small.run("dvc", "repro", "index")
    small.configure(seed=21)
    small.run("dvc", "repro", "index")
    assert (mine / "notes.txt").read_text() == "keep me"
    assert (mine / "copy.png").is_file()
    assert "data/" not in small.run("git", "status", "--porcelain")


def test_of_an_older_drawing_nothing_is_read(small: Project) -> None:
    small.configure(seed=21)
    small.run("dvc", "repro", "index")
    drawn = {path.relative_to(small.folder / "artifacts/sample/MURA-v1.1").as_posix()
             for path in (small.folder / "artifacts/sample").rglob("*.png")}
    assert set(small.table("artifacts/index/index.csv")["path"]) == drawn


def test_a_set_of_another_kind_is_drawn_beside_the_first(small: Project) -> None:
    first = small.table("artifacts/index/index.csv")
    settings = (small.folder / "params.yaml").read_text()
    small.configure(sample__kind="bone_density", dataset__layout="csv",
                    dataset__root="data/sample/bone-density",
                    dataset__labels=["normal", "osteopenia", "osteoporosis"])
    small.run("dvc", "repro", "split")
    assert set(small.table("artifacts/split/split.csv")["label"]) == {
        "normal", "osteopenia", "osteoporosis"}
    assert (small.folder / "data/sample/MURA-v1.1/DRAWN.txt").is_file()
    (small.folder / "params.yaml").write_text(settings)
    small.run("dvc", "repro", "index")
    assert small.table("artifacts/index/index.csv").equals(first)


def test_files_of_ones_own_in_the_samples_folder_stop_the_drawing(small: Project) -> None:
    mine = small.folder / "data/sample/mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep me")
    small.configure(seed=21)
    output = small.run("dvc", "repro", "index", fails=True)
    assert "data/sample/mine: not drawn by this project" in output
    assert (mine / "notes.txt").read_text() == "keep me"


def test_a_changed_file_of_ones_own_data_set_runs_what_depends_on_it(small: Project) -> None:
    small.run("cp", "-r", "data/sample/MURA-v1.1", "data/mine")
    small.configure(dataset__root="data/mine")
    small.run("dvc", "repro", "index")
    assert "'index' didn't change" in small.run("dvc", "repro", "index")
    first, second = (small.folder / "data/mine" / path for path in
                     small.table("artifacts/index/index.csv")["path"][:2])
    second.write_bytes(first.read_bytes())
    small.run("dvc", "repro", "index")
    hashes = small.table("artifacts/index/index.csv")["sha256"]
    assert hashes[0] == hashes[1]


def test_dvc_add_takes_a_data_set_beside_the_sample(small: Project) -> None:
    small.run("cp", "-r", "data/sample/MURA-v1.1", "data/mine")
    small.run("dvc", "add", "data/mine")
    small.configure(dataset__root="data/mine")
    small.run("dvc", "repro", "index")
    assert "data/mine.dvc" in small.run("git", "status", "--porcelain", "--untracked-files=all")


def test_dvc_import_url_brings_a_data_set_beside_the_sample(small: Project) -> None:
    source = small.folder.parent / "elsewhere"
    small.run("cp", "-r", "data/sample/MURA-v1.1", str(source))
    small.run("dvc", "import-url", str(source), "data/mine")
    small.configure(dataset__root="data/mine")
    small.run("dvc", "repro", "index")
    assert len(small.table("artifacts/index/index.csv")) == len(list(source.rglob("*.png")))
