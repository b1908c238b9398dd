"""preprocess: decode, contrast and size, once for all backbones."""

from pathlib import Path

from osteon import params, splits
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.imaging import PreprocessSpec
from osteon.preprocessing import PICTURES, SPEC, write_pictures


def main() -> None:
    """Read the images of artifacts/split/, write artifacts/preprocess/."""
    settings = params.load()
    spec = PreprocessSpec(**settings.preprocess.model_dump())
    table = splits.read(Path("artifacts/split")).table
    images = [Path(settings.dataset.root) / path for path in table["path"]]
    with fresh_folder(Path("artifacts/preprocess")) as folder:
        write_pictures(folder / PICTURES, images, spec)
        write_json(folder / SPEC, spec.to_json())


if __name__ == "__main__":
    run(main)
