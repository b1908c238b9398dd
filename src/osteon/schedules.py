"""Optimisers, and how the learning rate changes from step to step."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    LRScheduler,
    OneCycleLR,
)

from osteon.sections.training import Phase


def optimizer(parameters: Sequence[nn.Parameter], phase: Phase, *,
              added: Sequence[nn.Parameter] = (), times: float = 1.0) -> Optimizer:
    """Make the optimiser that a phase asks for; what was `added` learns so many times as fast.

    Weight decay is decoupled from the gradient with adamw (Loshchilov and Hutter, 2019), an L2
    penalty with adam and sgd.
    """
    rate, decay = phase.learning_rate, phase.weight_decay
    groups: list[dict[str, Any]] = [{"params": list(parameters)}]
    if added:
        groups.append({"params": list(added), "lr": times * rate})
    # Fused steps take a third of the time of others.
    if phase.optimizer == "sgd":
        return SGD(groups, lr=rate, momentum=phase.momentum, weight_decay=decay, fused=True)
    chosen = {"adam": Adam, "adamw": AdamW}[phase.optimizer]
    return chosen(groups, lr=rate, weight_decay=decay, fused=True)


def schedule(optimizer: Optimizer, phase: Phase, steps: int) -> LRScheduler | None:
    """Make the schedule over all `steps` of a phase; none where the rate is constant.

    warm_restarts is SGDR (Loshchilov and Hutter, 2017): from the full rate down a cosine, again
    and again; with a restart_factor of 2 each cycle is twice as long as the one before.
    """
    if phase.schedule == "one_cycle":
        rates = [group["lr"] for group in optimizer.param_groups]
        return OneCycleLR(optimizer, rates, total_steps=steps)
    if phase.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    if phase.schedule == "warm_restarts":
        first = phase.restart_epochs * steps // phase.epochs
        return CosineAnnealingWarmRestarts(optimizer, first, T_mult=phase.restart_factor)
    return None
