"""The architectures a backbone may have: timm's, without their classifiers, and one of our own."""

import hashlib
from difflib import get_close_matches
from typing import Any

import timm
from timm.models import VGG, group_parameters
from torch import nn

from osteon.errors import UserError
from osteon.scratch import ARCH, ScratchCnn


def make(arch: str) -> Any:
    """Make an architecture with random weights.

    Raises:
        UserError: neither we nor timm have one of that name.
    """
    require(arch)
    return ScratchCnn() if arch == ARCH else of_timm(arch)


def require(arch: str) -> None:
    """See to it that there is an architecture of that name.

    Raises:
        UserError: neither we nor timm have one; it names similar ones.
    """
    if arch != ARCH and not timm.is_model(arch):
        similar = ", ".join(get_close_matches(arch, timm.list_models(), n=5, cutoff=0.5))
        raise UserError(f"backbones: timm has no arch {arch!r} (similar: {similar or 'none'}); "
                        "mend the entry in conf/backbones/")


def of_timm(arch: str, *, pretrained: bool = False) -> Any:
    """Make timm's network without its classifier.

    timm leaves VGG the two dense layers before it, which hold most of its weights. They go, so that
    VGG too ends in the mean of its last convolutions, as Keras has it without its top.
    """
    found = timm.create_model(arch, pretrained=pretrained, num_classes=0)
    if isinstance(found, VGG):
        found.pre_logits = nn.Identity()  # type: ignore[assignment]  # as timm's own pruning does
        found.head_hidden_size = found.num_features
    return found


def blocks(made: Any) -> list[set[str]]:
    """Name the parameters of each block of what `make` made, from the input on.

    Blocks are what timm gives rates of their own in layer-wise decay: stages of most networks,
    modules of Inception and Xception, convolutions of VGG. A last batch norm is none by itself; it
    goes with the block before it.
    """
    groups = group_parameters(made, made.group_matcher(coarse=True))
    dimensions = {name: parameter.ndim for name, parameter in made.named_parameters()}
    found: list[set[str]] = []
    for names in groups.values():
        if max(dimensions[name] for name in names) > 1:
            found.append(set())
        found[-1].update(names)
    return found


def digest(module: nn.Module) -> str:
    """Hash names, types, shapes and values of all its tensors."""
    found = hashlib.sha256()
    for name, value in module.state_dict().items():
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.detach().cpu().contiguous().numpy())
    return found.hexdigest()
