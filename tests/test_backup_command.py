"""One event in one file, and in another data folder again: the same, or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin import event_file
from deepracer_admin.__main__ import main
from deepracer_admin.errors import BadInput, StoreError
from deepracer_admin.event_file import open_sealed, pack, seal, unpack
from deepracer_admin.model import Job, JobState, Profile, Standing
from deepracer_admin.records.restored import RESTORED, waits_here
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.documents import OF_THIS_FOLDER
from deepracer_admin.store.dynamodb.moving import rows_of
from deepracer_admin.store.dynamodb.rows import Rows
from deepracer_admin.store.event_copies import KEPT, copies_of, delete_copies, keep_copy
from deepracer_admin.store.history_rows import history_rows
from deepracer_admin.store.sqlite import open_event_store, open_history
from deepracer_admin.worker.open_work import has_open_work
from tests.store.contract_jobs import an_entry
from tests.store.people import NOW, an_event, people

SECRET = "correct horse battery"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Work in the data folder of this name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(event_file, "N", 2**4)
    monkeypatch.setenv("DEEPRACER_ADMIN_BACKUP_PASSPHRASE", SECRET)

    def work_in(name: str) -> Path:
        monkeypatch.setenv("DEEPRACER_ADMIN_HOME", str(tmp_path / name))
        return tmp_path / name

    return work_in


def fill(home: Path) -> None:
    home.mkdir()
    store, history = open_event_store(home / "events.sqlite", "rehearsal"), open_history(home / "history.sqlite")
    store.save_event(an_event())
    store.save_attendees("spring", people(40))
    for _ in range(3):
        store.append_audit(an_entry())
    profiles = [Profile(f"p{n}", f"racer-{n}", minutes_used=float(n), storage_bytes=n * 1000) for n in range(40)]
    for hour in range(3):
        history.add_usage("spring", NOW + timedelta(hours=hour), profiles)
        history.add_usage("autumn", NOW + timedelta(hours=hour), profiles[:3])
        history.save_standings("spring", "r", NOW + timedelta(hours=hour), [Standing(1, "racer-1", 9000 - hour)])
    store.close()
    history.close()
    (home / "exports" / "spring").mkdir(parents=True)
    (home / "exports" / "spring" / "usage.csv").write_text("Ada,5\n")


def of_the_event(rows: Rows) -> Rows:
    """Without what tells of the data folder alone."""
    kept = [row for row in rows.get("records", {"rows": []})["rows"] if row[1] != OF_THIS_FOLDER]
    others = {name: each for name, each in rows.items() if name != "records"}
    return {**others, "records": {"gone": [], "rows": kept}} if kept else others


def waiting(home: Path) -> bool | None:
    """Does the event wait in this data folder? None: it is not here."""
    store = open_event_store(home / "events.sqlite", "rehearsal")
    found = waits_here(store, "spring") if store.events() else None
    store.close()
    return found


def whole(home: Path) -> tuple[object, ...]:
    store, history = open_event_store(home / "events.sqlite", "rehearsal"), open_history(home / "history.sqlite")
    uses = history.profile_uses("spring", since=NOW)
    found = (
        of_the_event(rows_of(store, "EVENT#spring")),
        rows_of(store, "AUDIT"),
        sorted(uses, key=lambda use: use.profile),
        history.usage("spring"),
        history.standings("spring", "r"),
        history.standings_before("spring", "r", NOW),
        (home / "exports" / "spring" / "usage.csv").read_text(),
        verify(store.audit(None)),
    )
    store.close()
    history.close()
    return found


@pytest.mark.parametrize("how", [[], ["--encrypt"]])
def test_an_event_is_the_same_in_another_folder(
    at: Callable[[str], Path], tmp_path: Path, how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    assert main(["backup", "cup.backup", "--event", "spring", *how]) == 0
    assert (b"racer" in (tmp_path / "cup.backup").read_bytes(), "encrypted" in capsys.readouterr().out) == (False, True)
    assert (tmp_path / "cup.backup").stat().st_mode & 0o077 == 0
    at("there")
    assert main(["restore", "cup.backup"]) == 0
    said = capsys.readouterr().out
    assert "is here as it was on" in said
    assert "people would be mailed twice" in said
    assert whole(tmp_path / "there") == whole(tmp_path / "here")
    assert main(["restore", "cup.backup", "--json"]) == 0  # once more: what is there and equal stays
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["is_new"], told["waits"]) == ("spring", False, True)
    assert whole(tmp_path / "there") == whole(tmp_path / "here")


def test_an_event_waits_where_it_was_put_until_somebody_says_that_it_goes_on_there(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    at("there")
    assert main(["restore", "cup.backup"]) == 0
    assert "It waits: nothing is sent, changed or deleted for it here" in capsys.readouterr().out
    assert (waiting(tmp_path / "here"), waiting(tmp_path / "there")) == (False, True)
    assert main(["backup", "again.backup", "--event", "spring"]) == 0
    assert main(["restore", "again.backup", "--goes-on-here"]) == 0
    assert "It goes on here" in capsys.readouterr().out
    assert waiting(tmp_path / "there") is False
    store = open_event_store(tmp_path / "there" / "events.sqlite", "rehearsal")
    told = [(row.actor_name, row.target) for row in store.audit("spring") if row.action == "event.go_on"]
    store.close()
    assert told == [("The command line", "spring")]
    assert main(["restore", "cup.backup", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waits"] is False, "what was said once stays said"
    at("third")
    assert main(["restore", "again.backup", "--goes-on-here", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waits"] is False
    assert waiting(tmp_path / "third") is False


def test_a_backup_carries_no_word_about_where_the_event_waits(at: Callable[[str], Path], tmp_path: Path) -> None:
    """Neither that it waits, nor that it went on: each folder is asked anew."""
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    at("there")
    main(["restore", "cup.backup"])
    main(["backup", "waiting.backup", "--event", "spring"])
    main(["restore", "cup.backup", "--goes-on-here"])
    main(["backup", "gone-on.backup", "--event", "spring"])
    for name in ("waiting", "gone-on"):
        parts, files = unpack((tmp_path / f"{name}.backup").read_bytes())
        assert parts["event"] == of_the_event(parts["event"])
        at(name)
        assert main(["restore", f"{name}.backup"]) == 0
        assert waiting(tmp_path / name) is True
    mark = ["spring", OF_THIS_FOLDER, "", None, "null"]  # a made-up word that it goes on
    parts["event"]["records"] = {"gone": [], "rows": [mark]}
    (tmp_path / "made-up.backup").write_bytes(pack(parts, files))
    at("made-up")
    assert main(["restore", "made-up.backup"]) == 0
    assert waiting(tmp_path / "made-up") is True


def test_a_closed_event_has_nothing_to_wait_for_but_its_own_work(at: Callable[[str], Path], tmp_path: Path) -> None:
    fill(at("here"))

    def changed(job: Job | None) -> None:
        store = open_event_store(tmp_path / "here" / "events.sqlite", "rehearsal")
        store.save_event(replace(an_event(), closed_at=NOW))
        if job:
            store.create_job(job, [])
        store.close()

    changed(None)
    main(["backup", "closed.backup", "--event", "spring"])
    changed(Job("job-1", "spring", "quota", "spring", JobState.RUNNING, created_at=NOW))
    main(["backup", "at-work.backup", "--event", "spring"])
    for name, waits in (("closed", False), ("at-work", True)):
        at(name)
        assert main(["restore", f"{name}.backup"]) == 0
        assert waiting(tmp_path / name) is waits


DIES = """
import os, sys
from deepracer_admin import backup_command
from deepracer_admin.__main__ import main
from deepracer_admin.store import event_copies
from deepracer_admin.store.dynamodb import moving
module, name, before = {"transaction": (moving, "put_rows", False), "rows": (event_copies, "put_audit", True),
    "audit": (event_copies, "put_history_rows", True), "mark": (backup_command, "_waits", True)}[sys.argv[1]]
real = getattr(module, name)
def dies(*args, **given):
    if not before:
        real(*args, **given)
    os._exit(9)
setattr(module, name, dies)
main(["restore", "cup.backup"])
"""


@pytest.mark.parametrize(("after", "found"), [("transaction", None), ("rows", True), ("audit", True), ("mark", True)])
def test_a_restore_that_is_killed_leaves_an_event_that_waits_or_none_and_is_repeated(
    at: Callable[[str], Path], tmp_path: Path, after: str, found: bool | None
) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    at("there")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", DIES, after], env=environment, check=False).returncode == 9
    assert waiting(tmp_path / "there") is found
    assert main(["restore", "cup.backup"]) == 0
    assert waiting(tmp_path / "there") is True
    assert whole(tmp_path / "there") == whole(tmp_path / "here")


def test_a_folder_in_which_the_event_never_waited_stays_as_it_is(at: Callable[[str], Path], tmp_path: Path) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    assert main(["restore", "cup.backup"]) == 0
    assert waiting(tmp_path / "here") is False
    store = open_event_store(tmp_path / "here" / "events.sqlite", "rehearsal")
    assert store.read("spring", RESTORED) is None
    store.close()


def test_one_that_is_there_and_differs_is_left_alone(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    fill(at("there"))
    store = open_event_store(tmp_path / "there" / "events.sqlite", "rehearsal")
    store.delete_attendees("spring", [store.attendees("spring")[0].id])
    store.close()
    capsys.readouterr()
    before = whole(tmp_path / "there")
    assert main(["restore", "cup.backup"]) == 2
    assert "is not the same there" in capsys.readouterr().err
    assert whole(tmp_path / "there") == before


def test_a_wrong_passphrase_restores_nothing(
    at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring", "--encrypt"])
    at("there")
    monkeypatch.setenv("DEEPRACER_ADMIN_BACKUP_PASSPHRASE", f"{SECRET}!")
    assert main(["restore", "cup.backup"]) == 2
    assert "The passphrase is wrong" in capsys.readouterr().err
    monkeypatch.setenv("DEEPRACER_ADMIN_BACKUP_PASSPHRASE", "short")
    assert main(["backup", "other.backup", "--event", "spring", "--encrypt"]) == 2
    assert "at least 12 characters" in capsys.readouterr().err


def test_a_backup_is_never_replaced(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    (tmp_path / "cup.backup").write_text("an older one")
    assert main(["backup", "cup.backup", "--event", "spring"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "cup.backup").read_text() == "an older one"


PLAIN = pack({"about": {"event": "e"}}, {"a.csv": b"1,2"})
SEALED = seal(PLAIN, SECRET)
KEYS = cache(event_file._key)  # the same passphrase and salt again and again: a tenth of a second each


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_sealed_file_is_noticed(place: int, by: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= by
    with patch.object(event_file, "_key", KEYS), pytest.raises(BadInput):
        unpack(open_sealed(bytes(changed), SECRET) if event_file.is_sealed(changed) else bytes(changed))


@given(st.binary(max_size=300))
def test_what_is_no_backup_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(BadInput, match="not a backup"):
        unpack(content)
    with pytest.raises(BadInput):
        open_sealed(event_file.MAGIC + content, SECRET)


@given(st.integers(0, len(PLAIN) - 1), st.integers(1, 255))
def test_any_changed_byte_of_a_plain_file_is_noticed(place: int, by: int) -> None:
    changed = bytearray(PLAIN)
    changed[place] ^= by
    with pytest.raises(BadInput):
        unpack(bytes(changed))


def test_the_consoles_own_copies_are_few_and_go_with_the_people(tmp_path: Path) -> None:
    fill(tmp_path / "here")
    home = tmp_path / "here"
    store, history = open_event_store(home / "events.sqlite", "rehearsal"), open_history(home / "history.sqlite")
    for hour in range(KEPT + 2):
        keep_copy(store, history, home, "spring", now=NOW + timedelta(hours=hour), why="closing")
    kept = copies_of(home, "spring")
    assert len(kept) == KEPT
    assert {*unpack(kept[-1].read_bytes())[0]} == {"about", "event", "audit", "history"}
    (home / "backups" / "spring" / "half.part").write_bytes(b"PK")
    assert len(delete_copies(home, "spring")) == KEPT + 1
    assert copies_of(home, "spring") == []
    assert history_rows(history, "spring")["usage_totals"]
    store.close()
    history.close()


def _no_way_out(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    files["../usage.csv"] = b"x"


def _dots(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    files[".."] = b"x"


def _backslash(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    files["..\\usage.csv"] = b"x"


def _other_folder(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["about"]["event"] = "../../elsewhere"


def _no_event(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["about"]["event"] = ""


def _another_event(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["about"]["event"] = "autumn"


def _a_row_of_another(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    row = list(parts["event"]["attendees"]["rows"][0])
    parts["event"]["attendees"]["rows"].append(["autumn" if each == "spring" else each for each in row])


def _rows_gone(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"]["attendees"]["gone"] = [["autumn", "a-1"]]


def _odd_table(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"]["leases"] = {"gone": [], "rows": [["x"]]}


def _narrow(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"]["attendees"]["rows"][0].pop()


def _nested(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"]["attendees"]["rows"][0][-1] = {"a": 1}


def _odd_event(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"]["events"]["rows"][0] = ["spring", "{}"]


def _odd_audit(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["audit"]["audit"]["rows"][0] = ["x"]


def _no_tables(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["event"] = []


def _history_of_another(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["history"]["usage_totals"][0]["event"] = "autumn"


def _history_of_nobody(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["history"]["usage_changes"][0]["profile"] = 10**6


def _no_history(parts: dict[str, Any], files: dict[str, bytes]) -> None:
    parts["history"] = {"usage_totals": 5}


CRAFTED = [
    _no_way_out, _dots, _backslash, _other_folder, _no_event, _another_event, _a_row_of_another, _rows_gone,
    _odd_table, _narrow, _nested, _odd_event, _odd_audit, _no_tables, _history_of_another, _history_of_nobody,
    _no_history,
]  # fmt: skip


@pytest.mark.parametrize("craft", CRAFTED)
def test_a_crafted_file_with_a_fitting_checksum_changes_nothing(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], craft: Callable[..., None]
) -> None:
    fill(at("here"))
    main(["backup", "cup.backup", "--event", "spring"])
    parts, files = unpack((tmp_path / "cup.backup").read_bytes())
    craft(parts, files)
    (tmp_path / "crafted.backup").write_bytes(pack(parts, files))
    home = at("there")
    main(["restore", "cup.backup"])
    before, paths = whole(home), {*tmp_path.rglob("*")}
    for folder in ("there", "empty"):
        at(folder)
        capsys.readouterr()
        assert main(["restore", "crafted.backup"]) == 2
        assert "This backup" in capsys.readouterr().err
    assert whole(home) == before
    assert {path for path in tmp_path.rglob("*") if "empty" not in path.parts} == paths
    store = open_event_store(tmp_path / "empty" / "events.sqlite", "rehearsal")
    assert store.events() == []
    store.close()


def test_a_file_of_the_version_before_is_read_and_one_of_a_later_version_is_not() -> None:
    packed = pack({"event": {"rows": [1]}}, {})
    of_old = packed.replace(b'"format": 2', b'"format": 1', 1)
    assert unpack(of_old) == unpack(packed) == ({"event": {"rows": [1]}}, {})
    with pytest.raises(BadInput, match="another version"):
        unpack(packed.replace(b'"format": 2', b'"format": 3', 1))


def test_the_files_of_a_data_folder_wait_where_a_console_starts_on_their_copy(
    at: Callable[[str], Path], tmp_path: Path
) -> None:
    fill(at("here"))
    store = open_event_store(tmp_path / "here" / "events.sqlite", "rehearsal")
    over = replace(an_event(), id="over", closed_at=NOW)
    store.save_event(over)
    store.close()
    assert main(["store", "backup", str(tmp_path / "copies")]) == 0
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "copies").iterdir()} == {0}
    other = at("other")
    other.mkdir()
    for path in (tmp_path / "copies").iterdir():
        (other / f"{path.name.partition('-')[0]}.sqlite").write_bytes(path.read_bytes())
    assert sorted(path.name for path in other.iterdir()) == ["events.sqlite", "history.sqlite"]
    (other / "exports").symlink_to(tmp_path / "here" / "exports")
    assert (waiting(tmp_path / "here"), waiting(other)) == (False, True)
    assert whole(other) == whole(tmp_path / "here")
    copy = open_event_store(other / "events.sqlite", "rehearsal")
    assert not has_open_work(copy, copy.event("spring"), "spring", NOW)
    mark = copy.read("spring", RESTORED)
    assert not waits_here(copy, "over"), "nothing is under way there"
    copy.close()
    assert main(["store", "backup", str(tmp_path / "again")]) == 0
    [path] = (tmp_path / "again").glob("events-*")
    copy = open_event_store(path, "rehearsal")
    assert copy.read("spring", RESTORED) == mark, "what waits keeps its mark"
    copy.close()


def test_a_copy_that_cannot_be_marked_is_none(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(at("here"))
    with patch("deepracer_admin.store_command._let_wait", side_effect=StoreError("The disk is full.")):
        assert main(["store", "backup", str(tmp_path / "copies")]) == 2
    assert capsys.readouterr().err == "The disk is full.\n"
    assert list((tmp_path / "copies").iterdir()) == []
