"""What the node is told, and how it says what is wrong with that."""

import subprocess
import sys

import pytest

from osteon.errors import UserError
from osteon.serving.dicom.settings import Settings
from osteon.serving.settings import Settings as ServiceSettings

NEEDED = ["--target", "ARCHIVE@10.0.0.5:4242", "--spool", "/queue"]


def test_the_target_may_send_unless_others_are_named():
    assert Settings.read(NEEDED, {}).senders == ["ARCHIVE"]
    assert Settings.read([*NEEDED, "--accept", "CR1, CR2"], {}).senders == ["CR1", "CR2"]


def test_the_command_line_goes_before_the_environment():
    variables = {"OSTEON_PACS_PORT": "104", "OSTEON_PACS_QUIET_S": "5", "OSTEON_PACS_ANSWERS": "sr",
                 "OSTEON_PACS_TITLE": ""}
    read = Settings.read([*NEEDED, "--port", "11113"], variables)
    assert (read.port, read.quiet_s, read.answers, read.title) == (11113, 5.0, ("sr",), "OSTEON")


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "--target: is required; give it, or set OSTEON_PACS_TARGET; --spool: is required; "
         "give it, or set OSTEON_PACS_SPOOL"),
    (["--target", "ARCHIVE"], "--target: want TITLE@HOST:PORT, as ARCHIVE@10.0.0.5:4242"),
    (["--target", "A@h:0"], "--target: Input should be greater than or equal to 1"),
    (["--port", "70000"], "--port: Input should be less than or equal to 65535"),
    (["--title", "A" * 17], "--title: String should match pattern"),
    (["--answers", "pdf"], "--answers: Input should be 'sc' or 'sr'"),
    (["--answers", ","], "--answers: Tuple should have at least 1 item"),
    (["--quiet-s", "soon"], "--quiet-s: Input should be a valid number"),
    (["--service", "localhost"], "--service: Input should be a valid URL"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_an_impossible_value_is_named(arguments, said):
    with pytest.raises(UserError) as refused:
        Settings.read([*(NEEDED if arguments else []), *arguments], {})
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (" \n", "is empty")])
def test_a_key_file_that_holds_none_is_refused(tmp_path, content, said):
    file = tmp_path / "key"
    if content:
        file.write_text(content)
    with pytest.raises(UserError, match=said):
        Settings.read([*NEEDED, "--service-key-file", str(file)], {}).key({})


def test_a_key_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path):
    file = tmp_path / "key"
    file.write_text("secret-of-the-file\n")
    of_file = Settings.read([*NEEDED, "--service-key-file", str(file)], {}).key({})
    of_variable = Settings.read(NEEDED, {}).key({"OSTEON_PACS_SERVICE_KEY": "secret"})
    assert (of_file.get_secret_value(), of_variable.get_secret_value()) == (
        "secret-of-the-file", "secret")
    assert "secret" not in f"{of_file!r} {of_variable}"
    assert Settings.read(NEEDED, {}).key({}) is None


def test_the_service_does_not_take_the_nodes_variables_for_slips_of_its_own():
    names = [*Settings.model_fields, "service_key"]
    ServiceSettings.read({f"OSTEON_PACS_{name.upper()}": "x" for name in names})


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        Settings.read(["--help"], {})
    shown = capsys.readouterr().out
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in shown


def test_without_its_libraries_the_command_says_what_to_install():
    command = ("import runpy, sys; sys.modules['pynetdicom'] = None; "
               "runpy.run_module('osteon.serving.dicom', run_name='__main__')")
    ended = subprocess.run([sys.executable, "-c", command, *NEEDED], capture_output=True, text=True,
                           check=False)
    assert ended.returncode == 1
    assert ended.stderr == ("error: pynetdicom is not installed; install the extra: "
                            "pip install '.[pacs]' in the clone\n")
