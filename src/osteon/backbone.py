"""The network: a backbone that takes grey pictures from 0 to 1, and a head of its own."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from timm.models import VGG, group_parameters
from torch import Tensor, nn

from osteon.bagging import Backbones, Heads
from osteon.errors import UserError
from osteon.files import sha256
from osteon.head import LINEAR, Head
from osteon.scratch import ARCH, ScratchCnn
from osteon.sections.training import Backbone, Blocks, Output
from osteon.sections.training import Head as HeadSettings
from osteon.spotting import Spotting

_NORMALIZE = {  # mean and deviation per colour channel
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "symmetric": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
_NAMED = 3  # differences between weights and network that a message spells out


class Network(nn.Module):
    """Grey pictures in, logits out: normalisation, backbone and head in one graph.

    Normalisation lies inside, so that an exported network cannot be fed otherwise.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, backbone: Backbone, classes: int, head: HeadSettings = LINEAR) -> None:
        super().__init__()
        self.arch = backbone.arch
        self.backbone = _create(backbone.arch)
        if head.spots:
            self.backbone = Spotting(self.backbone, backbone.arch)
        self.head = Head(self.backbone.head_hidden_size, classes, head)
        if head.spots and head.is_linear and classes == 2:
            with torch.no_grad():  # where a spot speaks for a finding, that is the last class
                self.head.weight[:, -1] = torch.tensor([0.0, 1.0])
        self.output: Output = head.output
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1)
                           for values in _NORMALIZE[backbone.normalize])
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)

    @property
    def body(self) -> Any:
        """What somebody else may have trained: the backbone, without what is added to it here."""
        return self.backbone.body if isinstance(self.backbone, Spotting) else self.backbone

    def features(self, images: Tensor) -> Tensor:
        """Embed images (batch, 1, side, side) from 0 to 1 as (batch, features)."""
        features: Tensor = self.backbone(self._normalised(images))
        return features

    def feature_map(self, images: Tensor) -> Tensor:
        """Give the backbone's last feature map (batch, channels, height, width) of images.

        It is what the backbone pools; `logits_of_map` goes on from there.
        """
        maps: Tensor = self.backbone.forward_features(self._normalised(images))
        return maps

    def logits_of_map(self, maps: Tensor) -> Tensor:
        """Give logits (batch, classes) for what `feature_map` gives."""
        logits: Tensor = self.head(self.backbone.forward_head(maps))
        return logits

    def scores_of_map(self, maps: Tensor) -> Tensor:
        """Give what the loss is made of (batch, classes) for what `feature_map` gives."""
        return self.head.scores(self.backbone.forward_head(maps))

    def scores(self, images: Tensor) -> Tensor:
        """Give what the loss is made of (batch, classes) for images as `forward` takes them."""
        return self.head.scores(self.features(images))

    def forward(self, images: Tensor) -> Tensor:
        """Give logits (batch, classes) for images (batch, 1, side, side) from 0 to 1."""
        logits: Tensor = self.head(self.features(images))
        return logits

    def unfreeze(self, last: Blocks) -> None:
        """Let the head and the last so many blocks of the backbone train, or all of it.

        With more blocks than there are, all of it trains; with 0, the head alone.
        """
        blocks = _blocks(self.backbone)
        frozen = 0 if last == "all" else max(0, len(blocks) - last)
        free = set().union(*blocks[frozen:])
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(name in free)

    def _normalised(self, images: Tensor) -> Tensor:
        normal = (images - self.mean) / self.deviation  # one grey channel becomes three
        return normal.contiguous(memory_format=torch.channels_last)


def create(backbone: Backbone, classes: int, seed: int, head: HeadSettings = LINEAR) -> Network:
    """Make a network with random weights that depend on the seed alone."""
    torch.manual_seed(seed)
    return Network(backbone, classes, head).to(memory_format=torch.channels_last)


def bag(networks: Sequence[Network]) -> Network:
    """Make one network of several of a kind: features side by side, the mean of the logits.

    It predicts, explains and exports as any other, and is not to be trained.
    """
    if len(networks) == 1:
        return networks[0]
    found = deepcopy(networks[0])
    found.backbone = Backbones([network.backbone for network in networks])
    found.head = Heads([network.head for network in networks])  # type: ignore[assignment]
    return found


def load_pretrained(network: Network, arch: str, weights: str) -> str:
    """Load a backbone's weights from timm's hub (`imagenet`), a file, or a folder of files.

    Returns where they came from, with the file's hash, or that of the hub's tensors.

    Raises:
        UserError: the hub cannot be reached, there is no such file, or it fits another network.
    """
    if weights == "imagenet":
        network.body.load_state_dict(_from_hub(arch), strict=True)
        return f"imagenet ({arch} of timm's hub, tensors sha256 {_digest(network.body)})"
    file = _weights_file(Path(weights), arch)
    state = _without_what_follows(_read(file), network.body)
    load_strictly(network.body, state, f"weights: {file} does not fit {arch}")
    return f"{file.name} (sha256 {sha256(file)})"


def require(arch: str, weights: str) -> None:
    """See to it that there is an architecture, and weights for it, before any work.

    What a file of weights holds, and whether the hub can be reached, shows when they are loaded.

    Raises:
        UserError: timm has no such architecture, no weights for it, or there is no such file.
    """
    _require_arch(arch)
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
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(found[:_NAMED]) + more


def fingerprint(network: Network) -> str:
    """Hash what decides a network's features of a picture: its weights, how it normalises."""
    normal = [network.mean.flatten().tolist(), network.deviation.flatten().tolist()]
    return f"{network.arch} {_digest(network.backbone)} {normal}"


def _digest(module: nn.Module) -> str:
    found = hashlib.sha256()
    for name, value in module.state_dict().items():
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.detach().cpu().contiguous().numpy())
    return found.hexdigest()


def _create(arch: str) -> Any:
    _require_arch(arch)
    return ScratchCnn() if arch == ARCH else _of_timm(arch)


def _require_arch(arch: str) -> None:
    if arch != ARCH and not timm.is_model(arch):
        similar = ", ".join(get_close_matches(arch, timm.list_models(), n=5, cutoff=0.5))
        raise UserError(f"backbones: timm has no arch {arch!r} (similar: {similar or 'none'}); "
                        "mend the entry in conf/backbones/")


def _of_timm(arch: str, *, pretrained: bool = False) -> Any:
    """Make timm's network without its classifier.

    timm leaves VGG the two dense layers before it, which hold most of its weights. They go, so that
    VGG too ends in the mean of its last convolutions, as Keras has it without its top.
    """
    found = timm.create_model(arch, pretrained=pretrained, num_classes=0)
    if isinstance(found, VGG):
        found.pre_logits = nn.Identity()  # type: ignore[assignment]  # as timm's own pruning does
        found.head_hidden_size = found.num_features
    return found


def _blocks(backbone: Any) -> list[set[str]]:
    """Name the parameters of each block, from the input on.

    Blocks are what timm gives rates of their own in layer-wise decay: stages of most networks,
    modules of Inception and Xception, convolutions of VGG. A last batch norm is none by itself; it
    goes with the block before it, and so does what looks for spots.
    """
    if isinstance(backbone, Spotting):
        *below, last = ({f"body.{name}" for name in names} for names in _blocks(backbone.body))
        added = {f"pyramid.{name}" for name, _ in backbone.pyramid.named_parameters()}
        return [*below, last | added]
    groups = group_parameters(backbone, backbone.group_matcher(coarse=True))
    dimensions = {name: parameter.ndim for name, parameter in backbone.named_parameters()}
    blocks: list[set[str]] = []
    for names in groups.values():
        if max(dimensions[name] for name in names) > 1:
            blocks.append(set())
        blocks[-1].update(names)
    return blocks


def _from_hub(arch: str) -> Mapping[str, Tensor]:
    try:
        return _of_timm(arch, pretrained=True).state_dict()
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
