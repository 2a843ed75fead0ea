"""`python -m deepracer_admin store`: check, create and copy, and the console on a shared table."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deepracer_admin.__main__ import main
from deepracer_admin.compose import compose
from deepracer_admin.errors import BadSettings, StoreUnusable
from deepracer_admin.settings import Settings, load_settings
from deepracer_admin.store.sqlite import open_event_store
from tests.console_process import write_silent_world
from tests.store.people import an_event, people
from tests.store.table_server import TableServer


@pytest.fixture(scope="module")
def server() -> Iterator[TableServer]:
    server = TableServer().start()
    yield server
    server.stop()


@pytest.fixture
def home(server: TableServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    values = {"HOME": str(tmp_path / "home"), "STORE_ENDPOINT": server.url, "STORE_TABLE": f"t-{abs(hash(tmp_path))}"}
    for name, value in values.items():
        monkeypatch.setenv(f"DEEPRACER_ADMIN_{name}", value)
    return tmp_path / "home"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["store", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_a_table_is_checked_made_and_checked_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "check")
    assert (code, "MISSING" in out, "store create" in out) == (1, True, True)
    assert said(capsys, "create")[1].endswith("was made.\n")
    assert said(capsys, "create")[1].endswith("is there already.\n")
    code, out, _ = said(capsys, "check", "--json")
    assert (code, {each["level"] for each in json.loads(out)}) == (0, {"green"})


def test_an_event_is_copied_both_ways_by_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_event_store(home / "events.sqlite", "rehearsal")
    store.save_event(an_event())
    store.save_attendees("spring", people(3))
    store.close()
    said(capsys, "create")
    code, out, _ = said(capsys, "copy", "--from", "sqlite", "--to", "dynamodb")
    assert code == 0
    assert "EVENT#spring: 4 rows, digest" in out
    assert "Set `store` to `dynamodb`" in out
    there = json.loads(said(capsys, "copy", "--from", "sqlite", "--to", "dynamodb", "--json")[1])
    (home / "events.sqlite").rename(home / "old.sqlite")
    back = json.loads(said(capsys, "copy", "--from", "dynamodb", "--to", "sqlite", "--event", "spring", "--json")[1])
    assert [each["digest"] for each in back if each["scope"] == "EVENT#spring"] == [
        each["digest"] for each in there if each["scope"] == "EVENT#spring"
    ]


def test_mistakes_are_one_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Copy from one kind" in said(capsys, "copy", "--from", "sqlite", "--to", "sqlite")[2]
    code, _, told = said(capsys, "copy", "--from", "sqlite", "--to", "dynamodb")
    assert (code, told.count("\n"), "There is no table" in told) == (2, 1, True)


def test_a_live_table_is_made_by_the_template_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPRACER_ADMIN_MODE", "live")
    monkeypatch.setenv("DEEPRACER_ADMIN_STORE_ENDPOINT", "")
    assert "the template makes the table" in said(capsys, "create")[2]
    monkeypatch.setenv("DEEPRACER_ADMIN_STORE_ENDPOINT", "http://127.0.0.1:8000")
    assert "leads to this computer, but the mode is live" in said(capsys, "check")[2]


def test_a_rehearsals_table_needs_an_address_on_this_computer(tmp_path: Path) -> None:
    write_silent_world(tmp_path)
    with pytest.raises(BadSettings, match="set `store_endpoint`"):
        compose(Settings(home=tmp_path, store="dynamodb"))
    with pytest.raises(BadSettings, match="a rehearsal never leaves it"):
        compose(Settings(home=tmp_path, store="dynamodb", store_endpoint="https://dynamodb.eu-west-1.amazonaws.com"))


def test_two_consoles_on_one_table_show_the_same(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "create")
    for each in (home, tmp_path / "second", tmp_path / "third"):
        each.mkdir(exist_ok=True)
        write_silent_world(each)
    monkeypatch.setenv("DEEPRACER_ADMIN_STORE", "dynamodb")
    monkeypatch.setenv("DEEPRACER_ADMIN_SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    one = compose(load_settings())
    two = compose(load_settings().model_copy(update={"home": tmp_path / "second"}))
    try:
        one.store.save_event(an_event())
        two.store.amend_event("spring", lambda event: replace(event, head_count=3))
        assert two.store.event("spring").head_count == 3
        assert one.store.followed_at is not None
    finally:
        one.close()
        two.close()
    monkeypatch.setenv("DEEPRACER_ADMIN_SECRET_KEY", "")
    with pytest.raises(StoreUnusable, match="share one key"):
        compose(load_settings().model_copy(update={"home": tmp_path / "third"}))
