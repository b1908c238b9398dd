"""A folder with all that training one small member takes, and the stages run in it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from osteon import splits
from osteon.files import write_json
from project import ROOT
from rows import rows

MEMBER = "tiny"
LABELS = ["normal", "osteopenia", "osteoporosis"]
# Images of each class, as uneven as real ones: no class weighs 1, and no part is even.
_PARTS = {"train": (35, 17, 9), "validation": (12, 8, 5), "test": (4, 4, 4)}
_SIDE = 32


class Workplace:
    """What `split`, `preprocess` and `tune` would have left, so that training alone has to run.

    Three classes, told by how bright the middle is: 61 training, 25 validation, 12 test images.
    """

    def __init__(self, folder: Path, **changes: object) -> None:
        self.folder = folder
        self._targets = np.concatenate([np.repeat(range(3), counts) for counts in _PARTS.values()])
        self._settings(changes)
        self._rows()
        self._pictures()
        write_json(self._made(f"artifacts/tune/{MEMBER}/best.json"), {"overrides": {}})

    def start(self, *command: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start a command in a group of its own, on one thread."""
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
                       "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=environment, text=True,
            start_new_session=True, stdout=output, stderr=subprocess.STDOUT)

    def run(self, stage: str) -> str:
        """Run a stage to its end; give all that it printed."""
        process = self.start("-m", f"stages.{stage}", MEMBER)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill a command with all that it started, without a chance to tidy up."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def bytes_of(self, folder: str) -> dict[str, bytes]:
        """Read every file of an output."""
        return {file.name: file.read_bytes() for file in sorted((self.folder / folder).iterdir())}

    def _made(self, name: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _settings(self, changes: dict[str, object]) -> None:
        yaml = YAML()
        content = yaml.load(ROOT / "params.yaml")
        content["backbones"][MEMBER] = {"arch": "test_resnet", "normalize": "symmetric"}
        content["model"]["members"] = [MEMBER]
        content["dataset"]["labels"] = LABELS
        content["preprocess"]["image_size_px"] = _SIDE
        content["train"].update(epochs=6, batch_size=16)
        content["finetune"].update(epochs=6, batch_size=16)
        content["trainer"].update(accelerator="cpu", precision="fp32")
        for section, values in changes.items():
            content[section] = ({**content[section], **values} if isinstance(values, dict)
                                else values)
        yaml.dump(content, self._made("params.yaml"))

    def _rows(self) -> None:
        parts = [part for part, counts in _PARTS.items() for _ in range(sum(counts))]
        table = rows([LABELS[target] for target in self._targets],
                     [f"p{row:02}" for row in range(len(parts))], part=parts)
        splits.write(self._made("artifacts/split/split.csv").parent, splits.Splits(table), {})

    def _pictures(self) -> None:
        random = np.random.default_rng(3)
        pictures = random.integers(0, 140, (len(self._targets), _SIDE, _SIDE), dtype=np.uint8)
        for target, picture in zip(self._targets, pictures, strict=True):
            picture[8:24, 8:24] += np.uint8(30 * target)
        np.save(self._made(f"artifacts/preprocess/{MEMBER}/pictures.npy"), pictures)
