"""Logits of a trained member, in float32, as the served graph will compute them."""

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from osteon.backbone import Network
from osteon.imaging import Picture, network_input

_BATCH = 64


@torch.inference_mode()
def logits(network: Network, pictures: Picture, rows: NDArray[np.int64],
           device: torch.device) -> NDArray[np.float32]:
    """Run rows of a pictures file through a network: (rows, classes) float32."""
    network = network.to(device).eval()
    batches = []
    for start in tqdm(range(0, len(rows), _BATCH), desc="infer", unit="batch"):
        images = torch.from_numpy(network_input(pictures[rows[start:start + _BATCH]]))
        batches.append(network(images.to(device)).cpu().numpy())
    return np.concatenate(batches)


def device(accelerator: str) -> torch.device:
    """Choose where to compute: the graphics card where there is one and it may be used."""
    usable = torch.cuda.is_available() and accelerator != "cpu"
    return torch.device("cuda" if usable else "cpu")
