"""How a network is trained: loss, optimiser, schedule, and what is measured on the way."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torchmetrics.classification import MulticlassAccuracy, MulticlassAUROC

from osteon import head, schedules
from osteon.errors import UserError
from osteon.sections import Phase, Trainer

Transform = Callable[[Tensor, torch.Generator], Tensor]


class Classifier(pl.LightningModule):
    """Trains a network in bf16 where asked, and always validates it in float32."""

    def __init__(self, network: head.Scoring, phase: Phase, *, class_weights: Tensor, bf16: bool,
                 transform: Transform | None, seed: int) -> None:
        super().__init__()
        self.network: head.Scoring = network
        self._phase, self._seed = phase, seed
        self._bf16, self._transform = bf16, transform
        self._random = torch.Generator()
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.auroc = MulticlassAUROC(num_classes=len(class_weights))
        self.accuracy = MulticlassAccuracy(num_classes=len(class_weights), average="micro")

    def train(self, mode: bool = True) -> "Classifier":  # noqa: FBT001, FBT002 (as torch has it)
        """Set the mode; frozen batch norm keeps the statistics it came with.

        That is the backbone's, all of it or that of its frozen blocks. A head's batch norm is of
        vectors, and new: it has no statistics to keep.
        """
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d) and (
                    self._phase.freeze_batch_norm or _frozen(layer)):
                layer.eval()
        return self

    def on_train_epoch_start(self) -> None:
        """Tie augmentation to the epoch, so that a resumed run repeats it."""
        self._random.manual_seed(self._seed * 1_000 + self.current_epoch)

    def on_train_batch_start(self, batch: Any, number: int) -> None:  # noqa: ARG002
        """Tie dropout to the step, for the same reason.

        The start of an epoch is too early: the loader draws a number after it, but in the first
        epoch of a run before it.
        """
        torch.manual_seed(self._seed * 1_000_000 + self.global_step)

    def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
        """Give the weighted loss of a batch, and what the size of the weights adds to it.

        Raises:
            UserError: the loss is no number any more.
        """
        inputs, targets = batch
        if self._transform:
            inputs = self._transform(inputs, self._random)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            scores = self.network.scores(inputs)
        loss = head.loss(scores.float(), targets, self.network.output, weights=self.class_weights,
                         smoothing=self._phase.label_smoothing)
        if not torch.isfinite(loss):
            raise UserError(f"the loss is {loss.item()} in epoch {self.current_epoch}, step "
                            f"{number}; lower learning_rate, or set trainer.precision=fp32")
        self.log("train_loss", loss, on_epoch=True, on_step=False, prog_bar=True)
        return loss + self._phase.l1 * self._size() if self._phase.l1 else loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Collect the loss, AUROC and accuracy of validation, all classes alike, labels plain."""
        inputs, targets = batch
        scores = self.network.scores(inputs)
        probabilities = head.logits(scores, self.network.output).softmax(dim=1)
        self.auroc.update(probabilities, targets)
        self.accuracy.update(probabilities, targets)
        self.log("loss", head.loss(scores, targets, self.network.output), prog_bar=True)
        self.log("auroc", self.auroc, prog_bar=True)
        self.log("accuracy", self.accuracy)

    def configure_optimizers(self) -> Any:
        """The optimiser of what is not frozen, and the schedule by steps."""
        optimizer = schedules.optimizer(self._learning(), self._phase)
        schedule = schedules.schedule(
            optimizer, self._phase, int(self.trainer.estimated_stepping_batches))
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _learning(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def _size(self) -> Tensor:
        """Sum the absolute weights that learn; biases and norms, which are vectors, left out."""
        kernels = [weight for weight in self._learning() if weight.ndim > 1]
        return torch.stack([kernel.abs().sum() for kernel in kernels]).sum()


def _frozen(layer: nn.Module) -> bool:
    return any(not parameter.requires_grad for parameter in layer.parameters())


def uses_bf16(trainer: Trainer) -> bool:
    """Decide whether training computes in bf16; `auto` means where the processor does so itself."""
    if trainer.precision != "auto":
        return trainer.precision == "bf16"
    if torch.cuda.is_available() and trainer.accelerator != "cpu":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 (the only way to ask)
