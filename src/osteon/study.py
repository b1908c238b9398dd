"""A search that several processes may share, and that goes on where it was killed."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState
from tqdm import tqdm

from osteon import trialstore
from osteon.errors import DivergedError
from osteon.plan import Plan, Values

log = logging.getLogger(__name__)

Report = Callable[[int, float], bool]  # an epoch, from 1, and its measure; whether to stop here
Objective = Callable[[Values, Report], None]
End = Literal["complete", "stopped", "diverged"]

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
_POLL_S = 1.0
# A trial of another machine that reports no epoch for so long is taken for dead. Epochs of a head
# take seconds; one taken from a process that lives after all is made twice, and nothing else.
_SILENT_S = 600.0


@dataclass(frozen=True)
class Trial:
    """A trial that has ended; `curve` is the best measure so far, epoch by epoch."""

    number: int
    end: End
    values: Values
    curve: tuple[float, ...]


class Study:
    """The trials of a plan, in a storage that other processes may share.

    A process holds a lock for the length of a trial. A trial under way whose lock is free belonged
    to a process that is gone: it is begun again under its number, with its values, and ends as it
    would have. `folder` holds the locks, and the journal where no other storage is named. Machines
    that share a storage but no folder know by silence who is gone.
    """

    def __init__(self, plan: Plan, folder: Path, storage: str | None = None) -> None:
        """Open the study, or begin it.

        Raises:
            UserError: the storage cannot be used.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        (folder / "trials").mkdir(parents=True, exist_ok=True)
        self._plan, self._folder = plan, folder
        self._desk = FileLock(folder / "desk.lock")  # where trials are given out, one by one
        self._heard: dict[int, tuple[int, float]] = {}
        with self._desk:
            self._place = trialstore.name_of(folder)
            # Only a journal of our own is out of reach of machines that do not see our locks.
            self._nameless = None if storage else self._place
            self._storage = trialstore.opened(storage or str(folder / "journal.log"))
            self._study = self._begun()

    def work(self, objective: Objective) -> None:
        """Make trials for as long as there are any to begin."""
        with self._bar() as bar:
            while self._one(objective):
                self._show(bar)
        log.info("%d of %d trials have ended; none is left to begin", len(self._in(*_ENDED)),
                 self._plan.total)

    @contextmanager
    def finished(self, objective: Objective) -> Iterator[list[Trial]]:
        """Make trials till all have ended, in whichever process, and give them.

        One process at a time is inside. Others that ask work along, and wait before they go in. A
        study found finished is begun anew, since it is asked again only where code has changed.
        """
        inside = FileLock(self._folder / "stage.lock")
        try:
            inside.acquire(timeout=0)
            self._begin_anew_if_finished()
        except Timeout:
            log.warning("another process is tuning here; working along with it")
        try:
            with self._bar() as bar:
                while self._one(objective) or self._others():
                    self._show(bar)
            inside.acquire()
            yield self.trials()
            self._study.set_user_attr("finished", value=True)
        finally:
            inside.release(force=True)

    def trials(self) -> list[Trial]:
        """Give the trials that have ended, in the order of their numbers."""
        return [Trial(trial.number, _end(trial), self._plan.values(trial.params),
                      tuple(value for _, value in sorted(trial.intermediate_values.items())))
                for trial in self._in(*_ENDED)]

    def _begun(self) -> optuna.Study:
        return optuna.create_study(
            study_name=self._plan.name, storage=self._storage, load_if_exists=True,
            sampler=self._plan.sampler(0), pruner=self._plan.pruner,
            direction="maximize" if self._plan.maximize else "minimize")

    def _begin_anew_if_finished(self) -> None:
        if self._study.user_attrs.get("finished"):
            with self._desk:
                optuna.delete_study(study_name=self._plan.name, storage=self._storage)
                self._study = self._begun()

    def _in(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _one(self, objective: Objective) -> bool:
        """Make one trial, if there is one to begin."""
        with self._desk:
            self._take_up()
            if not self._left():
                return False
            trial = self._study.ask()
            if self._too_many(trial):
                return False
            lock = self._lock_of(trial.number)
            lock.acquire()
            trial.set_user_attr("place", self._place)
        try:
            self._make(trial, objective)
        except UpdateFinishedTrialError:
            log.warning("trial %d was taken for dead, and finished elsewhere", trial.number)
        finally:
            lock.release()
        return True

    def _make(self, trial: optuna.Trial, objective: Objective) -> None:
        self._study.sampler = self._plan.sampler(trial.number)
        run = _Run(self._plan, trial, self._study.get_trials(deepcopy=False)[trial.number])
        try:
            objective(self._plan.draw(trial), run.report)
        except DivergedError:
            trial.set_user_attr("diverged", value=True)
            run.stopped = True
        self._study.tell(
            trial, None if run.stopped else run.best,
            state=TrialState.PRUNED if run.stopped else TrialState.COMPLETE)

    def _left(self) -> bool:
        given_out = self._in(TrialState.RUNNING, *_ENDED)
        return bool(self._in(TrialState.WAITING)) or len(given_out) < self._plan.total

    def _too_many(self, trial: optuna.Trial) -> bool:
        """Give a trial back that a machine without our locks was given at the same moment."""
        before = [other for other in self._in(TrialState.RUNNING, TrialState.WAITING, *_ENDED)
                  if other.number < trial.number]
        if len(before) < self._plan.total:
            return False
        self._study.tell(trial, state=TrialState.FAIL)
        return True

    def _take_up(self) -> None:
        """Let trials be given out again whose processes are gone."""
        for trial in self._in(TrialState.RUNNING):
            if self._is_of_here(trial) and _is_free(self._lock_of(trial.number)):
                log.info("taking up trial %d, where an earlier run was cut off", trial.number)
                self._give_out_again(trial)

    def _others(self) -> bool:
        """Wait a little if others are at work; give up on who has been silent for too long."""
        running = self._in(TrialState.RUNNING)
        if running:
            time.sleep(_POLL_S)
        for trial in running:
            epochs, now = len(trial.intermediate_values), time.monotonic()
            known, since = self._heard.get(trial.number, (-1, now))
            if epochs != known:
                self._heard[trial.number] = (epochs, now)
            elif not self._is_of_here(trial) and now - since > _SILENT_S:
                log.warning("trial %d: no epoch for %d s; taking it up", trial.number, _SILENT_S)
                self._give_out_again(trial)
        return bool(running)

    def _give_out_again(self, trial: FrozenTrial) -> None:
        study = self._storage.get_study_id_from_name(self._plan.name)
        number = self._storage.get_trial_id_from_study_id_trial_number(study, trial.number)
        self._storage.set_trial_state_values(number, TrialState.WAITING)

    def _is_of_here(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs.get("place", self._nameless) == self._place)

    def _lock_of(self, number: int) -> FileLock:
        return FileLock(self._folder / "trials" / f"{number}.lock")

    def _bar(self) -> "tqdm[Any]":
        bar = tqdm(total=self._plan.total, desc="tune", unit="trial")
        self._show(bar)
        return bar

    def _show(self, bar: "tqdm[Any]") -> None:
        """Show what all processes have done together."""
        bar.n = len(self._in(*_ENDED))
        if values := [trial.value or 0.0 for trial in self._in(TrialState.COMPLETE)]:
            bar.set_postfix(best=f"{self._plan.better(values):.4f}")
        bar.refresh()


class _Run:
    """A trial under way: its best measure so far, and whether it has been stopped.

    What training would keep is the best epoch, so the best so far is what trials are compared by.
    """

    def __init__(self, plan: Plan, trial: optuna.Trial, found: FrozenTrial) -> None:
        self._plan, self._trial = plan, trial
        self._done = set(found.intermediate_values)  # by a process that was killed
        self.best: float | None = None
        self.stopped = False

    def report(self, epoch: int, measure: float) -> bool:
        """Note an epoch's measure, and say whether the trial stops here."""
        if not math.isfinite(measure):
            raise DivergedError(f"the measure of epoch {epoch} is {measure}")
        self.best = measure if self.best is None else self._plan.better([self.best, measure])
        if epoch not in self._done:
            self._trial.report(self.best, epoch)
        # The epochs before the last one that was done were decided on; after the last of all there
        # is nothing to stop.
        if max(self._done, default=0) <= epoch < self._plan.epochs:
            self.stopped = self._trial.should_prune()
        return self.stopped


def _end(trial: FrozenTrial) -> End:
    if trial.user_attrs.get("diverged"):
        return "diverged"
    return "complete" if trial.state == TrialState.COMPLETE else "stopped"


def _is_free(lock: FileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False
