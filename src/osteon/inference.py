"""What a trained member makes of pictures, in float32, as the served graph will compute it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from osteon.backbone import Network
from osteon.imaging import Picture, network_input

_BATCH = 64


@dataclass(frozen=True)
class Outputs:
    """Logits (rows, classes) and the pooled embedding before the head (rows, features)."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


@torch.inference_mode()
def outputs(network: Network, pictures: Picture, rows: NDArray[np.int64],
            device: torch.device) -> Outputs:
    """Run rows of a pictures file through a network, once for both."""
    network = network.to(device).eval()
    logits, features = [], []
    for start in tqdm(range(0, len(rows), _BATCH), desc="infer", unit="batch"):
        images = torch.from_numpy(network_input(pictures[rows[start:start + _BATCH]]))
        embedded = network.features(images.to(device))
        features.append(embedded.cpu().numpy())
        logits.append(network.head(embedded).cpu().numpy())
    return Outputs(np.concatenate(logits), np.concatenate(features))


def logits(network: Network, pictures: Picture, rows: NDArray[np.int64],
           device: torch.device) -> NDArray[np.float32]:
    """Give the logits alone: (rows, classes) float32."""
    return outputs(network, pictures, rows, device).logits


def device(accelerator: str) -> torch.device:
    """Choose where to compute: the graphics card where there is one and it may be used."""
    usable = torch.cuda.is_available() and accelerator != "cpu"
    return torch.device("cuda" if usable else "cpu")
