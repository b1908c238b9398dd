"""conf/ into params.yaml, as `dvc exp run` composes it: `python -m osteon.composition`."""

import sys
from pathlib import Path

from dvc.utils.hydra import compose_and_dump


def compose(output: Path, *, conf: Path = Path("conf"), overrides: list[str]) -> None:
    """Write the composition of `conf` with `overrides` (`model=xception`, `train.epochs=7`)."""
    compose_and_dump(output, str(conf.resolve()), None, "config", "", overrides)


if __name__ == "__main__":
    compose(Path("params.yaml"), overrides=sys.argv[1:])
