"""index: one row per image of the data set, with a list of the files that cannot be used."""

from pathlib import Path

from osteon import params
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.index import index, patients_are
from osteon.records import write_table


def main() -> None:
    """Read dataset.root, write artifacts/index/."""
    dataset = params.load().dataset
    rows = index(dataset)
    with fresh_folder(Path("artifacts/index")) as folder:
        write_table(folder / "index.csv", rows)
        write_table(folder / "quarantine.csv", rows.loc[~rows["readable"], ["path", "reason"]])
        write_json(folder / "about.json", {"layout": dataset.layout, "images": len(rows),
                                           "patients_are": patients_are(dataset)})


if __name__ == "__main__":
    run(main)
