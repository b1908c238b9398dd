"""Two readers of frozen embeddings: a linear probe, and a look-up of the nearest neighbour.

Neither sees a pixel, and both take seconds. The look-up has learnt nothing but the training
pictures by heart, so what it claims under a protocol is what memory alone is worth there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from osteon.audit.protocols import Protocol, Rows

Floats = NDArray[np.floating]
# Trains on embeddings and targets, gives scores (tested rows, classes); the highest is the verdict.
Probe = Callable[[Floats, Rows, Floats, int], Floats]
_STRENGTH = 0.01  # 1,280 features of some thousand images want a strong penalty
_STEPS = 1000
_WORKERS = 8  # each holds some copies of the embeddings: half a gigabyte at 5,000 images
_CHUNK = 1024  # rows looked up at a time: 130 MB at 32,000 neighbours


@dataclass(frozen=True)
class Predictions:
    """Scores (rows, classes) for the rows that a protocol tests, each by a fold without it."""

    rows: Rows
    scores: Floats


def linear(known: Floats, targets: Rows, asked: Floats, classes: int) -> Floats:
    """Fit a logistic regression on standardised embeddings: probabilities (asked, classes)."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=_STEPS))
    model.fit(known, targets)
    scores = np.zeros((len(asked), classes))
    scores[:, model.classes_] = model.predict_proba(asked)
    return scores


def nearest(known: Floats, targets: Rows, asked: Floats, classes: int) -> Floats:
    """Look up the nearest row by cosine: how much nearer each class is than all others.

    The margin ranks rows for an AUROC, which the bare label of a neighbour could not.
    """
    order = np.argsort(targets, kind="stable")
    neighbours, starts = _unit(known[order]), np.searchsorted(targets[order], np.unique(targets))
    similarity = np.full((len(asked), classes), -1.0)
    for start in range(0, len(asked), _CHUNK):
        chunk = _unit(asked[start:start + _CHUNK]) @ neighbours.T
        similarity[start:start + _CHUNK, np.unique(targets)] = np.maximum.reduceat(
            chunk, starts, axis=1)
    highest = np.sort(similarity, axis=1)[:, -2:]
    rival = np.where(similarity == highest[:, 1:], highest[:, :1], highest[:, 1:])
    return similarity - rival


PROBES: Mapping[str, Probe] = {"linear": linear, "nearest": nearest}


def predict(embeddings: Floats, targets: Rows, protocols: Sequence[Protocol],
            classes: int) -> dict[tuple[str, str], Predictions]:
    """Run every probe under every protocol; by names of protocol and probe.

    `embeddings` is (images, views, features), `targets` (images,). Folds run in processes of one
    thread: the threads of a linear algebra library that share cores with others wait for each
    other, at sixty times the cost.
    """
    images, views, features = embeddings.shape
    flat, of_row = embeddings.reshape(images * views, features), np.repeat(targets, views)
    names = [(protocol, probe, fold) for protocol in protocols for probe in PROBES
             for fold in protocol.folds]
    jobs = (delayed(_scores)(PROBES[probe], flat, of_row, train, test, classes)
            for _, probe, (train, test) in names)
    found = Parallel(n_jobs=min(_WORKERS, cpu_count()), return_as="generator")(jobs)
    scores = list(tqdm(found, total=len(names), desc="probes", unit="fold"))
    return {(protocol.name, probe): Predictions(
        np.concatenate([test for _, test in protocol.folds]),
        np.concatenate([score for (of, by, _), score in zip(names, scores, strict=True)
                        if of is protocol and by == probe]))
        for protocol in protocols for probe in PROBES}


def _scores(probe: Probe, flat: Floats, of_row: Rows, train: Rows, test: Rows,
            classes: int) -> Floats:
    return probe(flat[train], of_row[train], flat[test], classes)


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
