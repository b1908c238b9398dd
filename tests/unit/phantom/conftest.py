"""One small set of phantoms, drawn once for all tests of the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from osteon.phantom.dataset import draw_dataset


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw 120 patients and give the folder that holds the four lists."""
    folder = tmp_path_factory.mktemp("phantoms")
    draw_dataset(folder, patients=120, seed=11, workers=2)
    return folder / "MURA-v1.1"
