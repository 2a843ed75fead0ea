"""Composition: what cannot work is refused with one sentence, and nothing is lost or left open."""

from __future__ import annotations

import functools
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from deepracer_admin import racing_access
from deepracer_admin.compose import compose
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import BadSettings, ConsoleError, CredentialsExpired, StoreUnusable, Unreachable
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.racing.on_aws import OnAws
from deepracer_admin.settings import Settings
from deepracer_admin.vault import open_vault
from tests.console_process import write_silent_world
from tests.practice import WorldHandle, start_world


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_silent_world(tmp_path)
    return tmp_path


def rehearsal(home: Path, **options: object) -> Settings:
    return Settings.model_validate({"home": home, **options})


def live(home: Path, **options: object) -> Settings:
    return Settings.model_validate({"mode": "live", "home": home, **options})


def refused(settings: Settings, kind: type[ConsoleError]) -> str:
    with pytest.raises(kind) as caught:
        compose(settings)
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


# ------------------------------------------------------------------------------------------------------------- stores


def test_the_store_of_the_other_mode_is_refused_and_left_as_it_is(home: Path) -> None:
    compose(rehearsal(home)).close()
    before = (home / "events.sqlite").read_bytes()
    assert "was made in rehearsal mode: start in that mode" in refused(live(home), StoreUnusable)
    assert (home / "events.sqlite").read_bytes() == before


@pytest.mark.parametrize("name", ["events.sqlite", "history.sqlite", "sessions.sqlite"])
def test_a_damaged_store_is_named_and_left_as_it_is(home: Path, name: str) -> None:
    (home / name).write_bytes(b"not a database at all" * 100)
    assert name in refused(rehearsal(home), StoreUnusable)
    assert (home / name).read_bytes() == b"not a database at all" * 100
    assert not list(home.glob("*.sqlite-wal")), "the others were closed again"


@pytest.mark.parametrize("name", ["events.sqlite", "history.sqlite", "sessions.sqlite"])
def test_a_store_of_a_newer_console_asks_for_the_update(home: Path, name: str) -> None:
    compose(rehearsal(home)).close()
    with sqlite3.connect(home / name) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "update the console, then start it again" in refused(rehearsal(home), StoreUnusable)


def test_a_folder_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    sentence = refused(rehearsal(tmp_path / "file" / "home"), StoreUnusable)
    assert "cannot be written" in sentence
    assert "set DEEPRACER_ADMIN_HOME to another" in sentence


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_names_the_setting(home: Path) -> None:
    home.chmod(0o500)
    assert "set DEEPRACER_ADMIN_HOME to another" in refused(rehearsal(home), StoreUnusable)


def test_a_closed_console_leaves_no_write_ahead_log(home: Path) -> None:
    compose(rehearsal(home)).close()
    assert not [*home.glob("*.sqlite-wal"), *home.glob("*.sqlite-shm")]


# ---------------------------------------------------------------------------------------------------------------- key


def test_a_key_is_made_once_for_this_account_alone(home: Path) -> None:
    first = open_vault(rehearsal(home))
    sealed = first.seal("a refresh token")
    assert b"refresh" not in sealed
    assert open_vault(rehearsal(home)).open(sealed) == "a refresh token"
    if os.name == "posix":
        assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert [path.name for path in home.glob("*key*")] == ["key"]


def test_what_another_key_sealed_reads_as_nothing(home: Path) -> None:
    sealed = open_vault(rehearsal(home)).seal("a refresh token")
    other = open_vault(rehearsal(home, secret_key=SecretStr(Fernet.generate_key().decode())))
    assert other.open(sealed) == ""
    assert other.open(b"") == ""
    assert other.open(b"rubbish") == ""


def test_a_bad_key_says_what_a_key_is(home: Path) -> None:
    assert "`secret_key` must be a Fernet key" in refused(rehearsal(home, secret_key=SecretStr("short")), BadSettings)
    (home / "key").write_text("rubbish")
    assert "move it away, and everybody signs in again" in refused(rehearsal(home), BadSettings)


# ------------------------------------------------------------------------------------------------------------- modes


def test_a_rehearsal_without_a_practice_world_says_how_to_start_both(tmp_path: Path) -> None:
    assert "python3 start.py" in refused(rehearsal(tmp_path), BadSettings)
    assert not list(tmp_path.glob("*.sqlite")), "nothing was made"


def test_a_practice_world_that_went_away_is_a_sentence_and_the_console_still_opens(home: Path) -> None:
    console = compose(rehearsal(home))
    try:
        with pytest.raises(Unreachable):
            console.ports_of("").racing().account()
        with pytest.raises((Unreachable, CredentialsExpired)):
            console.ports_of("").directory("nobody").members("group")
    finally:
        console.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldHandle:
    started = start_world(tmp_path_factory.mktemp("world"))
    yield started  # type: ignore[misc]
    started.stop()


def test_live_refuses_a_site_that_names_itself_a_practice_world(
    tmp_path: Path, world: WorldHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings refuse loopback already; this is the second lock, for a practice world behind another name."""
    practice, aws = world.endpoints["deepracer"], world.endpoints["aws"]
    near = functools.partial(
        OnAws,
        cognito_idp_url=aws["cognito_idp_url"],
        cognito_identity_url=aws["cognito_identity_url"],
        reach=Reach.PRACTICE,
    )
    monkeypatch.setattr(racing_access, "OnAws", near)
    monkeypatch.setattr(Settings, "reach", Reach.PRACTICE)
    login = {"deepracer_user": practice["user"], "deepracer_password": SecretStr(practice["password"])}
    console = compose(live(tmp_path, deepracer_site=practice["site"], **login))
    try:
        with pytest.raises(BadSettings, match="names itself a practice world, but the mode is live"):
            console.ports_of("").racing()
    finally:
        console.close()


def test_live_refuses_a_managed_service_that_names_itself_a_practice_world(
    tmp_path: Path, world: WorldHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = world.endpoints["aws"]
    keys = {name: aws[name] for name in ("access_key_id", "secret_access_key")}

    def near(**_: object) -> ManagedClient:
        return ManagedClient(region=aws["region"], endpoint_url=aws["managed_url"], **keys, reach=Reach.PRACTICE)

    monkeypatch.setattr(racing_access, "ManagedClient", near)
    console = compose(live(tmp_path, racing="managed"))
    try:
        with pytest.raises(BadSettings, match="names itself a practice world, but the mode is live"):
            console.ports_of("").racing()
    finally:
        console.close()


@pytest.mark.parametrize("near", ["http://127.0.0.1:9", "https://localhost.", "https://services.example.com"])
def test_live_refuses_what_a_file_of_awss_settings_says_for_every_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: str
) -> None:
    """boto3 takes `endpoint_url` from there by itself, so no setting of ours would show it."""
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {near}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    identity = {
        f"identity_{name}": "x" for name in ("store_id", "instance_arn", "group", "permission_set", "account_id")
    }
    console = compose(live(tmp_path, racing="managed", deepracer_user_pool="eu-west-1_x", **identity))
    try:
        ports = console.ports_of("")
        assert ports.pool
        for adapter in (ports.racing, ports.mailer, ports.proof, ports.pool):
            with pytest.raises(BadSettings, match=r"leads to this computer|is none of its hosts"):
                adapter()
    finally:
        console.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "set DEEPRACER_ADMIN_DEEPRACER_SITE"),
        ({"deepracer_site": "https://d111.example.com"}, "set DEEPRACER_ADMIN_DEEPRACER_USER and _PASSWORD"),
    ],
)
def test_a_half_configured_site_says_what_is_missing(tmp_path: Path, options: dict[str, str], words: str) -> None:
    console = compose(live(tmp_path, **options))
    try:
        with pytest.raises(BadSettings) as caught:
            console.ports_of("").racing()
        assert words in caught.value.sentence
    finally:
        console.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "set DEEPRACER_ADMIN_ENTRA_TENANT and DEEPRACER_ADMIN_ENTRA_CLIENT_ID"),
        ({"entra_tenant": "t", "entra_client_id": "c"}, "set ENTRA_CERTIFICATE (preferred) or ENTRA_CLIENT_SECRET"),
        (
            {"entra_tenant": "t", "entra_client_id": "c", "entra_certificate": "nowhere.pfx"},
            "nowhere.pfx does not exist",
        ),
    ],
)
def test_a_half_configured_sign_in_says_what_is_missing(tmp_path: Path, options: dict[str, str], words: str) -> None:
    console = compose(live(tmp_path, **options))
    try:
        with pytest.raises(BadSettings) as caught:
            console.sign_in()
        assert words in caught.value.sentence
    finally:
        console.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"mailer": "smtp"}, "set DEEPRACER_ADMIN_SMTP_HOST"), ({"mailer": "pinpoint"}, "set `mailer` to `ses`")],
)
def test_a_mailer_that_cannot_work_says_what_to_do(tmp_path: Path, options: dict[str, str], words: str) -> None:
    console = compose(live(tmp_path, **options))
    try:
        with pytest.raises(ConsoleError) as caught:
            console.ports_of("").mailer()
        assert words in caught.value.sentence
    finally:
        console.close()
