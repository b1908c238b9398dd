"""What lies in front of the detector when a picture is taken, and the picture of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.phantom.attenuation import (
    HEALTHY,
    HEALTHY_MESH,
    Change,
    Mesh,
    Tissue,
    skeleton,
    soft_tissue,
    trabeculae,
)
from osteon.phantom.exposure import develop, draw_exposure
from osteon.phantom.mimics import Mimics, skin_fold
from osteon.phantom.projection import Field, View
from osteon.phantom.solids import Anatomy


@dataclass(frozen=True)
class Scene:
    """One person's limb, with what is wrong with it."""

    anatomy: Anatomy
    mimics: Mimics
    change: Change | None
    tissue: Tissue = HEALTHY
    mesh: Mesh = HEALTHY_MESH
    bone: float | None = None  # attenuation that is shown white; None: as the picture has it


def taken(scene: Scene, view: View, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take a picture of a scene; the generator gives folds, texture, exposure and noise."""
    folds = [skin_fold(rng, view) for _ in range(scene.mimics.fold_count)]
    soft = soft_tissue(scene.anatomy, view, folds)
    grain = trabeculae(rng, view, scene.mesh)
    bones = skeleton(scene.anatomy, view, grain, scene.mimics, scene.change, scene.tissue)
    bone = _white(bones) if scene.bone is None else scene.bone
    window = (float(np.quantile(soft, 0.9)), bone)
    return develop(soft + bones, window, draw_exposure(rng), view, rng)


def _white(bones: Field) -> float:
    """Give the attenuation of the denser bone of a picture.

    Digital detectors fit the grey scale to the picture like this, so that thin bone is shown as
    bright as thick bone, and its brightness says nothing.
    """
    inside = bones[bones > 0.05]
    return 0.9 * float(np.quantile(inside, 0.9)) if inside.size else 1.0
