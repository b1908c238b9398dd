"""A user's mistake ends in one line; a bug of ours keeps its traceback."""

import errno

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
def test_what_a_user_can_mend_ends_with_one_message(failure, words):
    with pytest.raises(SystemExit) as ended:
        run(_stage(failure))
    # A text as the code makes Python print it and exit with 1.
    assert ended.value.code.startswith(words)
    assert "\n" not in ended.value.code


@pytest.mark.parametrize("failure", [
    pytest.param(ValueError("a bug"), id="a bug"),
    pytest.param(FileNotFoundError(errno.ENOENT, "gone", "x"), id="a missing file is no full disk"),
])
def test_what_is_ours_to_mend_is_raised_whole(failure):
    with pytest.raises(type(failure)):
        run(_stage(failure))


def test_a_stage_without_a_fault_returns():
    assert run(lambda: None) is None
