"""What a frozen backbone makes of pictures: computed once, then a head trains on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from osteon.backbone import Network
from osteon.imaging import Picture, network_input

# On a processor each core takes batches of its own, small enough for its cache: half as fast again
# as cores that share a batch of 32, and ten times where other programs want a core too.
_BATCH = 8


def embed(network: Network, pictures: Picture, rows: NDArray[np.int64], *,
          bf16: bool, device: torch.device,
          transform: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """Embed rows of a pictures file, changed by `transform` if given: (rows, features) float32."""
    network = network.to(device).eval()

    def batch(start: int) -> Tensor:
        images = torch.from_numpy(network_input(pictures[rows[start:start + _BATCH]])).to(device)
        return transform(images) if transform else images

    def features(images: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            return network.features(images).float().cpu()

    starts = range(0, len(rows), _BATCH)
    jobs = (delayed(features)(batch(start)) for start in starts)
    with _one_thread_each():
        found = Parallel(n_jobs=-1 if device.type == "cpu" else 1, prefer="threads",
                         return_as="generator")(jobs)
        return torch.cat(list(tqdm(found, total=len(starts), desc="embed", unit="batch")))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
