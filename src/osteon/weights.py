"""The weights that a backbone begins with: timm's hub, a file, or a folder of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from timm.models import VGG
from torch import Tensor, nn

from osteon import architectures
from osteon.errors import UserError
from osteon.files import sha256
from osteon.scratch import ARCH
from osteon.words import shortened

_NAMED = 3  # differences between weights and network that a message spells out


def load_pretrained(body: Any, arch: str, weights: str) -> str:
    """Load a backbone's weights from timm's hub (`imagenet`), a file, or a folder of files.

    Returns where they came from, with the file's hash, or that of the hub's tensors.

    Raises:
        UserError: the hub cannot be reached, there is no such file, or it fits another network.
    """
    if weights == "imagenet":
        body.load_state_dict(_from_hub(arch), strict=True)
        return f"imagenet ({arch} of timm's hub, tensors sha256 {architectures.digest(body)})"
    file = _weights_file(Path(weights), arch)
    state = _without_what_follows(_read(file), body)
    load_strictly(body, state, f"weights: {file} does not fit {arch}")
    return f"{file.name} (sha256 {sha256(file)})"


def require(arch: str, weights: str) -> None:
    """See to it that there is an architecture, and weights for it, before any work.

    What a file of weights holds, and whether the hub can be reached, shows when they are loaded.

    Raises:
        UserError: timm has no such architecture, no weights for it, or there is no such file.
    """
    architectures.require(arch)
    if weights == "imagenet":
        known = timm.get_pretrained_cfg(arch)  # none, too, of a name that timm has changed since
        if arch == ARCH or (known and not known.has_weights):
            raise _not_on_the_hub(arch, "it has none")
    elif weights != "none":
        _weights_file(Path(weights), arch)


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], failure: str) -> None:
    """Load weights of the very names and shapes that a module has.

    Raises:
        UserError: they differ; one line, which begins with `failure` and names a few.
    """
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError:
        raise UserError(f"{failure}: {_differences(module.state_dict(), state)}") from None


def _differences(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    found = [f"it lacks {name}" for name in wanted if name not in given]
    found += [f"it holds {name}" for name in given if name not in wanted]
    found += [f"{name} is {tuple(given[name].shape)}, not {tuple(value.shape)}"
              for name, value in wanted.items()
              if name in given and given[name].shape != value.shape]
    return shortened(found, _NAMED, between="; ")


def _from_hub(arch: str) -> Mapping[str, Tensor]:
    try:
        return architectures.of_timm(arch, pretrained=True).state_dict()
    except Exception as error:  # the hub's client raises many kinds, all of them "no weights"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _not_on_the_hub(arch, reason) from None


def _not_on_the_hub(arch: str, reason: str) -> UserError:
    return UserError(
        f"weights: imagenet: no weights for {arch} from timm's hub ({reason}). Without it: "
        "weights=PATH/TO/FILE_OR_FOLDER, or weights=none to train from scratch")


def _weights_file(path: Path, arch: str) -> Path:
    tried = [path] if not path.is_dir() else [
        path / f"{arch}.safetensors", path / f"{arch}.pth", path / f"{arch}.bin"]
    for file in tried:
        if file.is_file():
            return file
    raise UserError(f"weights: no file {' or '.join(map(str, tried))}; give none, imagenet, "
                    "or the path of a file or folder")


def _read(file: Path) -> dict[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # each format fails in its own way; all mean "not weights"
        raise UserError(f"weights: {file} is no file of weights that torch or safetensors "
                        "can read") from None
    if not isinstance(state, dict):
        raise UserError(f"weights: {file} is no file of weights: it holds a {type(state).__name__}")
    weights: dict[str, Tensor] = state.get("state_dict", state)
    if not (isinstance(weights, dict) and all(isinstance(one, Tensor) for one in weights.values())):
        raise UserError(f"weights: {file} holds more than weights (a training's checkpoint?); "
                        "give a file of names and tensors alone")
    return weights


def _without_what_follows(state: dict[str, Tensor], backbone: Any) -> dict[str, Tensor]:
    """Drop what stood after the backbone in another task; the head here is a new one.

    That is the classifier, and VGG's dense layers before it.
    """
    names = backbone.pretrained_cfg.get("classifier") or ()
    names = [names] if isinstance(names, str) else list(names)
    names += ["pre_logits"] if isinstance(backbone, VGG) else []
    prefixes = tuple(f"{name}." for name in names)
    return {key: value for key, value in state.items() if not key.startswith(prefixes)}
