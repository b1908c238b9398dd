"""Steps of fine-tuning against bare loops on tensors in memory: `-m benchmarks.finetune`.

One bare loop does the same work: network, batch, bf16, channels_last, optimiser. The other is
plain: float32 and NCHW.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from benchmarks.machine import machine
from torch import Tensor, nn

from osteon import inference, member, memory, params, schedules, training
from osteon.augment import Augmentation
from osteon.backbone import Network, create
from osteon.datamodule import DataModule, Pictures
from osteon.module import Classifier, uses_bf16
from osteon.params import Params
from osteon.sections.training import Backbone

_WARM_UP = 3  # steps of each loop that are not counted


class Stopwatch:
    """Told of the beginning of each step; waits for a graphics card at two of them alone."""

    def __init__(self, steps: int, device: torch.device) -> None:
        self._ends, self._device = (_WARM_UP, _WARM_UP + steps), device
        self._step, self._times = 0, list[float]()

    def begin(self) -> None:
        """Count a step."""
        if self._step in self._ends:
            if self._device.type == "cuda":
                torch.cuda.synchronize()
            self._times.append(time.perf_counter())
        self._step += 1

    @property
    def ms_per_step(self) -> float:
        """Between the two steps that were timed."""
        return (self._times[1] - self._times[0]) / (self._ends[1] - self._ends[0]) * 1_000


class Timed:
    """Augments as training does, and tells of it."""

    def __init__(self, change: Augmentation, watch: Stopwatch) -> None:
        self._change, self._watch = change, watch

    def __call__(self, images: Tensor, numbers: Tensor, epoch: int) -> Tensor:
        """Change a batch."""
        self._watch.begin()
        return self._change(images, numbers, epoch)


def main() -> None:
    """Print, for each network, milliseconds a step of the three loops, and the ratios."""
    given = _arguments()
    memory.keep_freed()  # as every stage does; the other loops have it too
    print(machine())
    for arch in given.arch:
        settings = _asked(given)
        found: dict[str, list[float]] = {"ours": [], "bare": [], "plain": []}
        for _ in range(given.rounds):  # in turn, so that all meet the same machine
            found["bare"].append(bare(arch, settings, given, bf16=uses_bf16(settings.trainer)))
            found["ours"].append(ours(arch, settings, given))
            found["plain"].append(bare(arch, settings, given, bf16=False, nchw=True))
        ms = {name: median(values) for name, values in found.items()}
        print(f"{arch}, batch {given.batch} at {given.side} px, ms a step of {given.steps}, "
              f"median of {given.rounds} (least to most):")
        for name, values in found.items():
            print(f"  {name:5} {ms[name]:,.1f} ({min(values):,.1f} to {max(values):,.1f})")
        print(f"  ratio to the bare loop {ms['bare'] / ms['ours']:.3f}, "
              f"to the plain one {ms['plain'] / ms['ours']:.2f}")


def ours(arch: str, settings: Params, given: argparse.Namespace) -> float:
    """Milliseconds a step of what the product runs, augmentation, reading and metrics included."""
    random = np.random.default_rng(0)
    images = given.batch * (given.steps + _WARM_UP + 1)
    pictures = random.integers(0, 256, (images, given.side, given.side), dtype=np.uint8)
    targets = np.arange(images) % 2
    data = DataModule(Pictures(pictures, np.arange(images), targets),
                      Pictures(pictures, np.arange(2), targets[:2]),
                      batch_size=given.batch, seed=0)
    watch = Stopwatch(given.steps, inference.device(settings.trainer.accelerator))
    change = Timed(member.augmentation(settings, images), watch)
    classifier = Classifier(_network(arch), settings.finetune, class_weights=torch.ones(2),
                            transform=change, seed=0, compiled=given.compile)
    training.fit(classifier, data, settings.finetune, settings.trainer, None)
    return watch.ms_per_step


def bare(arch: str, settings: Params, given: argparse.Namespace, *, bf16: bool,
         nchw: bool = False) -> float:
    """Milliseconds a step of a loop over one batch that lies in memory."""
    device = inference.device(settings.trainer.accelerator)
    images = torch.rand(given.batch, 1, given.side, given.side, device=device)
    targets = torch.arange(given.batch, device=device) % 2
    network = _network(arch).to(device).train()
    score: Callable[[Tensor], Tensor] = torch.compile(network) if given.compile else network
    if nchw:
        plain = nn.Sequential(network.backbone, network.head)
        score = plain.to(memory_format=torch.contiguous_format)
        images = images.repeat(1, 3, 1, 1)
    optimizer = schedules.optimizer(network.parameters(), settings.finetune)
    watch = Stopwatch(given.steps, device)
    for _ in range(given.steps + _WARM_UP + 1):
        watch.begin()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = nn.functional.cross_entropy(score(images).float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return watch.ms_per_step


def _network(arch: str) -> Network:
    return create(Backbone(arch=arch, normalize="imagenet"), 2, seed=0)


def _asked(given: argparse.Namespace) -> Params:
    return params.load().overridden({
        "finetune": {"epochs": 1, "batch_size": given.batch},
        "trainer": {"accelerator": given.accelerator}})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", nargs="+", default=["resnet50", "densenet201"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--compile", action="store_true", help="ours, and the bare loop")
    parser.add_argument("--tiny", action="store_true", help="only prove that it runs")
    given = parser.parse_args()
    if given.tiny:
        given.arch, given.batch, given.side = ["test_resnet"], 4, 32
        given.steps, given.rounds = 4, 1
    return given


if __name__ == "__main__":
    main()
