"""Settings of a training and a head, shrunk, for tests that change one thing at a time."""

from typing import Any

from osteon.sections.training import Head, Phase

_PHASE = {"epochs": 4, "batch_size": 8, "optimizer": "adamw", "learning_rate": 0.01,
          "momentum": 0.9, "schedule": "constant", "restart_epochs": 1, "restart_factor": 2,
          "weight_decay": 0.0, "l1": 0.0, "label_smoothing": 0.0, "ema": None,
          "freeze_batch_norm": False, "class_weights": True, "monitor": "loss", "patience": None}
_HEAD = {"hidden": (), "batch_norm": False, "dropout": 0.0, "output": "softmax"}

# The heads of the published systems.
HEADS = {
    "linear": {},
    "linear, sigmoid": {"output": "sigmoid"},
    "256": {"hidden": (256,), "dropout": 0.5},
    "norm, 512, 128": {"hidden": (512, 128), "batch_norm": True, "dropout": 0.3},
    "norm, 256, 256, 128, sigmoid": {"hidden": (256, 256, 128), "batch_norm": True,
                                     "dropout": 0.3, "output": "sigmoid"},
}


def phase(**changes: Any) -> Phase:
    """Give a plain phase with some settings changed."""
    return Phase.model_validate({**_PHASE, **changes})


def head(**changes: Any) -> Head:
    """Give the linear head with some settings changed."""
    return Head.model_validate({**_HEAD, **changes})
