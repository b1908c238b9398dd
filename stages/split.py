"""split: every usable image into train, validation or test, patients and duplicates whole."""

from pathlib import Path

from osteon import params
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.records import read_table, write_table
from osteon.splits import split


def main() -> None:
    """Read artifacts/index/, write artifacts/split/split.csv."""
    settings = params.load()
    index = read_table(Path("artifacts/index/index.csv"))
    usable = index[index["readable"]].reset_index(drop=True)
    splits = split(usable, settings.split, settings.dataset.labels, settings.seed)
    with fresh_folder(Path("artifacts/split")) as folder:
        write_table(folder / "split.csv", splits.table)


if __name__ == "__main__":
    run(main)
