"""What frozen.py is measured against: the loop that a Lightning tutorial would write."""

import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import timm
import torch
from PIL import Image, ImageFile
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import BinaryAUROC
from torchvision import transforms

_NORMAL = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Files(Dataset[tuple[Tensor, int]]):
    """Decodes with PIL and transforms on the processor, anew in every epoch."""

    def __init__(self, table: pd.DataFrame, side: int, *, augmented: bool) -> None:
        self._files, self._targets = list(table["file"]), list(table["target"])
        turned = [transforms.RandomHorizontalFlip()] if augmented else []
        self._change = transforms.Compose([
            transforms.Resize((side, side)), *turned, transforms.ToTensor(), _NORMAL])

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        with Image.open(self._files[number]) as image:
            return self._change(image.convert("RGB")), self._targets[number]


class Probe(pl.LightningModule):
    """A frozen backbone in float32 and NCHW, and a linear head that learns."""

    def __init__(self, arch: str, weights: Path, rate: float) -> None:
        super().__init__()
        self.backbone = timm.create_model(arch, num_classes=0)
        self.backbone.load_state_dict(torch.load(weights, weights_only=True), strict=False)
        self.backbone.requires_grad_(requires_grad=False)
        self.head = nn.Linear(self.backbone.head_hidden_size, 2)
        self._rate, self.auroc = rate, BinaryAUROC()

    def forward(self, images: Tensor) -> Tensor:
        """Give logits; the backbone's batch norm keeps its statistics."""
        self.backbone.eval()
        return self.head(self.backbone(images))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Give the loss of a batch."""
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Collect the AUROC."""
        self.auroc.update(self(batch[0]).softmax(dim=1)[:, 1], batch[1])
        self.log("auroc", self.auroc, prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Let the head alone learn."""
        return torch.optim.Adam(self.head.parameters(), lr=self._rate)


class Clock(Callback):
    """Notes how long each epoch took, and the AUROC after it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.auroc: list[float] = []

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, _: pl.LightningModule) -> None:
        """Note an epoch."""
        self.seconds.append(time.perf_counter() - self._started)
        self.auroc.append(float(trainer.callback_metrics["auroc"]))


def run(tables: dict[str, pd.DataFrame], arch: str, weights: Path, *, side: int, batch: int,
        rate: float, epochs: int, workers: int, accelerator: str) -> Clock:
    """Train for so many epochs, each with its validation."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # some dozens of FracAtlas's lack their end
    torch.manual_seed(0)
    clock = Clock()
    loaders = [DataLoader(Files(tables[part], side, augmented=part == "train"), batch,
                          shuffle=part == "train", num_workers=workers,
                          persistent_workers=workers > 0)
               for part in ("train", "validation")]
    trainer = pl.Trainer(accelerator=accelerator, devices=1, max_epochs=epochs, logger=False,
                         enable_checkpointing=False, enable_model_summary=False,
                         num_sanity_val_steps=0, callbacks=[clock])
    trainer.fit(Probe(arch, weights, rate), *loaders)
    return clock
