"""Samples of a kind of our own making: patients who are alike in all their images."""

from dataclasses import replace

import numpy as np

from osteon.drift.sample import Sample
from osteon.familiarity import Familiarity
from osteon.records import STATISTICS
from osteon.sections.verdict import Drift

LABELS = ("normal", "abnormal")
SETTINGS = Drift(current="test", false_alarms=0.02, least_move=0.2, least_images=50, latest=1000,
                 fail_on_drift=False)
_FEATURES, _AXES = 12, np.random.default_rng(99).normal(size=(3, 12))


def features_and_sample(seed, images=60, per_patient=3, embedding=0.0, share=1.0, more=0.0,
                        **moved):
    """Draw features (images, 12) and what else is known of the images; patients lie together.

    The first `share` of the images gets what is asked for: `embedding` moves them, `more` raises
    the log-odds of their probabilities, and statistics are multiplied by what `moved` says.
    """
    random = np.random.default_rng(seed)
    groups = np.arange(images) // per_patient
    patients = random.normal(size=(groups.max() + 1, 3 + len(STATISTICS)))[groups]
    each = 0.8 * patients + 0.6 * random.normal(size=patients.shape)
    changed = np.arange(images) < share * images
    features = (each[:, :3] + embedding * changed[:, np.newaxis]) @ _AXES
    features += 0.1 * random.normal(size=features.shape)
    factors = np.array([moved.get(name, 1.0) for name in STATISTICS])
    statistics = 0.3 * np.exp(0.2 * each[:, 3:])
    statistics[changed] *= factors
    finding = 1 / (1 + np.exp(-each[:, 0] - more * changed))
    return features, Sample(
        statistics, np.zeros((images, 1)), np.zeros(images),
        np.column_stack([1 - finding, finding]), (finding >= 0.5).astype(np.int64), groups)


def reference(seed, **asked):
    """Fit a familiarity and give it with its own images."""
    features, sample = features_and_sample(seed, **asked)
    names = sample.groups.astype(str).tolist()
    fitted = Familiarity.fit(features, sample.statistics, names, STATISTICS)
    return fitted, replace(sample, coordinates=fitted.reference,
                           distances=fitted.distance_within(names))


def current(familiarity, seed, **asked):
    """Give images that are to be compared."""
    features, sample = features_and_sample(seed, **asked)
    coordinates = familiarity.coordinates(features)
    return replace(sample, coordinates=coordinates, distances=familiarity.distance(coordinates))
