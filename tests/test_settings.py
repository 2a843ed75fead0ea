"""Settings: where they come from, what is refused and with which sentence, and that docs/settings.md lists them all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deepracer_admin.errors import BadSettings
from deepracer_admin.settings import PREFIX, Settings, default_home, load_settings, read_practice
from launch import machine
from tests.console_process import write_silent_world

ROOT = Path(__file__).resolve().parents[1]
NOTHING = Path("no-secrets.toml")


def load(tmp_path: Path, toml: str = "", **environ: str) -> Settings:
    file = tmp_path / "secrets.toml"
    file.write_text(toml, "utf-8")
    return load_settings({f"{PREFIX}{name}": value for name, value in environ.items()}, secrets_file=file)


def refused(tmp_path: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, toml, **environ)
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


# ----------------------------------------------------------------------------------------------------------- sources


def test_nothing_set_is_a_rehearsal_on_loopback(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.mode, settings.port, settings.public_port) == ("rehearsal", 8501, 0)
    assert settings.console_url == "http://localhost:8501"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    toml = '[deepracer_admin]\nmail_from = "file@example.com"\nport = 9000\n'
    settings = load(tmp_path, toml, MAIL_FROM="environment@example.com")
    assert (settings.mail_from, settings.port) == ("environment@example.com", 9000)


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="").port == 8501


def test_other_tables_of_the_secrets_file_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, '[connections.other]\nurl = "x"\n').mode == "rehearsal"


@pytest.mark.parametrize("name", ["MAIL_FROM", "MAIL_REPLY_TO"])
def test_who_mail_is_from_is_judged_at_the_start(tmp_path: Path, name: str) -> None:
    for text in ("Race Day", "a@example.com, b@example.com", "Race\r\nBcc: b@example.com <a@example.com>"):
        assert refused(tmp_path, **{name: text}).startswith(f"`{name.lower()}` cannot be used: ")
    assert "Amazon SES" in refused(tmp_path, **{name: "società@example.com"})
    load(tmp_path, **{name: "società@example.com", "MAILER": "smtp"})
    load(tmp_path, **{name: "Città, Torino <race@bücher.example>"})


@pytest.mark.parametrize(
    ("toml", "environ", "words"),
    [
        ("[deepracer_admin\n", {}, r"secrets.toml cannot be read as TOML .*correct that line"),
        ("deepracer_admin = 3\n", {}, r"must be a table, written \[deepracer_admin\]"),
        ("[deepracer_admin]\ncolour = 1\n", {}, r"secrets.toml sets `colour`, which is no setting"),
        ("", {"COLOUR": "red"}, r"the environment variable DEEPRACER_ADMIN_COLOUR sets `colour`, which is no setting"),
        ("", {"PORT": "zero"}, r"DEEPRACER_ADMIN_PORT sets `port` to a value that cannot be used"),
        ("", {"PORT": "70000"}, r"DEEPRACER_ADMIN_PORT sets `port` to a value that cannot be used"),
        ("", {"MODE": "production"}, r"DEEPRACER_ADMIN_MODE sets `mode` .*'rehearsal' or 'live'"),
        ("", {"DEEPRACER_SITE": "d111.cloudfront.net"}, r"`deepracer_site` must be a full address"),
        ("", {"DEEPRACER_SITE": "http://d111.cloudfront.net"}, r"must begin with https://"),
        ("", {"GRAPH_URL": "ftp://graph.example.com"}, r"`graph_url` must be a full address"),
    ],
)
def test_a_broken_setting_is_one_sentence_that_names_it(
    tmp_path: Path, toml: str, environ: dict[str, str], words: str
) -> None:
    assert re.search(words, refused(tmp_path, toml, **environ))


def test_a_secrets_file_in_another_encoding_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_bytes('[deepracer_admin]\nmail_from = "caffè@example.com"\n'.encode("utf-16"))
    with pytest.raises(BadSettings, match="cannot be read as TOML"):
        load_settings({}, secrets_file=file)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    names = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
    assert {"secret_key", "entra_client_secret", "deepracer_password", "smtp_password"} <= set(names)
    settings = load(tmp_path, **{name.upper(): "do-not-show" for name in names})
    assert "do-not-show" not in f"{settings!r} {settings} {settings.model_dump_json()}"


# ------------------------------------------------------------------------------------------------------------- modes


@pytest.mark.parametrize("name", ["ENTRA_AUTHORITY", "GRAPH_URL", "DEEPRACER_SITE"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_live_refuses_rehearsal_addresses(tmp_path: Path, name: str, host: str) -> None:
    sentence = refused(tmp_path, MODE="live", **{name: f"http://{host}:9000/x"})
    assert f"`{name.lower()}`: {host.strip('[]')!r} leads to this computer, but the mode is live" in sentence


def test_live_refuses_a_rehearsals_aws_endpoints() -> None:
    environ = {f"{PREFIX}MODE": "live", "AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:9000"}
    with pytest.raises(BadSettings, match=r"AWS_ENDPOINT_URL_SESV2: .* leads to this computer, but the mode is live"):
        load_settings(environ, secrets_file=NOTHING)
    environ["AWS_ENDPOINT_URL_SESV2"] = "https://email.eu-west-1.amazonaws.com"
    assert load_settings(environ, secrets_file=NOTHING).mode == "live"


@pytest.mark.parametrize(
    ("service", "key"), [("entra", "authority"), ("graph", "url"), ("deepracer", "site"), ("aws", "ses_url")]
)
def test_a_rehearsal_refuses_every_address_beyond_this_machine(tmp_path: Path, service: str, key: str) -> None:
    write_silent_world(tmp_path)
    path = tmp_path / "practice.json"
    practice = json.loads(path.read_text("utf-8"))
    assert read_practice(tmp_path).url
    practice[service][key] = "https://graph.microsoft.com/v1.0"
    path.write_text(json.dumps(practice), "utf-8")
    with pytest.raises(BadSettings, match=r"leads to graph.microsoft.com, but a rehearsal never leaves this machine"):
        read_practice(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"url": 1}', '"text"', '{"url": "http://127.0.0.1"}'])
def test_a_broken_file_of_the_practice_world_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "practice.json").write_text(content, "utf-8")
    with pytest.raises(BadSettings, match="stop the practice world and start again"):
        read_practice(tmp_path)


def test_no_practice_world_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"python3 start.py"):
        read_practice(tmp_path)


@pytest.mark.parametrize("system", ["Linux", "Darwin", "Windows"])
@pytest.mark.parametrize("mode", ["rehearsal", "live"])
@pytest.mark.parametrize("environ", [{}, {"XDG_DATA_HOME": "/x", "LOCALAPPDATA": "/y"}])
def test_console_and_launcher_agree_on_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, system: str, mode: str, environ: dict[str, str]
) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("platform.system", lambda: system)
    assert default_home(mode) == machine.default_home(mode, system, environ, Path.home())


def test_each_mode_has_a_folder_of_its_own(tmp_path: Path) -> None:
    assert load(tmp_path).home != load(tmp_path, MODE="live").home
    assert load(tmp_path, MODE="live").home.name == "live"


# ------------------------------------------------------------------------------------------------------ documentation

ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.+) \|$")


def documented() -> dict[str, tuple[str, str]]:
    lines = (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines()
    rows = [found.groups() for found in map(ROW.match, lines) if found]
    assert len(rows) == len({name for name, *_ in rows}), "a setting stands twice"
    return {name: (default, text) for name, default, text in rows}


def shown(name: str) -> str:
    """How docs/settings.md writes a default."""
    default: Any = Settings.model_fields[name].default
    if name == "home":
        return "per person and mode"
    if isinstance(default, SecretStr):
        return "*secret*"
    if default in ("", None):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    assert documented() == {
        name: (shown(name), str(field.description)) for name, field in Settings.model_fields.items()
    }


def test_no_document_names_a_variable_that_does_not_exist() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {
        found for path in documents if path.exists() for found in re.findall(rf"{PREFIX}([A-Z_]+)\b", path.read_text())
    }
    assert {name.lower() for name in named} <= set(Settings.model_fields)
