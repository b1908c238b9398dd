"""A search whose best values are known, and a process that makes it.

`python searches.py FOLDER STORAGE leads|helps TRIALS OPTIONS`, the options of `toy` as JSON.
"""

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from osteon.plan import Plan
from osteon.sections.tuning import Range
from osteon.study import Study

EPOCHS = 9
PLAN = Plan("toy", {"train.rate": Range(low=0.0, high=0.6), "head.kind": ("bad", "good")},
            trials=20, epochs=EPOCHS, least_epochs=1, keep_one_in=3, maximize=True, seed=4)


def measure(values, epoch):
    """Rise towards the rate, and .3 higher with the good kind: at best .9."""
    good = 0.3 if values["head.kind"] == "good" else 0.0
    return good + values["train.rate"] * (1 - 0.5**epoch)


def toy(*, pause_s=0.0, killed_after=None):
    """Give an objective; after so many epochs in all the process is killed."""
    done = 0

    def objective(values, report):
        nonlocal done
        for epoch in range(1, EPOCHS + 1):
            done += 1
            if killed_after is not None and done > killed_after:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(pause_s)
            if report(epoch, measure(values, epoch)):
                return

    return objective


def search(folder, storage=None):
    """Make the search to its end; give its trials."""
    with Study(PLAN, folder, storage).finished(toy()) as trials:
        return trials


def main():
    """Make the search, or only help to."""
    folder, storage, role, trials, options = sys.argv[1:]
    study = Study(replace(PLAN, trials=int(trials)), Path(folder), storage or None)
    objective = toy(**json.loads(options))
    if role == "helps":
        study.work(objective)
        return
    with study.finished(objective):
        pass


if __name__ == "__main__":
    main()
