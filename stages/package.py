"""package: the winner as ONNX in one folder that the service loads, and the bento of it."""

import logging
import os
import shutil
from contextlib import chdir, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from osteon import params, splits
from osteon.errors import run
from osteon.files import fresh_folder
from osteon.packaging import write_package
from osteon.report import cardpage

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("BENTOML_HOME", str(Path("runs/bentoml").resolve()))

import bentoml

log = logging.getLogger("osteon.package")
# What bentofile.yaml speaks of.
CONTEXT = ("bentofile.yaml", "service.py", "README.md", "requirements", "src",
           "artifacts/package")


def main() -> None:
    """Write artifacts/package/ and build the bento of it below runs/bentoml/."""
    with fresh_folder(Path("artifacts/package")) as folder:
        version = write_package(
            folder, params.load(), trained=Path("artifacts/finetune"),
            ensemble=Path("artifacts/ensemble/ensemble.json"),
            familiarity=Path("artifacts/ensemble/familiarity.npz"),
            card=Path("artifacts/report/card.json"), pictures=Path("artifacts/preprocess"),
            cut=splits.read(Path("artifacts/split")))
        cardpage.write(folder)
    bento = _bento(version)
    log.info("package: model %s, bento %s", version, bento.path)


def _bento(version: str) -> bentoml.Bento:
    """Build the bento of this version anew, since the code around the model may have changed.

    From a copy: BentoML refuses files below a hidden folder, where DVC runs queued experiments.
    """
    with suppress(bentoml.exceptions.NotFound):
        bentoml.delete(f"osteon:{version}")
    with TemporaryDirectory(prefix="osteon-bento-") as aside:
        for name in CONTEXT:
            target = Path(aside, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if Path(name).is_dir() else shutil.copy
            copy(name, target)
        with chdir(aside):
            return bentoml.bentos.build_bentofile(version=version)


if __name__ == "__main__":
    run(main)
