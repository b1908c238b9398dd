"""Searches for a member's head and its training, on embeddings of its frozen backbone."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from osteon import member
from osteon.backbone import Network
from osteon.datamodule import Embeddings
from osteon.files import sha256
from osteon.params import Params
from osteon.plan import Plan, Values
from osteon.study import Objective, Report
from osteon.trials import overrides


class _StoppedError(Exception):
    """Ends a training that is not worth going on with."""


def embeddable(settings: Params) -> Params:
    """Give settings whose embeddings a search can work on.

    A head that will be trained on a live pass each epoch (`train.views: 0`) is searched for on the
    images as they are.
    """
    return settings.overridden({"train": {"views": max(1, settings.train.views)}})


def plan(name: str, settings: Params, weights: str, inputs: Sequence[Path]) -> Plan:
    """Plan a member's search, under a name that stands for all it depends on.

    `weights` says where the backbone's come from. Where trials are kept decides nothing.
    """
    facts = {"backbone": settings.backbones[name].model_dump(include={"arch", "normalize"}),
             "labels": settings.dataset.labels, "weights": weights,
             "tune": settings.tune.model_dump(exclude={"storage"}),
             **settings.model_dump(include={"seed", "augment", "head", "trainer", "train"})}
    hashed = [json.dumps(facts, sort_keys=True), *(sha256(file) for file in inputs)]
    tune, whole = settings.tune, hashlib.sha256("\n".join(hashed).encode()).hexdigest()
    return Plan(name=f"{name}-{whole[:16]}", axes=tune.space.axes, trials=tune.trials,
                epochs=tune.epochs, least_epochs=tune.least_epochs, keep_one_in=tune.keep_one_in,
                maximize=settings.train.monitor != "loss", seed=settings.seed)


def objective(network: Network, settings: Params, train: Embeddings,
              validation: Embeddings) -> Objective:
    """Give what trains a head with some values, for as long as it is worth it.

    Each epoch is measured by `train.monitor` on validation, as in training. Every head starts from
    the same seed, so that trials differ by their values alone.
    """
    length = {"train": {"epochs": settings.tune.epochs, "patience": None}}

    def run(values: Values, report: Report) -> None:
        chosen = settings.overridden(overrides(values)).overridden(length)

        def on_epoch(epoch: int, measures: dict[str, float]) -> None:
            if report(epoch + 1, measures[settings.train.monitor]):
                raise _StoppedError

        head = member.new_head(network, chosen)
        try:
            member.fit_head(head, chosen, train, validation, on_epoch=on_epoch)
        except _StoppedError:
            return

    return run
