"""finetune: the second phase of one member; the whole network, at a low rate."""

import sys
from pathlib import Path

from osteon import checkpoints, curves, member, params, splits
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.resume import leads, resumable

SPLIT = Path("artifacts/split")


def main() -> None:
    """Read artifacts/train/MEMBER/, write artifacts/finetune/MEMBER/ and plots/finetune/MEMBER/."""
    name = sys.argv[1]
    pictures, start = Path(f"artifacts/preprocess/{name}"), Path(f"artifacts/train/{name}")
    settings = params.load().of(name)
    labels, cut = settings.dataset.labels, splits.read(SPLIT)
    facts = settings.model_dump(include={"seed", "augment", "trainer", "finetune"})
    with resumable(Path(f"runs/finetune/{name}"), facts,
                   [SPLIT / splits.TABLE, pictures / "pictures.npy", start / "model.safetensors",
                    start / "card.json"], processes=settings.trainer.processes) as resume:
        material = member.read_material(cut, pictures, labels)
        network = checkpoints.load(start, settings.backbones[name], len(labels))
        fit = member.finetune(network, settings, material, resume)
        if not leads():
            return
        card = {**checkpoints.read_card(start), "monitor": settings.finetune.monitor}
        with fresh_folder(Path(f"plots/finetune/{name}")) as folder:
            curves.write(folder, fit, f"{name}, second phase", mark=cut.mark)
        with fresh_folder(Path(f"artifacts/finetune/{name}")) as folder:
            checkpoints.save(folder, network, card, fit)


if __name__ == "__main__":
    run(main)
