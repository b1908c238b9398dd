"""What a frozen backbone makes of pictures: computed once, kept, and then a head trains on them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from joblib import Parallel, delayed
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from osteon import augment, backbone, imaging
from osteon.backbone import Network
from osteon.files import fresh_file, sha256
from osteon.imaging import Picture, network_input

Transform = Callable[[Tensor, Tensor], Tensor]  # images and their numbers to images

# On a processor each core takes batches of its own, small enough for its cache: half as fast again
# as cores that share a batch of 32, and ten times where other programs want a core too.
_BATCH = {"cpu": 8, "cuda": 256}
# Embeddings that other code made are not taken for those that this code would make.
_CODE = [Path(str(module.__file__)) for module in (augment, backbone, imaging)] + [Path(__file__)]
_LIBRARIES = ["timm", "torch", "torchvision"]


def embed(network: Network, pictures: Picture, rows: NDArray[np.int64], *, bf16: bool,
          device: torch.device, transform: Transform | None = None) -> Tensor:
    """Embed rows of a pictures file: (rows, features) float32.

    `transform`, if given, changes a batch (batch, 1, side, side), told which of `rows` it holds.
    """
    network, size = network.to(device).eval(), _BATCH[device.type]

    def batch(start: int) -> Tensor:
        images = torch.from_numpy(network_input(pictures[rows[start:start + size]])).to(device)
        if not transform:
            return images
        return transform(images, torch.arange(start, start + len(images), device=device))

    def features(images: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            return network.features(images).float().cpu()

    starts = range(0, len(rows), size)
    jobs = (delayed(features)(batch(start)) for start in starts)
    with _one_thread_each():
        found = Parallel(n_jobs=-1 if device.type == "cpu" else 1, prefer="threads",
                         return_as="generator")(jobs)
        return torch.cat(list(tqdm(found, total=len(starts), desc="embed", unit="batch")))


def kept(cache: Path, network: Network, pictures: Picture, rows: NDArray[np.int64], *, bf16: bool,
         device: torch.device, transform: Transform | None = None,
         facts: Any = None) -> Tensor:
    """Embed, or read what was embedded before of the very same: (rows, features) float32.

    The file's name is a hash of the backbone's weights, the pictures themselves, the precision,
    the code, and `facts`: plain values that must say all that decides what `transform` does. So
    the folder `cache` may be shared, and emptied at any time. One process computes, others wait.
    """
    name = _name(network, pictures, rows, bf16=bf16, device=device, facts=facts)
    file = cache / f"{name}.npy"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{name}.lock"):
        if not file.is_file():
            found = embed(network, pictures, rows, bf16=bf16, device=device, transform=transform)
            with fresh_file(file) as aside, aside.open("wb") as stream:
                np.save(stream, found.numpy())
    return torch.from_numpy(np.load(file))


def kept_of(cache: Path, network: Network, pictures: Picture, rows: NDArray[np.int64],
            whole: NDArray[np.int64], *, bf16: bool, device: torch.device) -> Tensor:
    """Embed rows as they are, or take them out of what is kept of the rows `whole`.

    These rise, and hold them all: a sample of a part costs nothing once the part was embedded.
    """
    file = cache / f"{_name(network, pictures, whole, bf16=bf16, device=device, facts=None)}.npy"
    if file.is_file():
        return torch.from_numpy(np.load(file, mmap_mode="r")[np.searchsorted(whole, rows)])
    return kept(cache, network, pictures, rows, bf16=bf16, device=device)


def _name(network: Network, pictures: Picture, rows: NDArray[np.int64], *, bf16: bool,
          device: torch.device, facts: Any) -> str:
    decide = [json.dumps({"bf16": bf16, "device": device.type, "facts": facts}, sort_keys=True),
              backbone.fingerprint(network), _hash(pictures, rows), *map(sha256, _CODE),
              *map(version, _LIBRARIES)]
    return hashlib.sha256("\n".join(decide).encode()).hexdigest()[:24]


def _hash(pictures: Picture, rows: NDArray[np.int64]) -> str:
    """Hash the rows of a pictures file, some megabytes at a time."""
    found = hashlib.sha256(str((rows.shape, *pictures.shape[1:])).encode())
    for start in range(0, len(rows), 256):
        found.update(pictures[rows[start:start + 256]].tobytes())
    return found.hexdigest()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
