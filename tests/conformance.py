"""What David Clunie's checker says of a DICOM object, where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest


def faults(file: Path, kind: str) -> list[str]:
    """Check a file that should be of a kind; gives errors and warnings, one a line."""
    checker = shutil.which("dciodvfy")
    if not checker:
        pytest.skip("NOT TESTED by dciodvfy: `apt-get install dicom3tools`")
    found = subprocess.run([checker, "-new", file], capture_output=True, text=True, check=False)
    lines = (found.stdout + found.stderr).splitlines()
    assert kind in lines
    # It knows no code of a private scheme, and the report says whose scheme it is.
    return [line for line in lines if line != kind and "99OSTEON" not in line]
