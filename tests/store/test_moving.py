"""Events move between a file and a shared table, both ways, proven by digest, also after a crash in the middle."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deepracer_admin.errors import Conflict, Missing, StoreError
from deepracer_admin.event_file import unpack
from deepracer_admin.model import FromBackup
from deepracer_admin.records.restored import RESTORED, waits_here
from deepracer_admin.rules.audit import verify
from deepracer_admin.store.dynamodb import SharedEventStore
from deepracer_admin.store.dynamodb.moving import move
from deepracer_admin.store.event_copies import Restored, pack_event, restore_event
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store, open_history
from tests.store.contract_jobs import an_entry
from tests.store.people import NOW, a_person, after, an_event, people
from tests.store.table_server import TableServer
from tests.store.test_shared_copies import everything, whole

Open = Callable[[str], SharedEventStore]
LATER = after(3600)  # the leases of `everything` have run out


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteEventStore]:
    store = open_event_store(tmp_path / "events.sqlite", "rehearsal")
    yield store
    store.close()


@pytest.fixture
def shared(on_another_computer: Open) -> SharedEventStore:
    return on_another_computer("one")


def two_events(store: SqliteEventStore) -> None:
    everything(store)
    store.save_event(an_event("autumn"))
    store.save_attendees("autumn", people(40))
    store.append_audit(an_entry(event="autumn"))


def moved(source: SqliteEventStore, target: SqliteEventStore, event: str = "") -> dict[str, str]:
    return {each.scope: each.note for each in move(source, target, event=event, now=LATER)}


def test_everything_moves_to_the_table_and_back_and_is_the_same(
    file: SqliteEventStore, shared: SharedEventStore, tmp_path: Path
) -> None:
    two_events(file)
    assert [*moved(file, shared)] == ["HOUSE", "AUDIT", "EVENT#spring", "EVENT#autumn"]
    assert whole(shared) == whole(file)
    assert verify(shared.audit()) is None
    back = open_event_store(tmp_path / "back.sqlite", "rehearsal")
    moved(shared, back)
    assert whole(back) == whole(file)
    assert [event.id for event in back.events()] == [event.id for event in file.events()] == ["spring", "autumn"]
    back.close()


def test_a_moved_event_goes_on_in_the_table(
    file: SqliteEventStore, shared: SharedEventStore, on_another_computer: Open
) -> None:
    two_events(file)
    moved(file, shared)
    shared.save_attendees("spring", [a_person(50)])
    other = on_another_computer("two")
    other.append_audit(an_entry())
    shared.follow()
    assert whole(other) == whole(shared)
    assert len(other.attendees("spring")) == 5
    assert verify(other.audit()) is None


def test_one_event_moves_with_the_audit(file: SqliteEventStore, shared: SharedEventStore) -> None:
    two_events(file)
    assert moved(file, shared, "autumn") == {"EVENT#autumn": "", "AUDIT": ""}
    assert [event.id for event in shared.events()] == ["autumn"]
    assert moved(file, shared, "spring") == {"EVENT#spring": "", "AUDIT": "was there already"}
    with pytest.raises(Missing):
        moved(file, shared, "nowhere")


def test_a_copy_that_was_ended_in_the_middle_goes_on(
    server: TableServer, file: SqliteEventStore, shared: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its steps: whoever is killed there leaves a table in which the copy can be begun again."""
    monkeypatch.setattr("deepracer_admin.store.dynamodb.journal.PART_BYTES", 200)
    two_events(file)
    steps = 0

    def killed(step: int) -> bool:
        made = 0
        call = shared.journal.table.call

        def counted(operation: str, **asked: object) -> object:
            nonlocal made
            if operation not in ("query", "get_item"):
                made += 1
                if made == step:
                    raise KeyboardInterrupt
            return call(operation, **asked)

        with monkeypatch.context() as broken:
            broken.setattr(shared.journal.table, "call", counted)
            try:
                moved(file, shared)
            except KeyboardInterrupt:
                return True
        return False

    while killed(2):  # the first step of each try goes through
        steps += 1
    assert steps > 5
    assert whole(shared) == whole(file)
    server.calls.clear()
    assert set(moved(file, shared).values()) == {"was there already"}
    assert {operation for operation, _ in server.calls} <= {"Query", "GetItem"}


def test_what_differs_is_refused_and_nothing_is_mixed(file: SqliteEventStore, shared: SharedEventStore) -> None:
    two_events(file)
    shared.save_event(an_event(name="Another"))
    with pytest.raises(Conflict, match="The event spring is in the target already, and is not the same there"):
        moved(file, shared, "spring")
    assert shared.event("spring").name == "Another"
    assert shared.attendees("spring") == []


def test_two_audits_do_not_become_one(file: SqliteEventStore, shared: SharedEventStore) -> None:
    two_events(file)
    shared.append_audit(an_entry(event="winter"))
    with pytest.raises(Conflict, match="two chains cannot become one"):
        moved(file, shared)
    assert "stays where it is" in moved(file, shared, "autumn")["AUDIT"]
    assert len(shared.audit()) == 1


def test_a_store_on_which_a_worker_works_is_not_copied(file: SqliteEventStore, shared: SharedEventStore) -> None:
    two_events(file)
    assert file.acquire("worker", "one", ttl_s=30, now=LATER) is not None
    with pytest.raises(Conflict, match="stop every console and worker first"):
        moved(file, shared)
    assert shared.events() == []


def test_what_did_not_arrive_as_it_was_sent_is_told(
    file: SqliteEventStore, shared: SharedEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_events(file)
    begin = shared.journal.begin

    def garbled(scope: str, rows: dict, digest: str, now: str) -> None:  # type: ignore[type-arg]
        begin(scope, {"events": rows["events"]}, digest, now)

    monkeypatch.setattr(shared.journal, "begin", garbled)
    with pytest.raises(StoreError, match="did not arrive as it was sent"):
        moved(file, shared, "spring")


def test_an_event_that_waits_waits_in_the_table_too(file: SqliteEventStore, shared: SharedEventStore) -> None:
    two_events(file)
    mark = FromBackup(NOW, NOW)
    file.update("spring", RESTORED, lambda _: mark)
    moved(file, shared, "spring")
    assert shared.read("spring", RESTORED) == mark


def test_an_event_that_is_restored_into_the_table_waits_on_every_computer_until_one_lets_it_go_on(
    file: SqliteEventStore, shared: SharedEventStore, on_another_computer: Open, tmp_path: Path
) -> None:
    two_events(file)
    history = open_history(tmp_path / "history.sqlite")
    parts, files = unpack(pack_event(file, history, tmp_path, "spring", now=NOW, key_print="k"))

    def restored() -> Restored:
        return restore_event(shared, history, tmp_path, parts, files, now=LATER, key_print="k")

    assert restored().is_new
    other = on_another_computer("two")
    other.follow()
    assert other.read("spring", RESTORED) == FromBackup(LATER, NOW)
    assert not restored().is_new
    other.update("spring", RESTORED, lambda _: None)
    shared.follow()
    assert not waits_here(shared, "spring")
    assert not restored().is_new
    assert not waits_here(shared, "spring"), "what was said once stays said"
    history.close()
