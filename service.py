"""What BentoML starts, in the project as in a bento: it serves the code that lies beside it.

A bento carries its code below `src/`. Where another osteon is installed, that is another version.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from osteon.serving.service import Radiographs

__all__ = ["Radiographs"]
