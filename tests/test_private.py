"""The data folder: every file of it is for its own account alone, however it came there."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.closeout.export_files import _write
from deepracer_admin.journal import set_up_logging
from deepracer_admin.model import Actor, AuditEntry, Role
from deepracer_admin.private import private_folder, tighten_folder
from deepracer_admin.settings import Settings
from deepracer_admin.web.keeper import SessionKeeper
from tests.console_process import start_console, write_silent_world
from tests.practice import start_world_process
from tests.store.counting import COUNTER

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows keeps a person's folder private by itself")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """As most systems set it: new files may be read by everybody unless a program says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def no_log() -> Iterator[None]:
    """The program's logger without handlers, and so again afterwards."""
    root = logging.getLogger("deepracer_admin")
    kept, level = root.handlers[:], root.level
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = kept
    root.setLevel(level)


def open_to_others(home: Path) -> list[str]:
    """Files and folders of a data folder, itself included, that others may read, write or enter."""
    return sorted(
        f"{path.relative_to(home.parent)} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in (home, *home.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    )


def fill(home: Path, console: Console) -> None:
    """Everything that the console writes, with the stores still open, so that their logs are there."""
    set_up_logging(console.settings)
    log = logging.getLogger("deepracer_admin")
    log.warning("a line")
    log.handlers[0].doRollover()  # type: ignore[attr-defined]
    log.warning("a line after the turn")
    console.store.update("", COUNTER, lambda _: 1)
    console.history.close()
    keeper = SessionKeeper(console.sessions, console.clock)
    keeper.create(oid="oid", tid="tid", name="Ada", roles=frozenset({Role.VIEWER}))
    actor = Actor("oid", "tid", "Ada", frozenset({Role.VIEWER}))
    console.store.append_audit(
        AuditEntry(0, console.clock.now(), "", actor.oid, actor.name, "viewer", "signin", "console", 1, True)
    )
    folder = home / "exports" / "ev-1"
    private_folder(folder)
    _write(folder / "usage.csv", [["Ada", "ada@example.com"]], ["Name", "Email"])


def silent(home: Path) -> Settings:
    write_silent_world(home)
    (home / "practice.json").chmod(0o600)  # as the practice world writes it
    return Settings.model_validate({"home": home, "worker": False})


def test_whatever_the_console_writes_is_for_its_account_alone(tmp_path: Path, no_log: None) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    console = compose(silent(home))
    try:
        fill(home, console)
        names = {path.name for path in home.rglob("*")}
        wanted = {"events.sqlite", "events.sqlite-wal", "events.sqlite-shm", "history.sqlite", "sessions.sqlite"}
        wanted |= {
            "sessions.sqlite-wal",
            "key",
            "console.log",
            "console.log.1",
            "practice.json",
            "exports",
            "usage.csv",
        }
        assert wanted <= names, "else this test shows too little"
        assert open_to_others(home) == []
    finally:
        console.close()


def test_what_an_earlier_version_left_open_is_tightened_when_it_is_opened(tmp_path: Path, no_log: None) -> None:
    home = tmp_path / "home"
    home.mkdir()
    console = compose(silent(home))
    fill(home, console)
    (home / "logs").mkdir()
    for name in ("logs/console.log", "logs/console.previous.log", "console.log.2", "practice-state.json"):
        (home / name).write_text("x")
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert open_to_others(home)
    again = compose(console.settings)
    try:
        assert open_to_others(home) == []
    finally:
        again.close()
        console.close()


def test_a_file_that_is_not_ours_keeps_its_mode_and_so_does_its_folder(tmp_path: Path) -> None:
    """Somebody may name a folder that holds more than our data."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "events.sqlite").touch(mode=0o644)
    (home / "holiday.jpg").touch(mode=0o644)
    (home / "key").symlink_to(home / "holiday.jpg")
    tighten_folder(home)
    assert [line.split()[0] for line in open_to_others(home)] == ["home", "home/holiday.jpg", "home/key"]


def test_a_console_and_its_practice_world_leave_nothing_open(tmp_path: Path) -> None:
    home = tmp_path / "home"
    world = start_world_process(home)
    try:
        console = start_console(home)
        console.stop()
        (home / "console-output.log").chmod(0o600)  # the test's own, where start.py has a log that is private
    finally:
        world.stop()
    assert {"practice.json", "practice-state.json"} & {path.name for path in home.iterdir()}
    assert open_to_others(home) == []
