"""The service's environment: what it may say, and how a slip in it is refused."""

from pathlib import Path

import pytest

from osteon.errors import UserError
from osteon.serving.settings import Settings


def test_without_any_variable_the_defaults_stand():
    found = Settings.read({"PATH": "/bin"})
    assert (found.max_body_mb, found.max_pixels, found.timeout_s) == (32, 2**24, 30)
    assert (found.keep_uploads, found.api_keys, found.api_keys_file) == (None, (), None)


def test_a_relative_folder_counts_from_where_it_was_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = Settings.read({"OSTEON_MONITORING": "journal"})
    monkeypatch.chdir("/")
    assert found.package == tmp_path / "artifacts/package"
    assert found.monitoring == tmp_path / "journal"


def test_an_empty_variable_leaves_the_default():
    assert Settings.read({"OSTEON_TIMEOUT_S": ""}).timeout_s == 30


@pytest.mark.parametrize(("variable", "text", "name", "value"), [
    pytest.param("OSTEON_PACKAGE", "/srv/wrist", "package", Path("/srv/wrist"), id="folder"),
    pytest.param("OSTEON_MONITORING", "off", "monitoring", None, id="no journal"),
    pytest.param("OSTEON_MONITORING", "OFF", "monitoring", None, id="no journal, in capitals"),
    pytest.param("OSTEON_KEEP_UPLOADS", "Off ", "keep_uploads", None, id="nothing, with a space"),
    pytest.param("OSTEON_KEEP_UPLOADS", "off", "keep_uploads", None, id="nothing kept"),
    pytest.param("OSTEON_KEEP_UPLOADS", "/srv/kept", "keep_uploads", Path("/srv/kept"), id="kept"),
    pytest.param("OSTEON_API_KEYS", " one , two,", "api_keys", ("one", "two"), id="keys"),
    pytest.param("OSTEON_TIMEOUT_S", "2.5", "timeout_s", 2.5, id="number"),
    pytest.param("OSTEON_GUARD_METRICS", "yes", "guard_metrics", True, id="yes"),
])
def test_a_variable_is_read(variable, text, name, value):
    assert getattr(Settings.read({variable: text}), name) == value


@pytest.mark.parametrize(("environment", "said"), [
    pytest.param({"OSTEON_MAX_BODY_MB": "32 MB"}, "OSTEON_MAX_BODY_MB: ", id="no number"),
    pytest.param({"OSTEON_CONCURRENCY": "0"}, "OSTEON_CONCURRENCY: ", id="no request at all"),
    pytest.param({"OSTEON_TIMEOUT_S": "nan"}, "OSTEON_TIMEOUT_S: ", id="a time that is none"),
    pytest.param({"OSTEON_TIMEOUT_S": "inf"}, "OSTEON_TIMEOUT_S: ", id="for ever"),
    pytest.param({"OSTEON_MAX_PIXELS": "99999999999"}, "67108864", id="more than is ever read"),
    pytest.param({"OSTEON_GUARD_METRICS": "perhaps"}, "OSTEON_GUARD_METRICS: ", id="neither"),
    pytest.param({"OSTEON_API_KEY": "x"}, "OSTEON_API_KEY: no such variable; is OSTEON_API_KEYS",
                 id="a slip that would leave the service open"),
    pytest.param({"OSTEON_KEYS": "x"}, "OSTEON_KEYS: no such variable", id="keys by another name"),
    pytest.param({"OSTEON_KEY": "x"}, "OSTEON_KEY: no such variable", id="one key"),
    pytest.param({"OSTEON_API_TOKEN": "x"}, "OSTEON_API_TOKEN: no such variable", id="a token"),
    pytest.param({"OSTEON_MAX_MB": "1"}, "OSTEON_MAX_MB: no such variable; is OSTEON_MAX_",
                 id="a limit by another name"),
    pytest.param({"OSTEON_XYZ": ""}, "OSTEON_XYZ: no such variable; there are OSTEON_PACKAGE, ",
                 id="like none, and empty"),
    pytest.param({"osteon_api_keys": "x"}, "osteon_api_keys: no such variable; is OSTEON_API_KEYS",
                 id="in small letters"),
    pytest.param({"OSTEON_VERSIONS": "x"}, "OSTEON_VERSIONS: ", id="like one of others"),
    pytest.param({"OSTEON_API_KEYS": ""}, "OSTEON_API_KEYS: holds no key", id="no keys"),
    pytest.param({"OSTEON_API_KEYS": " ,\n"}, "OSTEON_API_KEYS: holds no key", id="a comma alone"),
    pytest.param({"OSTEON_API_KEYS_FILE": ""}, "OSTEON_API_KEYS_FILE: holds no key",
                 id="no file of keys"),
])
def test_a_bad_variable_is_named_in_one_line(environment, said):
    with pytest.raises(UserError) as refused:
        Settings.read(environment)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_bad_variable_is_named_at_once():
    with pytest.raises(UserError, match=r"OSTEON_MAX_VIEWS: .*; OSTEON_TIMEOUT_S: "):
        Settings.read({"OSTEON_TIMEOUT_S": "-1", "OSTEON_MAX_VIEWS": "many"})


def test_variables_of_others_that_begin_alike_are_left_alone():
    assert Settings.read({"OSTEON_REAL_DATA": "/data", "OSTEON_PACS_PORT": "104",
                          "OSTEON_VERSION": "3f2a9c01b7de"}) == Settings()


@pytest.mark.parametrize(("environment", "asked"), [
    pytest.param({}, False, id="none"),
    pytest.param({"OSTEON_API_KEYS": "4f0c2b7d9a1e8653"}, True, id="a key"),
    pytest.param({"OSTEON_API_KEYS_FILE": "/keys"}, True, id="a file"),
])
def test_it_says_whether_a_key_is_asked_for(environment, asked):
    assert Settings.read(environment).asks_for_keys is asked


def test_keys_are_not_shown():
    settings = Settings.read({"OSTEON_API_KEYS": "4f0c2b7d9a1e8653"})
    assert "4f0c2b7d9a1e8653" not in repr(settings)
    with pytest.raises(UserError) as refused:
        Settings.read({"OSTEON_MAX_VIEWS": "4f0c2b7d9a1e8653"})
    assert "4f0c2b7d9a1e8653" not in str(refused.value)
