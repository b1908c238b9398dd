"""The benchmarks of training run, too small to say anything, and print what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import timm
import torch

from project import ROOT


def run(*command: str) -> str:
    found = subprocess.run([sys.executable, "-m", *command, "--tiny", "--accelerator", "cpu"],
                           cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert found.returncode == 0, found.stderr
    return found.stdout


def drawn(folder: Path) -> Path:
    """Write noise in FracAtlas's layout: 60 images, a third of them fractured."""
    random = np.random.default_rng(0)
    names = []
    for number in range(60):
        file = folder / "images" / ("Non_fractured" if number % 3 else "Fractured")
        file = file / f"IMG{20 * number:07}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), random.integers(0, 256, (40, 40), dtype=np.uint8))
        names.append(file.name)
    columns = ["hand", "leg", "hip", "shoulder", "mixed", "hardware", "multiscan", "fractured",
               "fracture_count", "frontal", "lateral", "oblique"]
    lines = [",".join(["image_id", *columns])]
    lines += [",".join([name, *["1" if column == "fractured" and not row % 3 else "0"
                                for column in columns]]) for row, name in enumerate(names)]
    (folder / "dataset.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_the_frozen_phase_is_set_against_a_plain_loop(tmp_path: Path) -> None:
    weights = tmp_path / "mobilenetv2_100.pth"
    torch.save(timm.create_model("mobilenetv2_100").state_dict(), weights)
    output = run("benchmarks.frozen", "--full", "--data", str(drawn(tmp_path / "set")),
                 "--weights", str(weights))
    assert re.search(r"^\d+ training and \d+ validation images at 32 px, 2 epochs", output, re.M)
    assert re.search(r"^plain loop: [\d.]+ s an epoch \([\d.]+ to [\d.]+\)", output, re.M)
    assert re.search(r"^frozen phase, 4 views: [\d.]+ \([\d.]+ to [\d.]+\) s, "
                     r"and [\d.]+ s before it", output, re.M)
    assert re.search(r"^ratio [\d.]+, with decoding [\d.]+", output, re.M)
    assert re.search(r"^AUROC .* plain [\d.]+, frozen phase [\d.]+, diff", output, re.M)
    assert "cores, Python 3" in output


def test_steps_are_set_against_bare_loops() -> None:
    output = run("benchmarks.finetune")
    for name in ("ours", "bare", "plain"):
        assert re.search(rf"^  {name} +[\d.,]+ \([\d.,]+ to [\d.,]+\)", output, re.M)
    assert re.search(r"^  ratio to the bare loop [\d.]+, to the plain one [\d.]+", output, re.M)
    assert "cores, Python 3" in output
