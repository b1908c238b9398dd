"""A trained member on disk: its weights, its card, its curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from osteon.backbone import Network, bag
from osteon.files import read_json, sha256, write_json
from osteon.outcome import Fit
from osteon.records import write_table
from osteon.sections.training import Backbone, Head
from osteon.weights import load_strictly

_WEIGHTS, _CARD, _CURVES = "model.safetensors", "card.json", "curves.csv"
OUT_OF_FOLD = "out_of_fold.csv"  # what a member's networks say of the images that judge them


def save(folder: Path, networks: Network | Sequence[Network], card: dict[str, Any],
         fit: Fit) -> None:
    """Write a member of one network or more; the same weights give the same bytes."""
    each = [networks] if isinstance(networks, Network) else networks
    several = len(each) > 1
    state = {f"{number}.{name}" if several else name: value.contiguous()
             for number, network in enumerate(each)
             for name, value in network.state_dict().items()}
    save_file(state, folder / _WEIGHTS)
    write_json(folder / _CARD, {**card, **({"networks": len(each)} if several else {}),
                                "head": each[0].head.settings.model_dump(),
                                "best_epoch": fit.best_epoch, "best": fit.best})
    write_table(folder / _CURVES, fit.curves)


def load(folder: Path, backbone: Backbone, classes: int) -> Network:
    """Read a member, ready to infer in float32; several networks of it as one.

    Raises:
        UserError: it is of another backbone, or of another number of classes.
    """
    return bag(load_each(folder, backbone, classes)).eval()


def load_each(folder: Path, backbone: Backbone, classes: int) -> list[Network]:
    """Read a member's networks one by one, as `load` does."""
    card, state = read_card(folder), load_file(folder / _WEIGHTS)
    count, networks = card.get("networks", 1), []
    for number in range(count):
        network = Network(backbone, classes, Head.model_validate(card["head"]))
        begins = f"{number}." if count > 1 else ""
        load_strictly(network, {name.removeprefix(begins): value for name, value in state.items()
                                if name.startswith(begins)},
                      f"{folder / _WEIGHTS} is no {backbone.arch} of {classes} classes")
        networks.append(network.to(memory_format=torch.channels_last).eval())
    return networks


def same(one: Path, other: Path) -> bool:
    """Tell whether two folders hold the same weights."""
    return sha256(one / _WEIGHTS) == sha256(other / _WEIGHTS)


def read_card(folder: Path) -> dict[str, Any]:
    """Read a member's card."""
    card: dict[str, Any] = read_json(folder / _CARD)
    return card
