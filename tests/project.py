"""A copy of the project in a folder of its own, and its commands run as a user runs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


class Project:
    """A checkout with commands; its own source is what runs, not the one under test elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def clone(cls, folder: Path) -> "Project":
        """Copy what git tracks or would track, and commit it, as a fresh clone would be."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        project = cls(folder)
        project.run("git", "init", "--quiet")
        project.run("git", "add", "--all")
        project.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all")
        return project

    def copy(self, folder: Path) -> "Project":
        """Copy the project with all it has made."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Project(folder)

    @property
    def environment(self) -> dict[str, str]:
        """Give the variables of an activated environment."""
        return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(self.folder / "src")}

    def start(self, *command: str, **options: object) -> subprocess.Popen[str]:
        """Start a command in the project, in a process group of its own."""
        usual = {"cwd": self.folder, "env": self.environment, "stdout": subprocess.PIPE,
                 "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, text=True, start_new_session=True, **{**usual, **options})

    def run(self, *command: str, fails: bool = False, **options: object) -> str:
        """Run a command to its end; give all that it printed."""
        process = self.start(*command, **options)
        output, _ = process.communicate()
        assert (process.returncode != 0) == fails, f"{command} gave {process.returncode}:\n{output}"
        return output

    def configure(self, **settings: object) -> None:
        """Change params.yaml: `configure(train__epochs=1)`."""
        yaml, file = YAML(), self.folder / "params.yaml"
        content = yaml.load(file)
        for name, value in settings.items():
            *path, last = name.split("__")
            section = content
            for step in path:
                section = section[step]
            section[last] = value
        yaml.dump(content, file)

    def turn_test_part_round(self) -> None:
        """Give each image of the test part the other of two labels, and its negative."""
        file = self.folder / "artifacts/split/split.csv"
        split = pd.read_csv(file)
        test = (split["part"] == "test").to_numpy()
        opposite = split["label"].map({"normal": "abnormal", "abnormal": "normal"})
        split["label"] = split["label"].mask(test, opposite)
        split.to_csv(file, index=False)
        for file in self.folder.glob("artifacts/preprocess/*/pictures.npy"):
            pictures = np.load(file)
            pictures[test] = 255 - pictures[test]
            file.unlink()  # it may be a link into DVC's cache
            np.save(file, pictures)

    def table(self, name: str) -> pd.DataFrame:
        """Read a CSV file of the project."""
        return pd.read_csv(self.folder / name)
