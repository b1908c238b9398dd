"""finetune: the second phase of one member; the whole network, at a low rate."""

import sys
from pathlib import Path

from osteon import checkpoints, curves, masks, member, outcome, params, splits
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.records import write_table
from osteon.resume import leads, of_turns, resumable

SPLIT = Path("artifacts/split")


def main() -> None:
    """Read artifacts/train/MEMBER/, write artifacts/finetune/MEMBER/ and plots/finetune/MEMBER/."""
    common = params.load()
    name = common.require_member(sys.argv[1:])
    pictures, start = Path(f"artifacts/preprocess/{name}"), Path(f"artifacts/train/{name}")
    settings = common.of(name)
    labels, cut = settings.dataset.labels, splits.read(SPLIT)
    facts = {"folds": [common.model.folds, common.seed], **settings.model_dump(
        include={"seed", "augment", "trainer", "finetune"})}
    with resumable(Path(f"runs/finetune/{name}"), facts,
                   [SPLIT / splits.TABLE, pictures / "pictures.npy", start / "model.safetensors",
                    start / "card.json", *pictures.glob(masks.TABLE)],
                   processes=settings.trainer.processes) as resume:
        turns = member.read_turns(cut, pictures, common)
        networks = checkpoints.load_each(start, settings.backbones[name], len(labels))
        fit = outcome.together([
            member.finetune(network, settings, material, place) for network, material, place
            in zip(networks, turns, of_turns(resume, len(turns)), strict=True)])
        if not leads():
            return
        card = {**checkpoints.read_card(start), "monitor": settings.finetune.monitor}
        with fresh_folder(Path(f"plots/finetune/{name}")) as folder:
            curves.write(folder, fit, f"{name}, second phase", mark=cut.mark)
        with fresh_folder(Path(f"artifacts/finetune/{name}")) as folder:
            checkpoints.save(folder, networks, card, fit)
            if len(turns) > 1:
                write_table(folder / checkpoints.OUT_OF_FOLD,
                            cut.marked_table(member.judged(networks, turns, settings, cut)))


if __name__ == "__main__":
    run(main)
