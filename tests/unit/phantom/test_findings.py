"""A finding changes the picture where it lies, and nothing else tells the classes apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from osteon.phantom.anatomy import BODY_PARTS
from osteon.phantom.mura import studies_of
from osteon.phantom.study import Stream, Study, draw_view, generator
from pictures import statistics_auroc


def _changed(study: Study, number: int) -> np.ndarray:
    with_finding = draw_view(replace(study, label="positive"), number).astype(int)
    without = draw_view(replace(study, label="negative"), number).astype(int)
    assert with_finding.shape == without.shape
    return np.abs(with_finding - without) > 0


@pytest.mark.parametrize("part", BODY_PARTS)
def test_a_finding_changes_its_surroundings_only(part: str) -> None:
    shares = []
    for patient in range(3):
        study = Study(part, "positive", views=2, key=(5, patient, 1))
        shares += [float(_changed(study, number).mean()) for number in range(2)]
    assert min(shares) > 0.002, "a finding of this part lies outside the picture"
    # A displaced fragment carries the rest of its bone along, which for a humerus is a lot.
    assert float(np.median(shares)) < 0.2
    assert max(shares) < 0.35


def test_pixels_away_from_a_finding_are_identical() -> None:
    study = Study("XR_FINGER", "positive", views=1, key=(5, 1, 1))
    rows, columns = np.nonzero(_changed(study, 1))
    height, width = draw_view(study, 0).shape
    assert np.ptp(rows) < 0.75 * height
    assert np.ptp(columns) < 0.75 * width


def test_views_of_a_study_differ() -> None:
    study = Study("XR_WRIST", "negative", views=2, key=(5, 2, 1))
    first, second = draw_view(study, 0), draw_view(study, 1)
    assert first.shape != second.shape or not np.array_equal(first, second)


def test_part_and_views_do_not_depend_on_the_label() -> None:
    studies = [study for patient in range(3000) for study in studies_of(1, patient)]
    positive = np.array([study.label == "positive" for study in studies])
    assert abs(positive.mean() - 0.45) < 0.03
    traits = [np.array([study.part == part for study in studies]) for part in BODY_PARTS]
    traits += [np.array([study.views == views for study in studies]) for views in (1, 2, 3)]
    for trait in traits:
        assert abs(trait[positive].mean() - trait[~positive].mean()) < 0.04


def test_no_stream_repeats_the_draws_that_decide_the_label() -> None:
    studies = [study for patient in range(800) for study in studies_of(1, patient)]
    positive = np.array([study.label == "positive" for study in studies])
    for stream in Stream:
        draws = np.array([generator(study, stream).random(8) for study in studies])
        difference = draws[positive].mean(axis=0) - draws[~positive].mean(axis=0)
        assert np.abs(difference).max() < 0.08


def test_brightness_does_not_tell_a_finding() -> None:
    studies = [[replace(studies_of(2, patient)[0], label=label)
                for label in ("positive", "negative")] for patient in range(40)]
    assert statistics_auroc(studies, draw_view) < 0.62


def _metal_or_lead(path: Path) -> bool:
    """Tell whether a picture has a patch of its very brightest grey, as a marker or a plate has."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return bool((image >= int(image.max()) - 2).mean() > 2e-4)


def test_bright_patches_and_dark_borders_are_shared_by_both_classes(phantoms: Path) -> None:
    shares = {}
    for label in ("positive", "negative"):
        paths = sorted(phantoms.rglob(f"study*_{label}/*.png"))
        borders = []
        for path in paths:
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            assert image is not None
            borders.append(bool(image[0].max() == 0))
        shares[label] = np.mean([_metal_or_lead(path) for path in paths]), np.mean(borders)
    # 300 pictures in 140 studies: twice the standard error of a difference of shares.
    assert np.abs(np.subtract(shares["positive"], shares["negative"])).max() < 0.15
