"""A search by several processes: what is killed goes on, what is shared is shared exactly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import searches
from osteon import trialstore
from osteon.study import Study
from searches import PLAN, search, toy

TESTS, SOURCE = Path(searches.__file__).parent, Path(trialstore.__file__).parents[1]


def _start(folder, storage="", *, helps=False, trials=20, **options):
    """Begin the search in a process of its own."""
    command = [sys.executable, searches.__file__, str(folder), storage,
               "helps" if helps else "leads", str(trials), json.dumps(options)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), str(TESTS)])}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def _made(processes):
    """Let processes come to their end; give all that they said."""
    said = "".join(process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0] * len(processes), said
    return said


def test_a_killed_search_ends_as_an_undisturbed_one(tmp_path):
    for epochs in (5, 30):  # in the middle of the first trial, and of a later one
        process = _start(tmp_path / "cut", killed_after=epochs)
        process.communicate()
        assert process.returncode == -9
    assert search(tmp_path / "cut") == search(tmp_path / "whole")


def test_workers_share_the_number_of_trials(tmp_path):
    _made([_start(tmp_path, helps=True, pause_s=0.01), _start(tmp_path, pause_s=0.01)])
    trials = Study(PLAN, tmp_path).trials()
    assert [trial.number for trial in trials] == list(range(20))
    assert max(trial.curve[-1] for trial in trials) > 0.8


def test_machines_that_share_no_folder_share_a_database(tmp_path):
    url = f"sqlite:///{tmp_path}/trials.db"
    said = _made([_start(tmp_path / name, url, trials=6) for name in ("first", "second")])
    assert len(Study(PLAN, tmp_path / "third", url).trials()) == 6
    assert "taken for dead" not in said


def test_what_another_process_has_under_way_is_left_to_it(tmp_path):
    """While trial 0 is under way here, a helper makes all the others."""
    begun = []

    def slow(values, report):
        begun.append(values)
        if len(begun) == 1:
            _made([_start(tmp_path, helps=True)])
        toy()(values, report)

    with Study(PLAN, tmp_path).finished(slow) as trials:
        assert len(trials) == 20
    assert len(begun) == 1
