"""What later labels say of the verdicts that the service gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from osteon import intervals, metrics
from osteon.drift.journal import Judged
from osteon.intervals import Scores


@dataclass(frozen=True)
class Performance:
    """Figures of one level, image or study; none where too few labels were told."""

    level: str
    labelled: int
    figures: Scores | None
    says: str

    def to_json(self) -> dict[str, Any]:
        """Write plain values."""
        figures = intervals.to_json(self.figures) if self.figures else None
        return {"labelled": self.labelled, "figures": figures, "says": self.says}


def measure(level: str, judged: Sequence[Judged], labels: tuple[str, ...], *, least: int,
            resamples: int, seed: int) -> Performance:
    """Measure verdicts against the labels that were told; of fewer than `least` nothing is said.

    Each request counts as a patient of its own, since the log names none: where patients come
    again, the intervals are too narrow.
    """
    count = len(judged)
    if count < least:
        return Performance(level, count, None, f"by {level}: {count} labels were told, fewer than "
                           f"the {least} from which on figures are given")
    targets, verdicts = (np.array([labels.index(getattr(one, name)) for one in judged])
                         for name in ("told", "label"))
    probabilities = np.array([[one.probabilities[label] for label in labels] for one in judged])
    figures = metrics.measure(targets, probabilities, verdicts, np.arange(count),
                              resamples=resamples, seed=seed).scores()
    shown = ("auroc", "sensitivity", "specificity") if len(labels) == 2 else ("accuracy", "auroc")
    titles = metrics.titles(len(labels))
    named = ", ".join(f"{titles[name]} {figures[name]}" for name in shown)
    return Performance(level, count, figures, f"by {level}, of {count} labels told: {named}")
