"""The frozen phase against a plain Lightning loop over as many epochs: `-m benchmarks.frozen`."""

import argparse
import os
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from benchmarks import plain
from benchmarks.machine import machine, spread, timed
from sklearn.model_selection import GroupShuffleSplit

from osteon import layouts, member, memory, params, preprocessing
from osteon.executor import on
from osteon.imaging import PreprocessSpec
from osteon.params import Params

_MEMBER = "mobilenetv2"
_TIMED = 3  # epochs of the plain loop, after one to warm up
_TINY = {"epochs": 2, "batch": 8, "side": 32, "images": 40, "rounds": 1}


def main() -> None:
    """Print the seconds of both, their ratio, and the AUROC on validation."""
    given = _arguments()
    tables = cut(given.data, given.images)
    settings = asked(given)
    memory.keep_freed()  # as every stage does; the plain loop has it too
    with tempfile.TemporaryDirectory() as name, on(settings.executor):
        rounds, pictures, auroc = product(tables, settings, Path(name), given.rounds)
    ours = median(rounds)
    print(machine())
    print(f"{len(tables['train'])} training and {len(tables['validation'])} validation images at "
          f"{given.side} px, {given.epochs} epochs, batch {given.batch}, {_MEMBER}")
    print(f"frozen phase, {settings.train.views} views: {spread(rounds, 1)} s, "
          f"and {pictures:.1f} s before it to decode once", flush=True)
    epochs = given.epochs if given.full else _TIMED + 1
    clock = plain.run(tables, settings.backbones[_MEMBER].arch, given.weights, side=given.side,
                      batch=given.batch, rate=settings.train.learning_rate, epochs=epochs,
                      workers=given.workers, accelerator=given.accelerator)
    some = clock.seconds[1:1 + _TIMED]
    scaled = given.epochs * median(some)
    print(f"plain loop: {median(some):.2f} s an epoch ({min(some):.2f} to {max(some):.2f}), "
          f"{scaled:,.1f} s for all")
    print(f"ratio {scaled / ours:.1f}, with decoding {scaled / (ours + pictures):.1f}")
    if given.full:
        print(f"plain loop, run in full: {sum(clock.seconds):,.1f} s")
        print(f"AUROC on validation, best epoch: plain {max(clock.auroc):.4f}, "
              f"frozen phase {auroc:.4f}, difference {auroc - max(clock.auroc):+.4f}")
    else:
        print(f"AUROC on validation, best epoch: frozen phase {auroc:.4f} "
              "(--full runs the plain loop to its end)")


def cut(data: Path, most: int | None) -> dict[str, pd.DataFrame]:
    """List a FracAtlas folder and cut it by blocks of 20 numbers: .6 training, .15 validation."""
    dataset = params.load().dataset.model_copy(
        update={"layout": "fracatlas", "labels": ("not fractured", "fractured"), "block": 20})
    rows = layouts.listing(data, dataset)
    table = rows.assign(file=[data / path for path in rows["path"]],
                        target=(rows["label"] == "fractured").astype(int))
    if most:
        table = table.sample(most, random_state=0)
    order = GroupShuffleSplit(1, train_size=0.6, random_state=0)
    train, rest = next(order.split(table, groups=table["patient_id"]))
    others = GroupShuffleSplit(1, train_size=0.375, random_state=0)
    validation, _ = next(others.split(table.iloc[rest], groups=table.iloc[rest]["patient_id"]))
    return {"train": table.iloc[train], "validation": table.iloc[rest].iloc[validation]}


def asked(given: argparse.Namespace) -> Params:
    """Give the committed settings with what the comparison fixes: flips, the rate, the epochs."""
    settings = params.load()
    return settings.overridden({
        "weights": str(given.weights),
        "dataset": {"labels": ("not fractured", "fractured")},
        "preprocess": {"image_size_px": given.side},
        "augment": {"rotation_deg": 0.0, "shift": 0.0, "zoom": 0.0, "contrast": 0.0},
        "train": {"epochs": given.epochs, "batch_size": given.batch, "views": given.views,
                  "learning_rate": 0.001, "schedule": "constant", "optimizer": "adam",
                  "weight_decay": 0.0, "class_weights": False, "monitor": "auroc"},
        "trainer": {"accelerator": given.accelerator}})


def product(tables: dict[str, pd.DataFrame], settings: Params, scratch: Path,
            rounds: int) -> tuple[list[float], float, float]:
    """Decode once, then train: seconds of each round, seconds of decoding, the best AUROC."""
    both = pd.concat([tables["train"], tables["validation"]])
    decoding, seconds = list[float](), list[float]()
    with timed(decoding):
        preprocessing.write_pictures(
            {scratch / preprocessing.PICTURES: PreprocessSpec(**settings.preprocess.model_dump())},
            list(both["file"]))
    count = len(tables["train"])
    parts = {"train": np.arange(count), "validation": np.arange(count, len(both))}
    for turn in range(rounds):
        with timed(seconds):  # nothing of an earlier round is kept
            material = member.Material(
                preprocessing.open_pictures(scratch), parts,
                {part: table["target"].to_numpy() for part, table in tables.items()})
            network, _ = member.start(_MEMBER, settings)
            fit = member.train(network, settings, material, scratch / f"run-{turn}",
                               scratch / f"kept-{turn}")
    return seconds, decoding[0], fit.best


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    real, weights = (os.environ.get(f"OSTEON_REAL_{name}") for name in ("DATA", "WEIGHTS"))
    parser.add_argument("--data", type=Path, required=not real, help="a folder as FracAtlas's",
                        default=Path(real, "FracAtlas") if real else None)
    parser.add_argument("--weights", type=Path, required=not weights, help="of mobilenetv2_100",
                        default=Path(weights, "mobilenetv2_100.pth") if weights else None)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3, help="of the frozen phase")
    parser.add_argument("--images", type=int, help="so many of all, at random")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of the plain loop")
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--full", action="store_true", help="run the plain loop to its end")
    parser.add_argument("--tiny", action="store_true", help="only prove that it runs")
    given = parser.parse_args()
    for name, value in (_TINY if given.tiny else {}).items():
        setattr(given, name, value)
    return given


if __name__ == "__main__":
    main()
