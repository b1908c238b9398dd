"""What a trained member makes of pictures, in float32, as the served graph will compute it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from osteon.backbone import Network
from osteon.errors import UserError
from osteon.imaging import Picture, network_input
from osteon.sections.training import Trainer

_BATCH = 64


@dataclass(frozen=True)
class Outputs:
    """Logits (rows, classes) and the pooled embedding before the head (rows, features)."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


def outputs(network: Network, pictures: Picture, rows: NDArray[np.int64],
            device: torch.device) -> Outputs:
    """Run rows of a pictures file through a network, once for both."""
    return outputs_of([network], pictures, rows, device)[0]


@torch.inference_mode()
def outputs_of(networks: Sequence[Network], pictures: Picture, rows: NDArray[np.int64],
               device: torch.device) -> list[Outputs]:
    """Run rows of a pictures file through several networks, each read once for all of them."""
    ready = [network.to(device).eval() for network in networks]
    logits: list[list[NDArray[np.float32]]] = [[] for _ in ready]
    features: list[list[NDArray[np.float32]]] = [[] for _ in ready]
    for start in tqdm(range(0, len(rows), _BATCH), desc="infer", unit="batch"):
        images = torch.from_numpy(network_input(pictures[rows[start:start + _BATCH]])).to(device)
        for number, network in enumerate(ready):
            embedded = network.features(images)
            features[number].append(embedded.cpu().numpy())
            logits[number].append(network.head(embedded).cpu().numpy())
    return [Outputs(np.concatenate(said), np.concatenate(embedded))
            for said, embedded in zip(logits, features, strict=True)]


def logits(network: Network, pictures: Picture, rows: NDArray[np.int64],
           device: torch.device) -> NDArray[np.float32]:
    """Give the logits alone: (rows, classes) float32."""
    return outputs(network, pictures, rows, device).logits


def device(accelerator: str) -> torch.device:
    """Choose where to compute: the graphics card where there is one and it may be used.

    Raises:
        UserError: it must be used, and there is none.
    """
    if accelerator != "cpu" and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator == "gpu":
        raise UserError("trainer.accelerator=gpu: torch sees no graphics card on this machine; set "
                        "it to auto or cpu, or run where `nvidia-smi` lists one")
    return torch.device("cpu")


def require_devices(trainer: Trainer) -> None:
    """See to it that this machine has the graphics cards that are asked for.

    Raises:
        UserError: it has none, or fewer.
    """
    if device(trainer.accelerator).type == "cpu":
        return
    cards = torch.cuda.device_count()
    if trainer.devices > cards:
        raise UserError(f"trainer.devices={trainer.devices}: of graphics cards torch sees {cards} "
                        f"on this machine; set it to {cards}, or trainer.accelerator to cpu")
