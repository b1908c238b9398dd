"""A user's mistake ends in one line; a bug of ours keeps its traceback."""

import errno
import re
import sys
import time

import pytest

from osteon.errors import UserError, run


def _stage(failure):
    def stage():
        raise failure
    return stage


@pytest.mark.parametrize(("failure", "words"), [
    pytest.param(UserError("split: no image"), "error: split: no image", id="a user's mistake"),
    pytest.param(OSError(errno.ENOSPC, "No space left on device", "out.csv"),
                 "error: out.csv: No space left on device", id="a full disk"),
    pytest.param(OSError(errno.EDQUOT, "Disk quota exceeded", "out.csv"),
                 "error: out.csv: Disk quota exceeded", id="a full quota"),
])
def test_what_a_user_can_mend_ends_with_one_message(tmp_path, failure, words):
    with pytest.raises(SystemExit) as ended:
        run(_stage(failure), tmp_path / "stages.csv")
    # A text as the code makes Python print it and exit with 1.
    assert ended.value.code.startswith(words)
    assert "\n" not in ended.value.code


@pytest.mark.parametrize("failure", [
    pytest.param(ValueError("a bug"), id="a bug"),
    pytest.param(FileNotFoundError(errno.ENOENT, "gone", "x"), id="a missing file is no full disk"),
])
def test_what_is_ours_to_mend_is_raised_whole(tmp_path, failure):
    with pytest.raises(type(failure)):
        run(_stage(failure), tmp_path / "stages.csv")


def test_a_stage_without_a_fault_returns_and_its_time_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/stages/train.py", "tiny"])
    times = tmp_path / "runs/stages.csv"
    for seconds in (0.2, 0.0):
        assert run(lambda seconds=seconds: time.sleep(seconds), times) is None
    assert run(lambda: time.sleep(0.2) or 8, times) is None
    with pytest.raises(SystemExit):
        run(_stage(UserError("no image")), times)
    head, first, second, third = times.read_text().splitlines()
    assert head == "ended,stage,seconds,images,images_per_s"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00,train tiny,0\.[2-9],,", first)
    assert second.endswith(",train tiny,0.0,,")
    *_, seconds, images, speed = third.split(",")
    assert images == "8"
    assert 8 / (float(seconds) + 0.05) <= float(speed) <= 40  # of 0.2 s at least


def test_a_command_that_is_no_stage_is_not_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(lambda: None, times=None) is None
    assert not list(tmp_path.iterdir())
