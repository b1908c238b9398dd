"""A trained member on disk: its weights, its card, its curves."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from osteon.backbone import Network, load_strictly
from osteon.files import read_json, write_json
from osteon.outcome import Fit
from osteon.records import write_table
from osteon.sections.training import Backbone, Head

_WEIGHTS, _CARD, _CURVES = "model.safetensors", "card.json", "curves.csv"


def save(folder: Path, network: Network, card: dict[str, Any], fit: Fit) -> None:
    """Write a member; the same weights give the same bytes."""
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, folder / _WEIGHTS)
    write_json(folder / _CARD, {**card, "head": network.head.settings.model_dump(),
                                "best_epoch": fit.best_epoch, "best": fit.best})
    write_table(folder / _CURVES, fit.curves)


def load(folder: Path, backbone: Backbone, classes: int) -> Network:
    """Read a member, ready to infer in float32.

    Raises:
        UserError: it is of another backbone, or of another number of classes.
    """
    network = Network(backbone, classes, Head.model_validate(read_card(folder)["head"]))
    load_strictly(network, load_file(folder / _WEIGHTS),
                  f"{folder / _WEIGHTS} is no {backbone.arch} of {classes} classes")
    return network.to(memory_format=torch.channels_last).eval()


def read_card(folder: Path) -> dict[str, Any]:
    """Read a member's card."""
    card: dict[str, Any] = read_json(folder / _CARD)
    return card
