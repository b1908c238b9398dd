"""index: one row per image of the data set, its duplicates, and what is set aside."""

from pathlib import Path

import numpy as np

from osteon import contactsheet, executor, params, quarantine
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.index import index
from osteon.records import write_table


def main() -> int:
    """Read dataset.root, write artifacts/index/; runs/index/ keeps the rows for the next time."""
    settings = params.load()
    dataset = settings.dataset
    with executor.on(settings.executor):
        found = index(dataset, cache=Path("runs/index"))
    with fresh_folder(Path("artifacts/index")) as folder:
        write_table(folder / "index.csv", found.table)
        write_table(folder / "quarantine.csv",
                    quarantine.quarantine(found.table, dataset.quarantine))
        write_table(folder / "duplicates.csv", found.pairs)
        np.save(folder / "thumbnails.npy", found.thumbnails)
        contactsheet.write_sheet(folder / "duplicates.png",
                                 contactsheet.worth_seeing(found.pairs, found.table),
                                 Path(dataset.root))
        write_json(folder / "about.json", found.about)
    return len(found.table)


if __name__ == "__main__":
    run(main)
