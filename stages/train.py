"""train: the first phase of one member; a head on a frozen backbone, or all of it from scratch."""

import sys
from pathlib import Path

from osteon import checkpoints, member, params, splits
from osteon.errors import run
from osteon.files import fresh_folder

SPLIT, PICTURES = Path("artifacts/split"), Path("artifacts/preprocess")


def main() -> None:
    """Read artifacts/split/ and artifacts/preprocess/, write artifacts/train/MEMBER/."""
    name = sys.argv[1]
    settings = params.load()
    backbone, labels = settings.backbones[name], settings.dataset.labels
    member.require_two_classes(labels)
    cut = splits.read(SPLIT)
    facts = settings.model_dump(
        include={"seed", "weights", "augment", "head", "trainer", "train"})
    facts["backbone"] = backbone.model_dump()
    with checkpoints.resumable(Path(f"runs/train/{name}"), facts,
                               [SPLIT / splits.TABLE, PICTURES / "pictures.npy"]) as resume:
        material = member.read_material(cut, PICTURES, labels)
        network, fit, source = member.train(backbone, settings, material, resume)
        card = cut.marked({"member": name, **backbone.model_dump(include={"arch", "normalize"}),
                           "labels": labels, "weights": source,
                           "monitor": settings.train.monitor})
        with fresh_folder(Path(f"artifacts/train/{name}")) as folder:
            checkpoints.save(folder, network, card, fit)


if __name__ == "__main__":
    run(main)
