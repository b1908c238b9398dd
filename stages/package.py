"""package: the winner as ONNX in one folder that the service loads, and the bento of it."""

import logging
import os
from contextlib import suppress
from pathlib import Path

from osteon import params, splits
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.packaging import write_package

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("BENTOML_HOME", str(Path("runs/bentoml").resolve()))

import bentoml

log = logging.getLogger("osteon.package")


def main() -> None:
    """Write artifacts/package/ and build the bento of it below runs/bentoml/."""
    with fresh_folder(Path("artifacts/package")) as folder:
        version = write_package(
            folder, params.load(), trained=Path("artifacts/finetune"),
            ensemble=Path("artifacts/ensemble/ensemble.json"),
            evaluation=Path("metrics/evaluate.json"), pictures=Path("artifacts/preprocess"),
            cut=splits.read(Path("artifacts/split")))
    bento = _bento(version)
    log.info("package: model %s, bento %s", version, bento.path)


def _bento(version: str) -> bentoml.Bento:
    """Build the bento of this version anew, since the code around the model may have changed."""
    with suppress(bentoml.exceptions.NotFound):
        bentoml.delete(f"osteon:{version}")
    return bentoml.bentos.build_bentofile(version=version)


if __name__ == "__main__":
    run(main)
