"""No stale checkpoint is taken up, no half one left, and one training at a time has the folder."""

import logging
import threading
import time

import pytest
import torch
from pytorch_lightning.utilities import rank_zero_only

from osteon.errors import UserError
from osteon.resume import WholeFiles, leads, of_turns, resumable


@pytest.mark.parametrize(("settings", "content", "same"), [
    pytest.param({"seed": 1, "epochs": 3}, "rows", True, id="all as it was"),
    pytest.param({"epochs": 3, "seed": 1}, "rows", True, id="keys in another order"),
    pytest.param({"seed": 1, "epochs": 4}, "rows", False, id="another setting"),
    pytest.param({"seed": 1, "epochs": 3}, "others", False, id="another input"),
])
def test_a_checkpoint_belongs_to_its_settings_and_inputs(tmp_path, settings, content, same):
    file = tmp_path / "split.csv"
    file.write_text("rows")
    with resumable(tmp_path, {"seed": 1, "epochs": 3}, [file]) as first:
        pass
    file.write_text(content)
    with resumable(tmp_path, settings, [file]) as second:
        assert (second == first) is same


def test_what_an_interrupted_run_left_is_kept_and_cleared_after_a_whole_one(tmp_path):
    def interrupted():
        with resumable(tmp_path, {}, []) as folder:
            folder.mkdir()
            (folder / "last.ckpt").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    [left] = tmp_path.glob("*/last.ckpt")
    assert left.is_file()
    with resumable(tmp_path, {}, []) as again:
        assert again == left.parent
    assert not left.parent.exists()


def test_a_second_process_says_so_and_waits(tmp_path, caplog):
    order = []

    def second():
        with resumable(tmp_path, {"epochs": 9}, []):
            order.append("second")

    with caplog.at_level(logging.WARNING, logger="osteon"):
        with resumable(tmp_path, {}, []):
            thread = threading.Thread(target=second)
            thread.start()
            time.sleep(0.3)
            order.append("first")
        thread.join(timeout=10)
    assert order == ["first", "second"]
    assert "another process is training here" in caplog.text
    assert str(tmp_path / "lock") in caplog.text


def test_one_of_several_processes_does_not_wait_for_another_training(tmp_path):
    with (resumable(tmp_path, {}, []),
          pytest.raises(UserError, match=r"another process is training here and holds .*lock"),
          resumable(tmp_path, {}, [], processes=2)):
        pass


def test_only_the_leading_process_locks_and_clears(tmp_path, monkeypatch):
    assert leads()
    with resumable(tmp_path, {}, [], processes=2) as folder:
        folder.mkdir()
        monkeypatch.setattr(rank_zero_only, "rank", 1)
        assert not leads()
        with resumable(tmp_path, {}, [], processes=2) as same:
            assert same == folder
        assert folder.is_dir()
        monkeypatch.setattr(rank_zero_only, "rank", 0)
    assert not folder.exists()


class Dying:
    """Something that cannot be written whole."""

    def __reduce__(self):
        raise KeyboardInterrupt


def test_a_checkpoint_cut_off_leaves_the_one_before_it(tmp_path):
    file = tmp_path / "last.ckpt"
    WholeFiles().save_checkpoint({"epoch": 3}, file)
    with pytest.raises(KeyboardInterrupt):
        WholeFiles().save_checkpoint({"epoch": 4, "more": [torch.zeros(9), Dying()]}, file)
    assert torch.load(file, weights_only=True) == {"epoch": 3}
    assert list(tmp_path.iterdir()) == [file]


def test_each_network_of_a_member_resumes_by_itself_and_all_are_cleared_at_the_end(tmp_path):
    with resumable(tmp_path, {}, []) as folder:
        assert of_turns(folder, 1) == [folder]
        places = of_turns(folder, 3)
        assert len(set(places)) == 3
        for place in places:
            place.mkdir()
        (tmp_path / "epochs.jsonl").touch()
    assert {file.name for file in tmp_path.iterdir()} == {"lock", "epochs.jsonl"}
