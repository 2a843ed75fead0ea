"""A file that cannot be used is reported with what to do, and left exactly as it is."""

import hashlib
import os
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest

from deepracer_admin.errors import StoreError, StoreUnusable
from deepracer_admin.model import Lease
from deepracer_admin.store import sqlite_base
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store, open_history, open_sessions
from deepracer_admin.store.sqlite_base import Migration, SqliteFile
from deepracer_admin.store.sqlite_schema import MIGRATIONS
from tests.conftest import FOR_PEOPLE
from tests.store.counting import COUNTER
from tests.store.people import NOW, a_person, after, an_event, people

SYNCHRONOUS = {"NORMAL": 1, "FULL": 2}
"""As `PRAGMA synchronous` answers."""


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def filled(path: Path) -> Path:
    store = open_event_store(path, "rehearsal")
    store.save_event(an_event())
    store.save_attendees("spring", people(500))
    store.close()
    return path


def refused(path: Path, match: str, mode: str = "rehearsal") -> None:
    before = fingerprint(path)
    with pytest.raises(StoreUnusable, match=match) as caught:
        open_event_store(path, mode)
    assert fingerprint(path) == before
    assert str(path) in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_data_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    store = open_event_store(filled(tmp_path / "events.db"), "rehearsal")
    assert store.events() == [an_event()]
    assert store.attendees("spring") == people(500)
    assert store.mode == "rehearsal"
    store.close()


def test_a_commit_waits_for_the_disk_unless_a_power_cut_may_forget_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_base, "DURABLE", FOR_PEOPLE[0])
    monkeypatch.setattr(sqlite_base, "FORGETFUL", FOR_PEOPLE[1])
    store = open_event_store(tmp_path / "events.db", "live")
    kept = [_synchronous(store, durable=durable) for durable in (True, False, True)]
    store.close()
    assert kept == [SYNCHRONOUS["FULL"], SYNCHRONOUS["NORMAL"], SYNCHRONOUS["FULL"]]


def _synchronous(store: SqliteEventStore, *, durable: bool) -> int:
    with store._transaction(durable=durable) as connection:
        return connection.execute("PRAGMA synchronous").fetchone()[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps access in lists, not in mode bits")
def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        store = open_event_store(tmp_path / "data" / "events.db", "live")
    finally:
        os.umask(former)
    store.update("", COUNTER, lambda _: 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    store.close()
    assert modes == {"events.db": 0o600, "events.db-wal": 0o600, "events.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_store_of_the_other_mode_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    refused(path, "was made in rehearsal mode", mode="live")
    open_event_store(path, "rehearsal").close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_text("email,name\nperson1@example.com,Person 1\n" * 200)
    refused(path, "is not a console data file")


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    refused(path, "belongs to another program")


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    refused(path, "newer version of this console: update the console")


def test_a_damaged_file_is_refused_and_left_where_it_is(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    body = bytearray(path.read_bytes())
    for page in range(2, len(body) // 4096):
        body[page * 4096 : page * 4096 + 64] = b"\xde\xad\xbe\xef" * 16
    path.write_bytes(body)
    refused(path, "is damaged and was left as it is")


def test_damage_far_from_the_start_is_found_when_opening(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    body = bytearray(path.read_bytes())
    where = body.index(b"person250@example.com") // 4096 * 4096
    body[where : where + 64] = b"\xde\xad\xbe\xef" * 16
    path.write_bytes(body)
    refused(path, "is damaged and was left as it is")


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    path.write_bytes(path.read_bytes()[: 4096 * 5 + 100])
    refused(path, "is damaged")


def test_an_events_file_does_not_pass_for_a_history(tmp_path: Path) -> None:
    path = filled(tmp_path / "events.db")
    before = fingerprint(path)
    for opening in (open_history, open_sessions):
        with pytest.raises(StoreUnusable, match="holds events data"):
            opening(path)
    assert fingerprint(path) == before


def test_an_empty_file_left_by_a_broken_first_start_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.touch()
    store = open_event_store(path, "rehearsal")
    store.save_event(an_event())
    store.close()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"cannot be read: allow"):
        open_event_store(tmp_path, "rehearsal")


def test_a_closed_store_says_so_and_closes_twice(tmp_path: Path) -> None:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    store.events()
    store.close()
    store.close()
    for use in (store.events, lambda: store.update("", COUNTER, lambda _: 1)):
        with pytest.raises(StoreError, match="shutting down"):
            use()


def test_a_full_disk_changes_nothing_and_is_said(tmp_path: Path) -> None:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    with store._transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreError, match="full or failing: free some space"):
        store.save_attendees("spring", people(2000))
    assert store.attendees("spring") == []
    store._writer.execute("PRAGMA max_page_count=1000000")
    store.save_attendees("spring", people(10))
    assert len(store.attendees("spring")) == 10
    store.close()


def test_a_read_does_not_wait_for_a_write_under_way(tmp_path: Path) -> None:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    store.save_attendees("spring", people(3))
    writing, read = threading.Event(), threading.Event()

    def write() -> None:
        with store._transaction() as connection:
            connection.execute("DELETE FROM attendees")
            connection.execute("UPDATE revisions SET revision = revision + 1")
            writing.set()
            assert read.wait(300)

    writer = threading.Thread(target=write)
    writer.start()
    assert writing.wait(300)
    seen = len(store.attendees("spring"))
    read.set()
    writer.join()
    assert (seen, len(store.attendees("spring"))) == (3, 0)
    store.close()


def test_erased_people_leave_no_trace_in_the_files(tmp_path: Path) -> None:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    store.save_attendees("spring", [a_person(n, name=f"Rarename{n}") for n in range(300)])
    store.delete_attendees("spring", [a_person(n).id for n in range(300)])
    traces = [path.name for path in tmp_path.iterdir() if b"Rarename" in path.read_bytes()]
    store.close()
    assert traces == []


# -- what the file itself refuses, whatever the code above it does


@pytest.mark.parametrize("change", ["UPDATE audit SET count = 9", "DELETE FROM audit"])
def test_the_audit_only_grows(tmp_path: Path, change: str) -> None:
    from tests.store.contract_jobs import an_entry

    store = open_event_store(tmp_path / "events.db", "live")
    store.append_audit(an_entry())
    with pytest.raises(StoreError, match="the audit only grows"), store._transaction() as connection:
        connection.execute(change)
    assert len(store.audit()) == 1
    store.close()


@pytest.mark.parametrize("state", ["pending", "claimed", "failed", "unknown", "skipped"])
def test_no_statement_takes_a_sent_mail_back(tmp_path: Path, state: str) -> None:
    store = open_event_store(tmp_path / "events.db", "live")
    store.save_attendees("spring", people(1))
    store.plan_deliveries("spring", [("a00000", "access", 1)], campaign="c", lease=None)
    with store._transaction() as connection:
        connection.execute("UPDATE deliveries SET state = 'sent'")
    with pytest.raises(StoreError), store._transaction() as connection:
        connection.execute("UPDATE deliveries SET state = ?", (state,))
    assert [row.state for row in store.deliveries("spring")] == ["sent"]
    store.close()


def test_the_fence_and_the_write_are_one_transaction(tmp_path: Path) -> None:
    store = open_event_store(tmp_path / "events.db", "live")
    lease = store.acquire("worker", "one", ttl_s=10, now=NOW)
    assert lease is not None
    forged = Lease("worker", "two", lease.epoch, after(99))
    for late in (forged, Lease("worker", "one", lease.epoch - 1, after(99)), Lease("none", "one", 1, after(99))):
        with pytest.raises(StoreError, match="taken over"):
            store.save_profiles("spring", [], seen_at=NOW, lease=late)
    assert store.profiles("spring") == ([], None)
    store.close()


# -- migrations

GROWTH: tuple[Migration, ...] = (
    ("CREATE TABLE racers (name TEXT)",),
    ("ALTER TABLE racers ADD COLUMN laps INTEGER NOT NULL DEFAULT 0", "UPDATE racers SET laps = 3"),
)


def test_an_older_file_is_led_forward_with_its_rows(tmp_path: Path) -> None:
    old = SqliteFile(tmp_path / "a.db", kind="test", mode="", migrations=GROWTH[:1])
    with old._transaction() as connection:
        connection.execute("INSERT INTO racers VALUES ('Ann')")
    old.close()
    new = SqliteFile(tmp_path / "a.db", kind="test", mode="", migrations=GROWTH)
    with new._reading() as connection:
        assert [tuple(row) for row in connection.execute("SELECT * FROM racers")] == [("Ann", 3)]
    new.close()


@pytest.mark.parametrize("broken", ["CREATE TABLE racers (twice TEXT)", "UPDATE nobody SET laps = 3"])
def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "a.db"
    SqliteFile(path, kind="test", mode="", migrations=GROWTH[:1]).close()
    with pytest.raises(StoreUnusable):
        SqliteFile(path, kind="test", mode="", migrations=(*GROWTH, (broken,)))
    again = SqliteFile(path, kind="test", mode="", migrations=GROWTH[:1])
    with again._reading() as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    again.close()


def test_many_first_starts_at_once_make_one_schema(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def first_start(path: Path, together: threading.Barrier) -> None:
        together.wait(300)
        try:
            open_event_store(path, "rehearsal").close()
        except StoreError as error:
            failures.append(error)

    for number in range(10):
        path, together = tmp_path / f"{number}.db", threading.Barrier(6)
        threads = [threading.Thread(target=first_start, args=(path, together)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        open_event_store(path, "rehearsal").close()
    assert failures == []
