"""Networks by name, weights from files, and refusals that say what to do."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from ruamel.yaml import YAML
from safetensors.torch import save_file

from osteon.backbone import _NORMALIZE, Network, _blocks, create
from osteon.errors import UserError
from osteon.sections.training import Backbone
from osteon.weights import load_pretrained
from phases import HEADS, head
from pickles import Touch

ROOT = Path(__file__).parents[2]
RESNET = Backbone(arch="resnet10t", normalize="imagenet")
ENTRIES = YAML(typ="safe", pure=True).load(ROOT / "conf/backbones/timm.yaml")
OURS = {"scratch_cnn"}


@pytest.fixture(scope="module")
def network():
    return create(RESNET, classes=2, seed=0).eval()


@pytest.fixture(scope="module")
def donor():
    """The same architecture with other weights and a classifier of 1,000 classes."""
    torch.manual_seed(99)
    return timm.create_model("resnet10t", num_classes=1000).state_dict()


@pytest.fixture
def fresh():
    return create(RESNET, classes=2, seed=1)


def test_shapes_of_features_and_logits(network):
    images = torch.rand(3, 1, 64, 64)
    with torch.inference_mode():
        assert network.features(images).shape == (3, 512)
        assert network(images).shape == (3, 2)
        assert create(RESNET, classes=5, seed=0).eval()(images).shape == (3, 5)


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_every_head_stands_on_a_backbone(changes):
    network = create(RESNET, 3, 0, head(**changes)).eval()
    images = torch.rand(2, 1, 32, 32)
    with torch.inference_mode():
        assert network(images).shape == (2, 3)
        assert torch.equal(network(images), network.head(network.features(images)))
        assert torch.equal(network.scores(images), network.head.scores(network.features(images)))
    assert network.output == changes.get("output", "softmax")


def _empty(arch):
    """Make a network without weights: its names and shapes take no time."""
    with torch.device("meta"):
        return Network(Backbone(arch=arch, normalize="unit"), 2)


@pytest.mark.parametrize(("arch", "count", "last", "before"), [
    ("resnet50", 5, {"layer4"}, {"layer3"}),
    ("resnetv2_50", 5, {"stages.3", "norm"}, {"stages.2"}),
    ("densenet169", 5, {"features.denseblock4", "features.norm5"},
     {"features.denseblock3", "features.transition3"}),
    ("mobilenetv2_100", 8, {"blocks.6", "conv_head", "bn2"}, {"blocks.5"}),
    ("efficientnet_b3", 8, {"blocks.6", "conv_head", "bn2"}, {"blocks.5"}),
    ("vgg16", 13, {"features.28"}, {"features.26"}),
    ("legacy_xception", 14, {"conv3", "bn3", "conv4", "bn4"}, {"block12"}),
    ("inception_v3", 13, {"Mixed_7c"}, {"Mixed_7b"}),
    ("scratch_cnn", 4, {"blocks.3"}, {"blocks.2"}),
])
def test_the_last_blocks_and_the_head_learn_and_nothing_else(arch, count, last, before):
    network = _empty(arch)
    assert len(_blocks(network.backbone)) == count
    for blocks, expected in [(1, last), (2, last | before)]:
        network.unfreeze(blocks)
        for name, parameter in network.backbone.named_parameters():
            inside = any(name.startswith(f"{prefix}.") for prefix in expected)
            assert parameter.requires_grad is inside, name
        assert all(parameter.requires_grad for parameter in network.head.parameters())


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_blocks_of_each_entry_are_all_of_it_and_share_nothing(name):
    network = _empty(ENTRIES[name]["arch"])
    blocks = _blocks(network.backbone)
    assert sum(map(len, blocks)) == len(set().union(*blocks))
    assert set().union(*blocks) == {name for name, _ in network.backbone.named_parameters()}


@pytest.mark.parametrize("blocks", ["all", 5, 99])
def test_all_blocks_or_more_than_there_are_unfreeze_the_whole(blocks):
    network = _empty("resnet10t")
    network.unfreeze(1)
    network.unfreeze(blocks)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_weights_depend_on_the_seed_alone(network):
    images = torch.rand(2, 1, 32, 32)
    torch.rand(7)
    same, other = (create(RESNET, 2, seed).eval() for seed in (0, 1))
    with torch.inference_mode():
        assert torch.equal(same(images), network(images))
        assert not torch.equal(other(images), network(images))


def test_first_verdicts_are_undecided(network):
    with torch.inference_mode():
        chances = network(torch.rand(8, 1, 64, 64)).softmax(dim=1)
    assert chances.min() > 0.1


@pytest.mark.parametrize(("normalize", "value", "expected"), [
    # ImageNet's red channel: (.485 - .485) / .229 and (.714 - .485) / .229.
    pytest.param("imagenet", 0.485, 0, id="imagenet: the mean of red is 0"),
    pytest.param("imagenet", 0.714, 1, id="imagenet: one deviation above"),
    pytest.param("symmetric", 0.0, -1, id="symmetric: black is -1"),
    pytest.param("symmetric", 1.0, 1, id="symmetric: white is 1"),
    pytest.param("unit", 0.3, 0.3, id="unit: as it is"),
])
def test_the_backbone_sees_normalised_pictures_of_three_channels(normalize, value, expected):
    network = create(Backbone(arch="resnet10t", normalize=normalize), 2, 0).eval()
    seen = []
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        network(torch.full((1, 1, 32, 32), value))
    assert seen[0].shape == (1, 3, 32, 32)
    assert seen[0][0, 0, 5, 5].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", sorted(set(ENTRIES) - OURS))
def test_each_entry_is_normalised_as_its_weights_were(name):
    published = timm.get_pretrained_cfg(ENTRIES[name]["arch"])
    assert published is not None
    assert _NORMALIZE[ENTRIES[name]["normalize"]] == (
        pytest.approx(published.mean), pytest.approx(published.std))


def test_an_unknown_architecture_is_named_with_similar_ones():
    with pytest.raises(UserError, match=r"no arch 'resnet10x' \(similar: .*resnet") as refused:
        create(Backbone(arch="resnet10x", normalize="unit"), 2, 0)
    assert "conf/backbones/" in str(refused.value)


@pytest.mark.parametrize(("name", "inside"), [
    pytest.param("resnet10t.safetensors", None, id="a safetensors file"),
    pytest.param("any.pth", None, id="a torch file"),
    pytest.param("any.pth", "state_dict", id="a torch file with its weights one level down"),
])
@pytest.mark.parametrize("by_folder", [
    pytest.param(False, id="named"), pytest.param(True, id="found in its folder")])
def test_weights_are_loaded_and_the_old_classifier_dropped(
        tmp_path, fresh, donor, name, inside, by_folder):
    file = tmp_path / (name if not by_folder else f"resnet10t{Path(name).suffix}")
    if file.suffix == ".safetensors":
        save_file({key: value.contiguous() for key, value in donor.items()}, file)
    else:
        torch.save({inside: donor} if inside else donor, file)
    source = load_pretrained(fresh.body, "resnet10t", str(tmp_path if by_folder else file))
    assert torch.equal(fresh.backbone.state_dict()["conv1.0.weight"], donor["conv1.0.weight"])
    assert fresh.head.out_features == 2
    assert source.startswith(f"{file.name} (sha256 ")


@pytest.mark.parametrize(("content", "words"), [
    pytest.param(None, "no file .*give none, imagenet", id="nothing there"),
    pytest.param(b"not weights", "is no file of weights", id="a text"),
    pytest.param(b"", "is no file of weights", id="empty"),
    pytest.param({"conv1.0.weight": torch.zeros(3)}, "does not fit resnet10t", id="of another"),
    pytest.param(torch.zeros(3), "is no file of weights", id="a tensor alone"),
    pytest.param([1, 2], "is no file of weights", id="a list"),
])
def test_what_are_no_weights_of_this_network_is_refused_by_name(tmp_path, fresh, content, words):
    file = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(UserError, match=words) as refused:
        load_pretrained(fresh.body, "resnet10t", str(file))
    assert "weights.pth" in str(refused.value)


def test_weights_that_would_do_something_are_not_unpickled(tmp_path, fresh):
    torch.save({"conv1.0.weight": Touch(tmp_path / "touched")}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"weights\.pth is no file of weights that torch"):
        load_pretrained(fresh.body, "resnet10t", str(tmp_path / "weights.pth"))
    assert not (tmp_path / "touched").exists()


def test_a_folder_without_the_architecture_names_what_it_looked_for(tmp_path, fresh):
    torch.save({}, tmp_path / "vgg16.pth")
    with pytest.raises(UserError, match=r"resnet10t\.safetensors or .*resnet10t\.pth"):
        load_pretrained(fresh.body, "resnet10t", str(tmp_path))


def test_weights_with_a_layer_missing_are_refused(tmp_path, fresh, donor):
    torch.save({key: value for key, value in donor.items() if key != "conv1.0.weight"},
               tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"does not fit resnet10t: .*conv1\.0\.weight"):
        load_pretrained(fresh.body, "resnet10t", str(tmp_path / "a.pth"))


def test_vgg_ends_in_the_mean_of_its_last_convolutions(tmp_path):
    """The dense layers go, also those of a file of weights, and nothing else of it."""
    network = create(Backbone(arch="vgg11", normalize="imagenet"), 2, seed=0).eval()
    images = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        maps, features = network.feature_map(images), network.features(images)
    assert maps.shape == (2, 512, 2, 2)
    assert torch.allclose(features, maps.mean(dim=(2, 3)), atol=1e-6)

    published = {name: value + 1 for name, value in network.backbone.state_dict().items()}
    others = {name: torch.zeros(1) for name in ("pre_logits.fc1.weight", "pre_logits.fc2.bias",
                                                "head.fc.weight", "head.fc.bias")}
    torch.save(published | others, tmp_path / "vgg11.pth")
    load_pretrained(network.body, "vgg11", str(tmp_path))
    for name, value in network.backbone.state_dict().items():
        assert torch.equal(value, published[name]), name
    torch.save(published | others | {"neck.weight": torch.zeros(1)}, tmp_path / "vgg11.pth")
    with pytest.raises(UserError, match=r"does not fit vgg11: it holds neck\.weight$"):
        load_pretrained(network.body, "vgg11", str(tmp_path))


def test_our_own_network_takes_weights_from_a_file(tmp_path):
    scratch = Backbone(arch="scratch_cnn", normalize="symmetric")
    donor, fresh = (create(scratch, 2, seed) for seed in (0, 1))
    torch.save(donor.backbone.state_dict(), tmp_path / "scratch_cnn.pth")
    load_pretrained(fresh.body, "scratch_cnn", str(tmp_path))
    assert torch.equal(fresh.backbone.blocks[0][0].weight, donor.backbone.blocks[0][0].weight)


def test_our_own_network_has_no_weights_on_the_hub():
    network = create(Backbone(arch="scratch_cnn", normalize="symmetric"), 2, 0)
    with pytest.raises(UserError, match=r"imagenet: no weights for scratch_cnn .* or weights=none"):
        load_pretrained(network.body, "scratch_cnn", "imagenet")


def _from_the_hub(home):
    """Ask for the weights of ImageNet, with what lies in a folder for all of the hub.

    In a process of its own: the hub's client reads its settings as it is imported.
    """
    code = ("from osteon.backbone import create\nfrom osteon.weights import load_pretrained\n"
            "from osteon.errors import UserError\n"
            "from osteon.params import Backbone\n"
            "network = create(Backbone(arch='resnet10t', normalize='imagenet'), 2, 0)\n"
            "try:\n    print(load_pretrained(network.body, 'resnet10t', 'imagenet'))\n"
            "    print(network.backbone.state_dict()['conv1.0.weight'].sum().item())\n"
            "except UserError as mistake:\n    print('refused:', mistake)\n")
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=80, check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)})
    return ran.stdout.splitlines()


@pytest.mark.timeout(90)
def test_weights_of_imagenet_come_from_the_hub_with_a_hash_of_them(tmp_path, donor):
    repository = tmp_path / "hub/models--timm--resnet10t.c3_in1k"  # as the hub's client keeps it
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("0123abc")
    (repository / "snapshots/0123abc").mkdir(parents=True)
    save_file(donor, repository / "snapshots/0123abc/model.safetensors")
    source, total = _from_the_hub(tmp_path)
    assert re.fullmatch(
        r"imagenet \(resnet10t of timm's hub, tensors sha256 [0-9a-f]{64}\)", source)
    assert float(total) == pytest.approx(donor["conv1.0.weight"].sum().item(), rel=1e-6)


@pytest.mark.timeout(90)
def test_imagenet_without_a_network_says_in_one_line_how_to_go_on(tmp_path):
    lines = _from_the_hub(tmp_path)
    assert len(lines) == 1
    assert lines[0].startswith("refused: weights: imagenet: no weights for resnet10t")
    assert "weights=PATH/TO/FILE_OR_FOLDER, or weights=none" in lines[0]
