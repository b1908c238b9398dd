"""train: the first phase of one member; a head on a frozen backbone, or all of it from scratch."""

import sys
from pathlib import Path

from osteon import checkpoints, curves, member, params, splits
from osteon.errors import run
from osteon.files import fresh_folder, read_json
from osteon.resume import leads, resumable

SPLIT = Path("artifacts/split")


def main() -> None:
    """Read artifacts/{split,preprocess,tune}/, write artifacts/train/ and plots/train/MEMBER/."""
    name = sys.argv[1]
    pictures, tuned = Path(f"artifacts/preprocess/{name}"), Path(f"artifacts/tune/{name}/best.json")
    settings = params.load().of(name).overridden(read_json(tuned)["overrides"])
    labels, cut = settings.dataset.labels, splits.read(SPLIT)
    entry = settings.backbones[name].model_dump(include={"arch", "normalize"})
    facts = {"labels": labels, "backbone": entry, **settings.model_dump(
        include={"seed", "weights", "augment", "head", "trainer", "train"})}
    with resumable(Path(f"runs/train/{name}"), facts,
                   [SPLIT / splits.TABLE, pictures / "pictures.npy"],
                   processes=settings.trainer.processes) as resume:
        material = member.read_material(cut, pictures, labels)
        network, fit, source = member.train(
            name, settings, material, resume, Path("runs/embeddings"))
        if not leads():
            return
        card = cut.marked({"member": name, **entry, "labels": labels, "weights": source,
                           "monitor": settings.train.monitor})
        with fresh_folder(Path(f"plots/train/{name}")) as folder:
            curves.write(folder, fit, f"{name}, first phase", mark=cut.mark)
            curves.write_sheet(folder, material.pictures, material.rows["train"],
                               settings.augment, settings.seed, mark=cut.mark)
        with fresh_folder(Path(f"artifacts/train/{name}")) as folder:
            checkpoints.save(folder, network, card, fit)


if __name__ == "__main__":
    run(main)
