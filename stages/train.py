"""train: the first phase of one member; a head on a frozen backbone, or all of it from scratch."""

import sys
from copy import deepcopy
from pathlib import Path

from osteon import checkpoints, curves, member, outcome, params, splits
from osteon.errors import run
from osteon.files import fresh_folder, read_json
from osteon.records import write_table
from osteon.resume import leads, of_turns, resumable

SPLIT = Path("artifacts/split")


def main() -> None:
    """Read artifacts/{split,preprocess,tune}/, write artifacts/train/ and plots/train/MEMBER/."""
    common = params.load()
    name = common.require_member(sys.argv[1:])
    pictures, tuned = Path(f"artifacts/preprocess/{name}"), Path(f"artifacts/tune/{name}/best.json")
    settings = common.of(name).overridden(read_json(tuned)["overrides"])
    labels, cut = settings.dataset.labels, splits.read(SPLIT)
    entry = settings.backbones[name].model_dump(include={"arch", "normalize"})
    network, source = member.start(name, settings)
    facts = {"labels": labels, "backbone": entry, "weights": source,
             "folds": [common.model.folds, common.seed],
             **settings.model_dump(include={"seed", "augment", "head", "trainer", "train"})}
    with resumable(Path(f"runs/train/{name}"), facts,
                   [SPLIT / splits.TABLE, pictures / "pictures.npy"],
                   processes=settings.trainer.processes) as resume:
        turns = member.read_turns(cut, pictures, common)
        networks = [deepcopy(network) for _ in turns]
        fit = outcome.together([
            member.train(one, settings, material, place, Path("runs/embeddings"))
            for one, material, place
            in zip(networks, turns, of_turns(resume, len(turns)), strict=True)])
        if not leads():
            return
        card = cut.marked({"member": name, **entry, "labels": labels, "weights": source,
                           "monitor": settings.train.monitor})
        with fresh_folder(Path(f"plots/train/{name}")) as folder:
            curves.write(folder, fit, f"{name}, first phase", mark=cut.mark)
            curves.write_sheet(folder, turns[0].pictures, turns[0].rows["train"],
                               settings.augment, settings.seed, mark=cut.mark)
        with fresh_folder(Path(f"artifacts/train/{name}")) as folder:
            checkpoints.save(folder, networks, card, fit)
            if len(turns) > 1:
                write_table(folder / checkpoints.OUT_OF_FOLD,
                            cut.marked_table(member.judged(networks, turns, settings, cut)))


if __name__ == "__main__":
    run(main)
