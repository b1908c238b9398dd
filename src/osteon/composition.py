"""conf/ into params.yaml, as `dvc exp run` composes it: `python -m osteon.composition`."""

import argparse
from pathlib import Path

from dvc.utils.hydra import compose_and_dump
from hydra.errors import HydraException

from osteon.errors import UserError, run


def compose(output: Path, *, conf: Path = Path("conf"), overrides: list[str]) -> None:
    """Write the composition of `conf` with `overrides` (`model=xception`, `train.epochs=7`).

    Raises:
        UserError: an override is none, or names what `conf` does not have.
    """
    try:
        compose_and_dump(output, str(conf.resolve()), None, "config", "", overrides)
    except HydraException as error:
        raise UserError(f"conf/ with {' '.join(overrides)}: {error}") from None


def main() -> None:
    """Compose params.yaml, with what the command line changes."""
    parser = argparse.ArgumentParser(
        prog="python -m osteon.composition", description="Compose conf/ into params.yaml.")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE",
                        help="a group or a setting: model=xception train.epochs=7")
    compose(Path("params.yaml"), overrides=parser.parse_args().overrides)


if __name__ == "__main__":
    run(main, times=None)
