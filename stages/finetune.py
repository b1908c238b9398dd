"""finetune: the second phase of one member; the whole network, at a low rate."""

import sys
from pathlib import Path

from osteon import checkpoints, member, params, splits
from osteon.errors import run
from osteon.files import fresh_folder

SPLIT, PICTURES = Path("artifacts/split"), Path("artifacts/preprocess")


def main() -> None:
    """Read artifacts/train/MEMBER/, write artifacts/finetune/MEMBER/."""
    name = sys.argv[1]
    settings = params.load()
    start = Path(f"artifacts/train/{name}")
    cut = splits.read(SPLIT)
    facts = settings.model_dump(include={"seed", "augment", "trainer", "finetune"})
    inputs = [SPLIT / splits.TABLE, PICTURES / "pictures.npy", start / "model.safetensors",
              start / "card.json"]
    with checkpoints.resumable(Path(f"runs/finetune/{name}"), facts, inputs) as resume:
        material = member.read_material(cut, PICTURES, settings.dataset.labels)
        network = checkpoints.load(start, settings.backbones[name], len(settings.dataset.labels))
        fit = member.finetune(network, settings, material, resume)
        card = {**checkpoints.read_card(start), "monitor": settings.finetune.monitor}
        with fresh_folder(Path(f"artifacts/finetune/{name}")) as folder:
            checkpoints.save(folder, network, card, fit)


if __name__ == "__main__":
    run(main)
