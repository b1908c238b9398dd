"""split: every usable image into train, validation or test, patients and duplicates whole."""

import logging
from pathlib import Path

from osteon import cuts, params, quarantine, splits
from osteon.balance import balance
from osteon.errors import run
from osteon.files import fresh_folder, read_json
from osteon.records import read_table

log = logging.getLogger("osteon.split")


def main() -> None:
    """Read artifacts/index/, write artifacts/split/: split.csv, about.json, left_out.csv."""
    settings = params.load()
    source = Path("artifacts/index")
    index = read_table(source / "index.csv")
    usable = index[quarantine.usable(index, settings.dataset.quarantine)].reset_index(drop=True)
    found = cuts.cut(usable, settings.split, settings.dataset.labels, settings.seed)
    if found.splits.mark:
        log.warning("split: %s", found.splits.mark)
    if len(found.left_out):
        log.warning("split: %d images are left out, so that no group is divided; "
                    "artifacts/split/left_out.csv names them", len(found.left_out))
    about = {"says": found.says, "seed": settings.seed,
             "patients_are": read_json(source / "about.json")["patients_are"],
             **balance(found.splits.table, found.asked)}
    with fresh_folder(Path("artifacts/split")) as folder:
        splits.write(folder, found.splits, about, found.left_out)


if __name__ == "__main__":
    run(main)
