"""What a frozen backbone makes of pictures: computed once, then a head trains on them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from osteon.backbone import Network
from osteon.imaging import Picture, network_input

_BATCH = 32


@torch.inference_mode()
def embed(network: Network, pictures: Picture, rows: NDArray[np.int64], *,
          bf16: bool, device: torch.device,
          transform: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Embed rows of a pictures file, changed by `transform` if given: (rows, features) float32."""
    network = network.to(device).eval()
    found = []
    for start in tqdm(range(0, len(rows), _BATCH), desc="embed", unit="batch"):
        images = torch.from_numpy(network_input(pictures[rows[start:start + _BATCH]])).to(device)
        if transform:
            images = transform(images)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            found.append(network.features(images).float().cpu())
    return torch.cat(found).clone()
