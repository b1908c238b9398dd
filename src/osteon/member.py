"""The two phases of a network of the ensemble: a first training, then the whole of it gently.

`settings` is everywhere the member's own: the common settings with its variant's laid over them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from osteon import backbone, inference, masks, pointing, training
from osteon import embeddings as embedded
from osteon.augment import Augmentation
from osteon.backbone import Network
from osteon.combination import softmax
from osteon.datamodule import DataModule, Embeddings, Pictures
from osteon.errors import UserError
from osteon.head import Head, Scoring
from osteon.imaging import Picture
from osteon.module import Classifier, Pointing, Transform, uses_bf16
from osteon.outcome import Fit
from osteon.params import Params
from osteon.preprocessing import open_pictures
from osteon.progress import OnEpoch
from osteon.records import Part, targets
from osteon.sections.training import Finetune, Phase
from osteon.splits import Cut
from osteon.spotting import Spotting
from osteon.turns import turns
from osteon.weights import load_pretrained

SEEN: tuple[Part, Part] = ("train", "validation")


@dataclass(frozen=True)
class Material:
    """Training and validation rows with their pictures; of the test part nothing is read."""

    pictures: Picture
    rows: dict[Part, NDArray[np.int64]]
    targets: dict[Part, NDArray[np.int64]]
    masks: Path | None = None  # the file that may hold the outlines of training's findings
    # The rows that any network of the member has in that part: they are embedded once for all.
    ever: dict[Part, NDArray[np.int64]] = field(default_factory=dict)


def read_material(cut: Cut, pictures: Path, labels: tuple[str, ...]) -> Material:
    """Take the two parts that training may see.

    Raises:
        UserError: one of them holds fewer than two classes, so that nothing can be learnt or told.
    """
    return _material({part: cut.part(part) for part in SEEN}, pictures, labels)


def read_turns(cut: Cut, pictures: Path, common: Params) -> list[Material]:
    """Take what each network of a member trains on, and as validation what judges it.

    By the common settings, since all members must be judged by the same folds.

    Raises:
        UserError: some part holds fewer than two classes, so that nothing can be learnt or told.
    """
    found = [_material(dict(zip(SEEN, tables, strict=True)), pictures, common.dataset.labels)
             for tables in turns(cut, common.model.folds, common.seed)]
    ever = {part: np.unique(np.concatenate([one.rows[part] for one in found])) for part in SEEN}
    return [replace(one, ever=ever) for one in found]


def _material(tables: dict[Part, pd.DataFrame], pictures: Path,
              labels: tuple[str, ...]) -> Material:
    for part, table in tables.items():
        if table["label"].nunique() < 2:
            raise UserError(f"split: {part} holds {table['label'].nunique()} of the classes "
                            f"{', '.join(labels)}; cut otherwise, by split or seed")
    return Material(
        pictures=open_pictures(pictures),
        rows={part: table.index.to_numpy() for part, table in tables.items()},
        targets={part: targets(table, labels) for part, table in tables.items()},
        masks=pictures / masks.TABLE)


def start(name: str, settings: Params) -> tuple[Network, str]:
    """Make a member's network with its first weights, and say where these came from.

    Raises:
        UserError: there is no such architecture, or the weights cannot be had or do not fit.
    """
    entry = settings.backbones[name]
    network = backbone.create(
        entry, len(settings.dataset.labels), settings.seed, settings.head)
    if settings.weights == "none":
        return network, "none: trained from scratch"
    return network, load_pretrained(network.body, entry.arch, settings.weights)


def train(network: Network, settings: Params, material: Material, resume: Path,
          cache: Path) -> Fit:
    """Train a new head on a frozen backbone; without weights to start from, the whole network.

    `network` is as `start` gives it.
    """
    phase = settings.train
    if settings.weights != "none" and phase.views:
        seen, validation = embeddings(network, settings, material, cache)
        return fit_head(network.head, settings, seen, validation, resume=resume)
    network.unfreeze("all" if settings.weights == "none" else 0)
    return _fit_pictures(network, settings, phase, material, resume)


def finetune(network: Network, settings: Params, material: Material, resume: Path) -> Fit:
    """Go on at the low rate, with the whole network or the last blocks of it."""
    network.unfreeze(settings.finetune.unfreeze)
    return _fit_pictures(network, settings, settings.finetune, material, resume)


def judged(networks: Sequence[Network], materials: Sequence[Material], settings: Params,
           cut: Cut) -> pd.DataFrame:
    """Let each network judge what it has not seen: path, fold, and each class's probability."""
    labels, device = settings.dataset.labels, inference.device(settings.trainer.accelerator)
    found = []
    for fold, (network, material) in enumerate(zip(networks, materials, strict=True)):
        rows = material.rows["validation"]
        said = softmax(inference.logits(network, material.pictures, rows, device))
        found.append(pd.DataFrame(said, columns=list(labels)).assign(
            path=cut.table["path"].to_numpy()[rows], fold=fold))
    return pd.concat(found, ignore_index=True)[["path", "fold", *labels]]


def embeddings(network: Network, settings: Params, material: Material,
               cache: Path) -> tuple[Embeddings, Embeddings]:
    """Embed training in `train.views` views, the first as it is, and validation plainly.

    Validation is in float32, as the served network computes. All are kept below `cache`.
    """
    device, rows = inference.device(settings.trainer.accelerator), material.rows
    ever = material.ever or rows
    change = augmentation(settings, len(ever["train"]))

    def embed(part: Part, view: int, *, bf16: bool) -> torch.Tensor:
        facts = [settings.augment.model_dump(), settings.seed, view] if view else None
        found = embedded.kept(
            cache, network, material.pictures, ever[part], bf16=bf16, device=device, facts=facts,
            transform=(lambda images, numbers: change(images, numbers, view)) if view else None)
        return found[np.searchsorted(ever[part], rows[part])]

    with training.out_of_memory("lower preprocess.image_size_px, or take a smaller backbone"):
        views = [embed("train", view, bf16=uses_bf16(settings.trainer))
                 for view in range(settings.train.views)]
        validation = embed("validation", 0, bf16=False)
    return (Embeddings(torch.cat(views), np.tile(material.targets["train"], len(views))),
            Embeddings(validation, material.targets["validation"]))


def new_head(network: Network, settings: Params) -> Head:
    """Make a new head for a network, with weights that depend on the seed alone."""
    torch.manual_seed(settings.seed)
    return Head(network.backbone.head_hidden_size, len(settings.dataset.labels), settings.head)


def fit_head(head: Head, settings: Params, train: Embeddings, validation: Embeddings, *,
             resume: Path | None = None, on_epoch: OnEpoch | None = None) -> Fit:
    """Train a head on embeddings, by the settings of the first phase.

    `on_epoch` gets each epoch's number and figures, and may raise to end the training. Without a
    folder to resume from nothing is written, and the weights of the last epoch stay.
    """
    data = DataModule(train, validation, batch_size=settings.train.batch_size, seed=settings.seed,
                      sampling=settings.train.sampling)
    return _fit(head, data, settings, settings.train, train.targets.numpy(), resume,
                on_epoch=on_epoch)


def augmentation(settings: Params, images: int) -> Augmentation:
    """Give the changes to so many training images that the settings ask for."""
    return Augmentation(settings.augment, images, settings.seed)


def _fit_pictures(network: Network, settings: Params, phase: Phase, material: Material,
                  resume: Path) -> Fit:
    train, validation = (Pictures(material.pictures, material.rows[part], material.targets[part])
                         for part in SEEN)
    data = DataModule(train, validation, batch_size=phase.batch_size, seed=settings.seed,
                      sampling=phase.sampling)
    change = augmentation(settings, len(train))
    return _fit(network, data, settings, phase, material.targets["train"], resume,
                transform=change, point=_pointing(network, phase, material, change))


def _pointing(network: Network, phase: Phase, material: Material,
              change: Augmentation) -> Pointing | None:
    """Give what scores images and says how far their maps miss the masks; none if unasked."""
    if not isinstance(phase, Finetune) or not phase.reads_masks:
        return None
    assert material.masks is not None
    places = torch.from_numpy(masks.over_pictures(material.masks, material.rows["train"]))

    def point(images: Tensor, numbers: Tensor, epoch: int) -> tuple[Tensor, Tensor]:
        maps = network.feature_map(images)
        own = change.move(places[numbers.cpu()].to(images.device, torch.float32).unsqueeze(1),
                          numbers, epoch)
        return network.scores_of_map(maps), _missed(network, phase, maps, own)

    return point


def _missed(network: Network, phase: Finetune, maps: Tensor, outlines: Tensor) -> Tensor:
    missed, pooled = maps.new_zeros(()), maps
    if isinstance(network.backbone, Spotting):
        pooled, places = network.backbone.told_apart(maps)
        missed = missed + phase.outlines * pointing.unlike(places, outlines)
    if phase.localisation:
        backbone.require_map(network, pooled, "finetune.localisation", "set it to 0")
        direction = (network.head.weight[1] - network.head.weight[0])[:pooled.shape[1]]
        missed = missed + phase.localisation * pointing.miss(pooled, direction, outlines)
    return missed


def _fit(network: Scoring, data: DataModule, settings: Params, phase: Phase,
         seen: NDArray[np.int64], resume: Path | None, *, transform: Transform | None = None,
         on_epoch: OnEpoch | None = None, point: Pointing | None = None) -> Fit:
    classes = len(settings.dataset.labels)
    weights = (training.balanced_weights(seen, classes) if phase.class_weights
               else torch.ones(classes))
    classifier = Classifier(network, phase, class_weights=weights, transform=transform,
                            seed=settings.seed, compiled=settings.trainer.compile,
                            pointing=point)
    return training.fit(classifier, data, phase, settings.trainer, resume, on_epoch)
