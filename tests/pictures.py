"""What drawn pictures must be, and what simple statistics of them tell of their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def statistics_auroc(groups: Sequence[Sequence[Any]], draw: Callable[[Any, int], np.ndarray]
                     ) -> float:
    """Give the mean one-against-rest AUROC of a logistic regression on grey values' statistics.

    A group holds one study with every label in turn, so that no chance difference between the
    patients of the classes hides or feigns an effect of the label itself.
    """
    features, labels, numbers = [], [], []
    for number, studies in enumerate(groups):
        for study in studies:
            image = draw(study, 0)
            features.append([image.mean(), image.std(), *np.percentile(image, (5, 25, 50, 75, 95))])
            labels.append(study.label)
            numbers.append(number)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    scores = cross_val_predict(model, np.array(features), np.array(labels), groups=numbers,
                               cv=GroupKFold(5), method="predict_proba")
    return float(np.mean([roc_auc_score(np.array(labels) == label, scores[:, column])
                          for column, label in enumerate(sorted(set(labels)))]))


def grey_radiograph(file: Path) -> np.ndarray:
    """Read a drawn file, which has to be grey, neither small nor large, and not blank."""
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert image.dtype == np.uint8
    assert image.ndim == 2
    assert 300 <= max(image.shape) <= 340
    assert image.std() > 10
    return image
