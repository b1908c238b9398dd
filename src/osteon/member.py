"""The two phases of a member of the ensemble: a first training, then the whole network gently."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon import inference, training
from osteon.augment import augment
from osteon.backbone import Network, create, load_pretrained
from osteon.checkpoints import Fit
from osteon.datamodule import DataModule, Embeddings, Pictures
from osteon.embeddings import embed
from osteon.errors import UserError
from osteon.head import Scoring
from osteon.imaging import Picture
from osteon.module import Classifier, Transform, uses_bf16
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.records import Part, targets
from osteon.sections import Backbone, Phase
from osteon.splits import Cut

SEEN: tuple[Part, Part] = ("train", "validation")


@dataclass(frozen=True)
class Material:
    """Training and validation rows with their pictures; of the test part nothing is read."""

    pictures: Picture
    rows: dict[Part, NDArray[np.int64]]
    targets: dict[Part, NDArray[np.int64]]


def require_two_classes(labels: tuple[str, ...]) -> None:
    """Refuse before hours of training what no later stage could combine and measure.

    Raises:
        UserError: there are more than two classes.
    """
    if len(labels) > 2:
        raise UserError(f"dataset.labels: {len(labels)} classes; training's later stages take two "
                        "so far; `dvc repro audit` works for any number")


def read_material(cut: Cut, pictures: Path, labels: tuple[str, ...]) -> Material:
    """Take the two parts that training may see."""
    tables = {part: cut.part(part) for part in SEEN}
    return Material(
        pictures=open_pictures(pictures),
        rows={part: table.index.to_numpy() for part, table in tables.items()},
        targets={part: targets(table, labels) for part, table in tables.items()})


def train(backbone: Backbone, settings: Params, material: Material,
          resume: Path) -> tuple[Network, Fit, str]:
    """Train a new head on a frozen backbone; without weights to start from, the whole network.

    Returns the network, its curves, and where its first weights came from.
    """
    network = create(backbone, len(settings.dataset.labels), settings.seed,
                     settings.head.of(backbone))
    if settings.weights == "none":
        fit = _fit_pictures(network, settings, settings.train, material, resume)
        return network, fit, "none: trained from scratch"
    source = load_pretrained(network, backbone.arch, settings.weights)
    data = _embedded(network, settings, material)
    return network, _fit(network.head, data, settings, settings.train, material, resume), source


def finetune(network: Network, settings: Params, material: Material, resume: Path) -> Fit:
    """Go on at the low rate, with the whole network or the last blocks of it."""
    network.unfreeze(settings.finetune.unfreeze)
    return _fit_pictures(network, settings, settings.finetune, material, resume)


def _fit_pictures(network: Network, settings: Params, phase: Phase, material: Material,
                  resume: Path) -> Fit:
    train, validation = (Pictures(material.pictures, material.rows[part], material.targets[part])
                         for part in SEEN)
    data = DataModule(train, validation, batch_size=phase.batch_size, seed=settings.seed)
    change = partial(_augment, settings)
    return _fit(network, data, settings, phase, material, resume, change)


def _fit(network: Scoring, data: DataModule, settings: Params, phase: Phase,
         material: Material, resume: Path, transform: Transform | None = None) -> Fit:
    classes = len(settings.dataset.labels)
    weights = (training.balanced_weights(material.targets["train"], classes)
               if phase.class_weights else torch.ones(classes))
    classifier = Classifier(network, phase, class_weights=weights, transform=transform,
                            bf16=uses_bf16(settings.trainer), seed=settings.seed)
    return training.fit(classifier, data, phase, settings.trainer, resume)


def _embedded(network: Network, settings: Params, material: Material) -> DataModule:
    """Embed validation plainly and in float32, training as it is and in changed views."""
    device = inference.device(settings.trainer.accelerator)
    run = partial(embed, network, material.pictures, device=device)
    change = partial(_augment, settings,
                     generator=torch.Generator().manual_seed(settings.seed))
    rows, bf16 = material.rows["train"], uses_bf16(settings.trainer)
    views = [run(rows, bf16=bf16, transform=change if view else None)
             for view in range(settings.train.views)]
    seen = np.tile(material.targets["train"], settings.train.views)
    validation = run(material.rows["validation"], bf16=False)
    return DataModule(Embeddings(torch.cat(views), seen),
                      Embeddings(validation, material.targets["validation"]),
                      batch_size=settings.train.batch_size, seed=settings.seed)


def _augment(settings: Params, images: Tensor, generator: torch.Generator) -> Tensor:
    return augment(images, settings.augment, generator)
