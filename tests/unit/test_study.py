"""A search: what it finds, what it stops, and when it is made again."""

import pytest

import searches
from osteon import trialstore
from osteon.errors import UserError
from osteon.study import Study
from searches import EPOCHS, PLAN, search, toy


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Give the trials of the search that nothing disturbs."""
    return search(tmp_path_factory.mktemp("whole"))


def test_the_planted_optimum_is_found(undisturbed):
    best = max(undisturbed, key=lambda trial: trial.curve[-1])
    assert best.end == "complete"
    assert best.values["head.kind"] == "good"
    assert best.values["train.rate"] > 0.5


def test_the_same_seed_makes_the_same_trials(tmp_path, undisturbed):
    assert search(tmp_path) == undisturbed


def test_bad_trials_are_stopped_at_rungs_and_good_ones_go_on(undisturbed):
    assert [trial.number for trial in undisturbed] == list(range(20))
    lengths = {end: {len(trial.curve) for trial in undisturbed if trial.end == end}
               for end in ("stopped", "complete")}
    assert lengths == {"stopped": {1, 3}, "complete": {EPOCHS}}
    assert sum(len(trial.curve) for trial in undisturbed) < 0.7 * 20 * EPOCHS


def test_a_trial_whose_measure_is_no_number_ends_and_the_search_goes_on(tmp_path):
    def some_diverge(values, report):
        for epoch in range(1, EPOCHS + 1):
            wrong = values["head.kind"] == "bad" and epoch == 2
            if report(epoch, float("nan") if wrong else values["train.rate"] + 0.1 * epoch):
                return

    with Study(PLAN, tmp_path).finished(some_diverge) as trials:
        bad = [trial for trial in trials if trial.values["head.kind"] == "bad"]
    assert len(trials) == 20
    assert {trial.end for trial in bad} == {"diverged", "stopped"}
    assert {len(trial.curve) for trial in bad} == {1}


def test_trials_are_compared_by_their_best_epoch_so_far(tmp_path):
    def falls(values, report):
        for epoch in range(1, EPOCHS + 1):
            if report(epoch, values["train.rate"] - 0.1 * (epoch - 2)**2):
                return

    with Study(PLAN, tmp_path).finished(falls) as trials:
        complete = next(trial for trial in trials if trial.end == "complete")
    rate = complete.values["train.rate"]
    assert complete.curve == pytest.approx((rate - 0.1, *[rate] * (EPOCHS - 1)), abs=1e-4)


def test_a_finished_search_is_begun_anew_and_an_unfinished_one_is_not(tmp_path):
    made = []

    def counted(values, report):
        made.append(values)
        toy()(values, report)

    study = Study(PLAN, tmp_path)
    study.work(counted)
    with study.finished(counted):
        assert len(made) == 20
    Study(PLAN, tmp_path).work(counted)
    assert len(made) == 20
    with Study(PLAN, tmp_path).finished(counted) as trials:
        assert len(made) == 40
        assert len(trials) == 20


def test_a_mistake_in_a_trial_ends_the_search_and_the_next_one_takes_it_up(tmp_path, undisturbed):
    def fails(values, report):
        report(1, searches.measure(values, 1))
        raise UserError("out of memory")

    with pytest.raises(UserError, match="out of memory"):
        Study(PLAN, tmp_path).work(fails)
    assert search(tmp_path) == undisturbed


@pytest.mark.parametrize(("storage", "words"), [
    pytest.param("nosuch://host/db", r"tune\.storage: nosuch://\.\.\.: .*or null", id="no dialect"),
    pytest.param("sqlite:////no/such/folder/x.db", r"sqlite://\.\.\.: OperationalError",
                 id="no such folder"),
    pytest.param("{folder}", "IsADirectoryError", id="a folder"),
    pytest.param("{folder}/notes.txt", r"notes\.txt: JSONDecodeError", id="no journal"),
])
def test_a_storage_that_cannot_be_used_is_named(tmp_path, storage, words, monkeypatch):
    monkeypatch.setattr(trialstore, "_TABLES_S", 0.0)
    (tmp_path / "notes.txt").write_text("not trials\n")
    with pytest.raises(UserError, match=words):
        Study(PLAN, tmp_path / "runs", storage.format(folder=tmp_path))


def test_a_password_is_not_said():
    with pytest.raises(UserError) as refused:
        trialstore.opened("nosuch://me:secret@host/db")
    assert "secret" not in str(refused.value)


def test_trials_are_kept_where_they_are_asked_to_be(tmp_path):
    search(tmp_path / "runs", str(tmp_path / "shared" / "trials.log"))
    assert len((tmp_path / "shared" / "trials.log").read_text().splitlines()) > 100
    assert not (tmp_path / "runs" / "journal.log").exists()
