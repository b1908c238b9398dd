"""How a network is trained: loss, optimiser, schedule, and what is measured on the way."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import MeanMetric, Metric
from torchmetrics.classification import MulticlassAccuracy, MulticlassAUROC
from torchmetrics.utilities import dim_zero_cat

from osteon import head, schedules
from osteon.errors import DivergedError
from osteon.sections.training import Finetune, Phase, Trainer

Batch = tuple[Tensor, Tensor, Tensor]  # inputs, class numbers, and which of all the inputs they are
Transform = Callable[[Tensor, Tensor, int], Tensor]  # inputs, their numbers, the epoch
# The same, to scores and what is to be added to the loss.
Pointing = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]

_LOOKED_AT = 50  # steps between two looks at the loss; a look waits for a graphics card to finish


class Classifier(pl.LightningModule):
    """Trains a network at the precision the trainer has, and always validates it in float32."""

    def __init__(self, network: head.Scoring, phase: Phase, *, class_weights: Tensor,
                 transform: Transform | None, seed: int, compiled: bool = False,
                 pointing: Pointing | None = None) -> None:
        super().__init__()
        self.network: head.Scoring = network
        self._scores = torch.compile(network.scores) if compiled else network.scores
        self._phase, self._seed, self._transform = phase, seed, transform
        self._pointing = pointing
        self.class_weights: Tensor
        self.register_buffer("class_weights", class_weights, persistent=False)
        classes = len(class_weights)
        self.loss = MeanMetric(nan_strategy="disable")  # any other leaves out what is no number
        self.auroc = OccurringAuroc(num_classes=classes)
        self.accuracy = MulticlassAccuracy(num_classes=classes, average="micro")
        self._losses: list[Tensor] = []  # of the epoch's steps, left where they were computed

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

    def on_train_batch_start(self, batch: Any, number: int) -> None:  # noqa: ARG002
        """Tie dropout to the step and the process, so that a resumed run repeats it.

        The start of an epoch is too early: the loader draws a number after it, but in the first
        epoch of a run before it.
        """
        step = self._seed * 1_000_000 + self.global_step
        seed = step * self.trainer.world_size + self.global_rank
        # torch.manual_seed would seed every device there may be, which takes half a millisecond.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: Batch) -> Tensor:
        """Give the weighted loss of a batch, and what the size of the weights adds to it."""
        inputs, targets, numbers = batch
        with torch.no_grad():
            inputs = _from_bytes(inputs)
            if self._transform:
                inputs = self._transform(inputs, numbers, self.current_epoch)
        scores, missed = self._seen(inputs, numbers)
        loss = head.loss(scores.float(), targets, self.network.output,
                         weights=self.class_weights, smoothing=self._phase.label_smoothing)
        loss = loss * self._share(targets) + missed
        self._losses.append(loss.detach())
        return loss + self._phase.l1 * self._size() if self._phase.l1 else loss

    def on_train_batch_end(self, outputs: Any, batch: Any, number: int) -> None:  # noqa: ARG002
        """Look at the losses now and then.

        Raises:
            DivergedError: one was no number.
        """
        if (number + 1) % _LOOKED_AT == 0 or self.trainer.is_last_batch:
            self.mean_loss()

    def mean_loss(self) -> Tensor:
        """Give the mean loss of the epoch so far.

        Raises:
            DivergedError: a step's loss was no number; from then on no weight is one either.
        """
        losses = torch.stack(self._losses)
        if not torch.isfinite(losses).all():
            step = int((~torch.isfinite(losses)).nonzero()[0])
            raise self._diverged(losses[step], f"step {step}")
        return losses.mean()

    def _diverged(self, loss: Tensor, where: str) -> DivergedError:
        return DivergedError(
            f"the loss is {loss.item()} in epoch {self.current_epoch}, {where}; "
            "lower learning_rate, or set trainer.precision=fp32")

    def on_train_epoch_start(self) -> None:
        """Collect the losses of the epoch anew."""
        self._losses = []

    def on_validation_epoch_start(self) -> None:
        """Give every process the same statistics of batch norm: the mean of what each has seen."""
        if self.trainer.world_size > 1:
            for buffer in self.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.trainer.strategy.reduce(buffer, reduce_op="mean"))

    def validation_step(self, batch: Batch) -> None:
        """Collect the loss, AUROC and accuracy of validation, all classes alike, labels plain."""
        inputs, targets, _ = batch
        with torch.autocast(self.device.type, enabled=False):
            scores = self.network.scores(_from_bytes(inputs))
            probabilities = head.logits(scores, self.network.output).softmax(dim=1)
            self.loss.update(head.loss(scores, targets, self.network.output), weight=len(targets))
            self.auroc.update(probabilities, targets)
            self.accuracy.update(probabilities, targets)

    def on_validation_epoch_end(self) -> None:
        """Give the figures of the epoch.

        Raises:
            DivergedError: the last step spoilt the weights, so that no answer is a number.
        """
        measures: dict[str, Metric] = {
            "loss": self.loss, "auroc": self.auroc, "accuracy": self.accuracy}
        loss = self.loss.compute()
        if not torch.isfinite(loss):
            raise self._diverged(loss, "on validation")
        self.log("train_loss", self.mean_loss(), prog_bar=True, sync_dist=True)
        for name, metric in measures.items():
            self.log(name, metric.compute(), prog_bar=True, sync_dist=True)
            metric.reset()

    def configure_optimizers(self) -> Any:
        """The optimiser of what is not frozen, and the schedule by steps."""
        optimizer = self._optimizer()
        schedule = schedules.schedule(
            optimizer, self._phase, int(self.trainer.estimated_stepping_batches))
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _optimizer(self) -> Optimizer:
        """Let what was added to somebody's backbone learn at a rate of its own, if it is to."""
        learning = self._learning()
        backbone = getattr(self.network, "body", None)  # a head by itself has none
        if backbone is None or not isinstance(self._phase, Finetune):
            return schedules.optimizer(learning, self._phase)
        body = set(backbone.parameters())
        return schedules.optimizer([one for one in learning if one in body], self._phase,
                                   added=[one for one in learning if one not in body],
                                   times=self._phase.head_rate)

    def _seen(self, inputs: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor | float]:
        """Give the scores, and what it costs that their maps miss the masks."""
        if self._pointing is None:
            return self._scores(inputs), 0.0
        return self._pointing(inputs, numbers, self.current_epoch)

    def _share(self, targets: Tensor) -> Tensor | float:
        """Give the factor by which the mean of all processes' losses is the whole batch's.

        Each has divided by the weight of its own images, where the weight of all is meant.
        """
        if self._trainer is None or self.trainer.world_size == 1:
            return 1.0
        own = self.class_weights[targets].sum()
        whole = self.trainer.strategy.reduce(own.clone(), reduce_op="sum")
        return own / whole * self.trainer.world_size

    def _learning(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def _size(self) -> Tensor:
        """Sum the absolute weights that learn; biases and norms, which are vectors, left out."""
        kernels = [weight for weight in self._learning() if weight.ndim > 1]
        return torch.stack([kernel.abs().sum() for kernel in kernels]).sum()


class OccurringAuroc(MulticlassAUROC):
    """The mean, over the classes that occur, of each class's AUROC against the rest."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, average="none", validate_args=False)

    def compute(self) -> Tensor:  # type: ignore[override]  # as MulticlassAUROC itself
        """Give the mean of all images seen; one class alone has none, and gives 0."""
        each: Tensor = super().compute()
        occurring = torch.unique(dim_zero_cat(self.target))
        return each[occurring].mean()


def _from_bytes(inputs: Tensor) -> Tensor:
    """Turn pictures of 8 bits into what every network takes, from 0 to 1; leave embeddings."""
    return inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs


def _frozen(layer: nn.Module) -> bool:
    return any(not parameter.requires_grad for parameter in layer.parameters())


def uses_bf16(trainer: Trainer) -> bool:
    """Decide whether training computes in bf16; `auto` means where the processor does so itself."""
    if trainer.precision != "auto":
        return trainer.precision == "bf16"
    if torch.cuda.is_available() and trainer.accelerator != "cpu":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 (the only way to ask)
