"""preprocess: decode once, contrast and size as each member asks for."""

import shutil
from pathlib import Path

from osteon import executor, params, splits
from osteon.errors import run
from osteon.files import fresh_folder, write_json
from osteon.imaging import PreprocessSpec
from osteon.preprocessing import PICTURES, SPEC, write_pictures


def main() -> None:
    """Read the images of artifacts/split/, write artifacts/preprocess/MEMBER/ for each member."""
    settings = params.load()
    specs = {member: PreprocessSpec(**settings.of(member).preprocess.model_dump())
             for member in settings.model.members}
    first = {spec: member for member, spec in reversed(specs.items())}
    table = splits.read(Path("artifacts/split")).table
    images = [Path(settings.dataset.root) / path for path in table["path"]]
    with fresh_folder(Path("artifacts/preprocess")) as folder:
        for member, spec in specs.items():
            (folder / member).mkdir(parents=True)
            write_json(folder / member / SPEC, spec.to_json())
        files = {folder / member / PICTURES: spec for spec, member in first.items()}
        with executor.on(settings.executor):
            write_pictures(files, images)
        for member, spec in specs.items():
            if first[spec] != member:
                shutil.copy(folder / first[spec] / PICTURES, folder / member)


if __name__ == "__main__":
    run(main)
