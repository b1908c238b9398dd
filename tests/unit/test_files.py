"""An output is whole or it is not there."""

import hashlib

import pytest

from osteon.files import fresh_file, fresh_folder, read_json, sha256, write_json


class Killed(BaseException):
    """Stands for Ctrl-C: no Exception, so an `except Exception` would miss it."""


@pytest.mark.parametrize("failure", [
    pytest.param(RuntimeError, id="an error"), pytest.param(Killed, id="an interruption")])
def test_a_failure_leaves_the_old_folder_and_nothing_half_written(tmp_path, failure):
    out = tmp_path / "out"
    with fresh_folder(out) as folder:
        (folder / "old.txt").write_text("old")

    def spoil():
        with fresh_folder(out) as folder:
            (folder / "new.txt").write_text("half")
            raise failure
    with pytest.raises(failure):
        spoil()
    assert [file.name for file in tmp_path.rglob("*")] == ["out", "old.txt"]


def test_a_new_folder_replaces_the_old_one_whole(tmp_path):
    out = tmp_path / "deep" / "out"
    for name in ("one", "two"):
        with fresh_folder(out) as folder:
            (folder / name).write_text(name)
    assert [file.name for file in out.iterdir()] == ["two"]


def test_nothing_shows_before_it_is_whole(tmp_path):
    with fresh_folder(tmp_path / "out"):
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out").is_dir()
    with fresh_file(tmp_path / "file") as aside:
        aside.write_text("x")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_text() == "x"


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    seen = []

    def remember(folder):
        seen.append(folder)
        raise Killed
    with pytest.raises(Killed), fresh_folder(tmp_path / "out") as folder:
        remember(folder)
    left = seen[0]
    left.mkdir()  # as a process killed outright leaves it
    (left / "junk").write_text("half")
    with fresh_folder(tmp_path / "out") as folder:
        (folder / "good").write_text("whole")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["good", "out"]


@pytest.mark.parametrize("failure", [
    pytest.param(RuntimeError, id="an error"), pytest.param(Killed, id="an interruption")])
def test_a_failure_leaves_the_old_file_and_nothing_half_written(tmp_path, failure):
    file = tmp_path / "out.txt"
    file.write_text("old")

    def spoil():
        with fresh_file(file) as aside:
            aside.write_text("half")
            raise failure
    with pytest.raises(failure):
        spoil()
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("out.txt", "old")]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_json_and_keeps_the_old_file(tmp_path, value):
    file = tmp_path / "deep" / "figures.json"
    write_json(file, {"auroc": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(file, {"auroc": value})
    assert read_json(file) == {"auroc": 0.5}
    assert list(file.parent.iterdir()) == [file]


def test_json_is_indented_and_ends_its_last_line(tmp_path):
    write_json(tmp_path / "a.json", {"b": [1], "a": None})
    assert (tmp_path / "a.json").read_text() == (
        '{\n  "b": [\n    1\n  ],\n  "a": null\n}\n')


def test_a_hash_is_of_the_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # The first example of FIPS 180-2, appendix B.1.
    assert sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    (tmp_path / "large").write_bytes(b"x" * 3_000_000)
    assert sha256(tmp_path / "large") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
