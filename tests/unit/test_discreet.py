"""What a file says does not reach the log."""

import subprocess
import sys

import pytest

from osteon.serving import discreet

READ = """
import io, logging, sys
from pydicom import dcmread
from osteon.serving import discreet
logging.basicConfig(stream=sys.stderr)
if sys.argv[1] == "silenced":
    discreet.silence()
header = b"\\x28\\0\\x08\\0IS\\x08\\0Jane Doe"
try:
    dcmread(io.BytesIO(header), force=True).NumberOfFrames
except ValueError:
    pass
"""


@pytest.mark.parametrize(("how", "told"), [("plain", True), ("silenced", False)])
def test_pydicom_quotes_no_value_that_breaks_a_rule(how, told):
    ended = subprocess.run([sys.executable, "-c", READ, how], capture_output=True, text=True,
                           check=True)
    # It warns, and it logs.
    assert ("UserWarning: " in ended.stderr, "WARNING:pydicom:" in ended.stderr,
            "Jane Doe" in ended.stderr) == (told, told, told)


def test_a_failure_is_told_without_what_it_says():
    with pytest.raises(ValueError, match="Öztürk") as raised:
        int("Öztürk^Jürgen")
    told = discreet.failure(raised.value)
    assert told["exception"] == "ValueError"
    assert told["at"][0].startswith("test_discreet.py:")
    assert "Öztürk" not in str(told)
