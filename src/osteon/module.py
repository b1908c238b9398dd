"""How a network is trained: loss, optimiser, schedule, and what is measured on the way."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import lr_scheduler
from torchmetrics.classification import MulticlassAUROC

from osteon.errors import UserError
from osteon.params import Phase, Trainer

Transform = Callable[[Tensor, torch.Generator], Tensor]
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Classifier(pl.LightningModule):
    """Trains a network in bf16 where asked, and always validates it in float32."""

    def __init__(self, network: nn.Module, phase: Phase, *, class_weights: Tensor, bf16: bool,
                 transform: Transform | None, seed: int) -> None:
        super().__init__()
        self.network, self._phase, self._seed = network, phase, seed
        self._bf16, self._transform = bf16, transform
        self._random = torch.Generator()
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.auroc = MulticlassAUROC(num_classes=len(class_weights))

    def train(self, mode: bool = True) -> "Classifier":  # noqa: FBT001, FBT002 (as torch has it)
        """Set the mode; frozen batch norm keeps the statistics it came with."""
        super().train(mode)
        if self._phase.freeze_batch_norm:
            for layer in self.modules():
                if isinstance(layer, _BATCH_NORMS):
                    layer.eval()
        return self

    def on_train_epoch_start(self) -> None:
        """Tie augmentation and dropout to the epoch, so that a resumed run repeats them."""
        self._random.manual_seed(self._seed * 1_000 + self.current_epoch)
        torch.manual_seed(self._seed * 1_000 + self.current_epoch)

    def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
        """Give the weighted cross-entropy of a batch.

        Raises:
            UserError: the loss is no number any more.
        """
        inputs, targets = batch
        if self._transform:
            inputs = self._transform(inputs, self._random)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            logits = self.network(inputs)
        loss = functional.cross_entropy(logits.float(), targets, weight=self.class_weights)
        if not torch.isfinite(loss):
            raise UserError(f"the loss is {loss.item()} in epoch {self.current_epoch}, step "
                            f"{number}; lower learning_rate, or set trainer.precision=fp32")
        self.log("train_loss", loss, on_epoch=True, on_step=False, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Collect the loss and AUROC of validation, without weights of classes."""
        inputs, targets = batch
        logits = self.network(inputs)
        self.auroc.update(logits.softmax(dim=1), targets)
        self.log("loss", functional.cross_entropy(logits, targets), prog_bar=True)
        self.log("auroc", self.auroc, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """AdamW, and the schedule by steps."""
        phase = self._phase
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=phase.learning_rate, weight_decay=phase.weight_decay,
            fused=True)  # a third of the time of a step that is not
        if phase.schedule == "constant":
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        schedule: lr_scheduler.LRScheduler = (
            lr_scheduler.OneCycleLR(optimizer, phase.learning_rate, total_steps=steps)
            if phase.schedule == "one_cycle"
            else lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps))
        return {"optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def uses_bf16(trainer: Trainer) -> bool:
    """Decide whether training computes in bf16; `auto` means where the processor does so itself."""
    if trainer.precision != "auto":
        return trainer.precision == "bf16"
    if torch.cuda.is_available() and trainer.accelerator != "cpu":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 (the only way to ask)
